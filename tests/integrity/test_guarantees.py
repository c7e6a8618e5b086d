"""What the README promises has tests that show it."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
README = TESTS.parent / "README.md"


def test_each_promise_names_tests_that_there_are() -> None:
    section = README.read_text().split("## Guarantees\n")[1].split("\n## ")[0]
    promises = [line for line in section.splitlines() if line.startswith("* ")]
    assert promises
    for promise in promises:
        named = re.findall(r"`([\w/]+\.py)::(\w+)`", promise)
        assert named, f"no test shows this: {promise}"
        for path, name in named:
            assert f"\ndef {name}(" in (TESTS / path).read_text(), f"{path} has no {name}"
