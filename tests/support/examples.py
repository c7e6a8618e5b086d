"""Examples in documentation, run as they are written but for the names of servers and buckets."""

import doctest
import io
import re
from collections.abc import Mapping
from typing import Any

_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(markdown: str, section: str) -> list[str]:
    """The blocks of Python below a heading of the second level."""
    text = markdown.split(f"\n## {section}\n")[1].split("\n## ", maxsplit=1)[0]
    found: list[str] = _BLOCK.findall(text)
    return found


def run_block(code: str, names: Mapping[str, str]) -> None:
    exec(compile(_named(code, names), "an example", "exec"), {"__name__": "__main__"})


def run_docstring(documented: Any, names: Mapping[str, str]) -> int:
    """Compares what the examples give with what they say; returns how many statements there are."""
    text = _named(documented.__doc__ or "", names)
    test = doctest.DocTestParser().get_doctest(text, {}, documented.__name__, None, None)
    out = io.StringIO()
    result = doctest.DocTestRunner(verbose=False).run(test, out=out.write)
    assert result.failed == 0, out.getvalue()
    return result.attempted


def _named(text: str, names: Mapping[str, str]) -> str:
    for written, real in names.items():
        text = text.replace(written, real)
    return text
