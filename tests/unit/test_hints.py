"""A hint never names an option that the command lacks."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from s3am_cloud.errors import Interrupted, JobFailed, ObjectExists, SourceBusy, StoreBusy, TransferError
from s3am_cloud_cli.console.hints import fit_hint, options_of
from s3am_cloud_cli.main import COMMANDS, cli
from support.syntax import tree_of
from unit.test_errors import all_errors

ROOT = Path(__file__).parents[2]
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*(?![\w-])")
OF_AWS = re.compile(r"\baws [a-z0-9-]+ [^,;]*")
ADDRESSED = re.compile(r"s3am-cloud ([a-z][a-z-]+)([^,;]*)")


def command(name: str) -> click.Command:
    found = cli.get_command(click.Context(cli), name)
    assert found is not None
    return found


def families(found: click.Command) -> Iterator[click.Command]:
    yield found
    if isinstance(found, click.Group):
        for inner in found.commands.values():
            yield from families(inner)


def options(name: str) -> set[str]:
    return {option for each in families(command(name)) for option in options_of(each)}


ALL = {option for name in COMMANDS for option in options(name)}


def fitted(error: TransferError, name: str) -> str:
    fit_hint(error, cli, [name, "s3://bucket/key"])
    return error.hint


@pytest.mark.parametrize("name", COMMANDS)
def test_every_hint_names_options_that_the_command_has(name: str) -> None:
    for kind in all_errors():
        hint = fitted(kind("it"), name)
        assert hint, kind
        own = ADDRESSED.sub("", hint)
        known = options("submit") if hint.startswith("submit the transfer again: ") else options(name)
        assert set(OPTION.findall(own)) <= known, (kind, hint)


def hints() -> Iterator[tuple[str, str]]:
    """Every text of the product in which an option may be named, with where it stands; not its docstrings."""
    for folder in ("functions/s3am_cloud", "cli/s3am_cloud_cli"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if {"local_cloud", "deployment", "bench.py"} & set(path.parts):
                continue  # they run other programs
            for node in ast.walk(tree_of(path)):
                if isinstance(node, ast.Call | ast.Assign | ast.Return):
                    for text in ast.walk(node):
                        if isinstance(text, ast.Constant) and isinstance(text.value, str) and "--" in text.value:
                            yield path.name, text.value


def test_every_option_that_a_text_names_exists() -> None:
    found = list(hints())
    assert len(found) > 40
    for place, text in found:
        assert set(OPTION.findall(OF_AWS.sub("", text))) <= ALL, (place, text)
        for name, rest in ADDRESSED.findall(text):
            if name in COMMANDS:
                assert set(OPTION.findall(rest)) <= options(name), (place, text)


@pytest.mark.parametrize(
    ("error", "name", "hint"),
    [
        (ObjectExists("it"), "upload", "replace it with --exists overwrite, or leave it with --exists skip"),
        (ObjectExists("it"), "watch", "submit the transfer again: " + ObjectExists.hint),
        (ObjectExists("it"), "verify", "see s3am-cloud verify --help"),
        (StoreBusy("it"), "download", "try again later"),
        (SourceBusy("it"), "download", "try again later, or with fewer --download-slots"),
        (JobFailed("it"), "verify", "run the command again"),
        (Interrupted("it"), "upload", "continue with --resume"),
        (JobFailed("it", "follow it with s3am-cloud watch 1"), "verify", "follow it with s3am-cloud watch 1"),
    ],
)
def test_what_a_command_lacks_is_left_out_of_its_hint(error: TransferError, name: str, hint: str) -> None:
    assert fitted(error, name) == hint


def test_a_hint_of_a_group_is_for_the_command_below_it() -> None:
    error = JobFailed("it", "use --nothing-has-this")
    fit_hint(error, cli, ["local", "up"])
    assert error.hint == "run the command again"
    assert fitted(ObjectExists("it"), "no-such-command").startswith("see s3am-cloud")
