"""The syntax trees of the product's modules, for tests that read its code."""

from __future__ import annotations

import ast
import functools
from pathlib import Path


@functools.cache
def tree_of(path: Path) -> ast.Module:
    """A module's tree, parsed once for all tests of a process, which must not change it."""
    return ast.parse(path.read_text(encoding="utf-8"))
