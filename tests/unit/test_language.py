"""Plain English in the code's texts and names, and names of tests that can be read."""

from __future__ import annotations

import re
from pathlib import Path

from unit.test_layers import PRODUCT

ROOT = Path(__file__).parents[2]
LONGEST_NAME = 70
# Words that readers stumble over, and what to write instead. `end-not-told` is the name of a verdict.
DROPPED = {
    re.compile(word, re.IGNORECASE): instead
    for word, instead in {
        r"(?<!end-not-)\b(tell|tells|telling|told)\b": "say, report, state or show",
        r"\bfares?\b": "progress",
        r"\b(mend|mends|mended|mending)\b": "fix or patch",
        r"\b(wish|wishes|wished)\b": "request, option",
        r"\b(go|goes|going|went) on with\b": "continue",
        r"\b(found out|finds out|finding out)\b": "determine, measure",
        r"\bthat which\b": "what",
        r"\bso (many|often)\b": "the name of the number: `count`, `times`",
        r"\bis no \w+ that is known\b": "unknown",
        r"\bnothing to go on\b": "nothing to resume",
    }.items()
}
_TEST = re.compile(r"^ *def (test_\w+)", re.MULTILINE)


def test_code_has_none_of_the_words_that_readers_stumble_over() -> None:
    """Its texts and comments, and its names."""
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}: write {instead}"
        for word, instead in DROPPED.items()
        for path in PRODUCT.values()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if word.search(line)
    ]
    assert found == []


def test_a_tests_name_is_a_promise_of_at_most_70_characters() -> None:
    """The rest is its docstring."""
    names = [name for path in (ROOT / "tests").rglob("*.py") for name in _TEST.findall(path.read_text())]
    assert len(names) > 1000
    assert [name for name in names if len(name) > LONGEST_NAME] == []
