"""Hints for the command that was run: what a hint advises has to be there to be typed."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import click

from s3am_cloud.errors import TransferError

_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
# A name from outside, as `shell_word` writes it: what is in it is neither a clause nor an option of the hint's.
_QUOTED = re.compile(r"""(?<!\S)(?:\$?'[^']*'|"'")+""")
_PLACE = re.compile("\0")
_CLAUSES = re.compile(r"(, or |; |, )")
# What another command has the options for.
_ADDRESSED = re.compile(r"s3am-cloud [a-z][a-z-]+[^,;]*")
# These show how a job ended that submit had started.
_OF_JOBS = {"watch", "resume", "status", "cancel", "jobs", "logs"}


def fit_hint(error: TransferError, group: click.Group, arguments: Sequence[str]) -> None:
    """Leaves out of the error's hint what the command that these arguments call has no options for."""
    command, name = _called(group, arguments)
    own = options_of(command)
    if _lacking(error.hint, own) and name in _OF_JOBS:
        submit = group.get_command(click.Context(group), "submit")
        if submit is not None and not _lacking(error.hint, options_of(submit)):
            error.hint = f"submit the transfer again: {error.hint}"
            return
    again = "run the command again" if error.retryable else f"see s3am-cloud {name} --help"
    error.hint = without_lacking(error.hint, own) or again


def without_lacking(hint: str, options: Collection[str]) -> str:
    """The hint's clauses that name only these options, or another command with its own."""
    names = iter(_QUOTED.findall(hint))
    pieces = _CLAUSES.split(_QUOTED.sub("\0", hint))
    kept = ""
    for joint, piece in zip(["", *pieces[1::2]], pieces[::2], strict=True):
        clause = _PLACE.sub(lambda place: next(names, ""), piece)
        if not _lacking(piece, options):
            kept += (joint if kept else "") + clause
    return kept


def options_of(command: click.Command) -> frozenset[str]:
    """The long options that a command has."""
    found = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    return frozenset({*found, "--help"})


def _lacking(hint: str, options: Collection[str]) -> bool:
    return not set(_OPTION.findall(_ADDRESSED.sub("", _QUOTED.sub("\0", hint)))) <= set(options)


def _called(group: click.Group, arguments: Sequence[str]) -> tuple[click.Command, str]:
    """The command that was called, with its name as it is typed."""
    found: click.Command = group
    names = []
    for word in arguments:
        inner = found.get_command(click.Context(found), word) if isinstance(found, click.Group) else None
        if inner is None:
            break
        found = inner
        names.append(word)
    return found, " ".join(names)
