"""Globs that the shell did not expand: which files they mean."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from s3am_cloud.datasets.filters import compiled_glob

_MAGIC = re.compile(r"[*?[]")


class Glob(msgspec.Struct, frozen=True):
    """What a glob means: files below `root`, whose relative names match."""

    root: str
    matches: Callable[[str], bool]
    enters: Callable[[str], bool]


def has_magic(path: str) -> bool:
    """Whether it can be a glob."""
    return _MAGIC.search(path) is not None


def glob_of(path: str) -> Glob:
    """As shells with `**` read it: wildcards match no slash but in `**`, and no name that begins with a dot unless the
    glob has one there, too. Raises Usage."""
    names = path.split("/")
    first = next(at for at, name in enumerate(names) if has_magic(name))
    root, wild = "/".join(names[:first]), names[first:]
    whole = compiled_glob("/".join(wild))
    each = [compiled_glob(name) for name in wild]
    any_depth, dots = "**" in wild, any(name.startswith(".") for name in wild)

    def hidden(name: str) -> bool:
        return not dots and any(part.startswith(".") for part in name.split("/"))

    def matches(name: str) -> bool:
        return not hidden(name) and whole.fullmatch(name) is not None

    def enters(name: str) -> bool:
        parts = name.split("/")
        fits = len(parts) < len(wild) and all(map(re.Pattern.fullmatch, each, parts))
        return not hidden(name) and (any_depth or fits)

    return Glob(f"{root}/" if root or first else "./", matches, enters)
