"""Which items are wanted: `--include` and `--exclude`, and how old what may still be written to has to be."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from s3am_cloud.errors import Usage

_MEANINGS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
_TOKEN = re.compile(r"\*\*/|\*\*|\*|\?|\[[!^]?\]?[^\]/]*\]|.", re.DOTALL)


class Filter(msgspec.Struct, frozen=True):
    """One `--include` or `--exclude`.

    `*` and `?` stand for any characters of one name, `**` for folders as well. A glob without a slash is compared with
    each name of the path, one with a slash with the path from its beginning: `.git`, `*.tmp`, `runs/*/raw`. What is
    below a folder that a glob matches is matched, too.
    """

    kind: Literal["include", "exclude"]
    glob: str


class Filters:
    """In the order given: the first one that matches decides. What none matches is taken, unless there are includes.

    `newest` is the time (seconds since 1970) up to which an item may have been modified; None for any.
    """

    def __init__(self, filters: tuple[Filter, ...] = (), newest: float | None = None) -> None:
        """Raises Usage for a glob that can't be read."""
        self._rules = [(each.kind == "include", _rule(each.glob)) for each in filters]
        self._otherwise = not any(takes for takes, _ in self._rules)
        self._newest = newest

    def takes(self, name: str) -> bool:
        """Whether the item of this relative name is wanted."""
        return next((takes for takes, rule in self._rules if rule.fullmatch(name)), self._otherwise)

    @property
    def has_age(self) -> bool:
        """Whether it matters when an item was modified."""
        return self._newest is not None

    def is_new(self, modified: float | None) -> bool:
        """Whether it was modified so lately that it may still be written to."""
        return self._newest is not None and modified is not None and modified > self._newest


def compiled_glob(glob: str) -> re.Pattern[str]:
    """The rule of a glob, for whole relative names. Raises Usage."""
    return _compiled(_expression(glob), glob)


def _rule(glob: str) -> re.Pattern[str]:
    anywhere = "" if "/" in glob.rstrip("/") else "(?:.*/)?"
    plain = glob.rstrip("/").removeprefix(".").removeprefix("/") if glob.startswith("./") else glob.strip("/")
    if not plain:
        raise Usage("an empty glob", "write --include GLOB, such as '*.bam'")
    return _compiled(f"{anywhere}{_expression(plain)}(?:/.*)?", glob)


def _expression(glob: str) -> str:
    return "".join(_meaning(token) for token in _TOKEN.findall(glob))


def _compiled(expression: str, glob: str) -> re.Pattern[str]:
    try:
        return re.compile(expression, re.DOTALL)
    except re.error as error:
        raise Usage(f"{glob!r} is not a glob: {error}", "write a literal [ as [[]") from error


def _meaning(token: str) -> str:
    if token in _MEANINGS:
        return _MEANINGS[token]
    if len(token) > 1:  # [...]
        inner = token[1:-1].replace("\\", "\\\\").replace("[", "\\[")
        return f"(?!/)[^{inner[1:]}]" if inner[0] in "!^" else f"[{inner}]"
    return re.escape(token)
