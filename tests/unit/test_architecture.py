"""ARCHITECTURE.md and the records of decisions name what exists, and leave no package and no record out."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

from unit.test_layers import CORE, ROOT

ARCHITECTURE = ROOT / "ARCHITECTURE.md"
DECISIONS = ROOT / "docs" / "decisions"
FEWEST_ROWS = 24
# Paths that answer several questions of the table, each with the reason why one file is the right answer to all.
SHARED: dict[str, str] = {}
DOCUMENTS = [ARCHITECTURE, ROOT / "CONTRIBUTING.md", *sorted(DECISIONS.glob("*.md"))]
HEADINGS = ["Context", "Decision", "Consequences"]

_ROW = re.compile(r"^\| (Where .+\?) \| `(.+)` \|$", re.MULTILINE)
_IN_TREE = re.compile(r"( *)(\S+/) +(\S.*)")
_PATH = re.compile(r"`((?:functions|cli|infra|tests|docs|requirements|\.ci)/[\w./-]*)`")


def section(title: str) -> str:
    """The text of ARCHITECTURE.md below a heading, up to the next one."""
    return ARCHITECTURE.read_text().split(f"\n## {title}\n")[1].split("\n## ")[0]


def table() -> list[tuple[str, str]]:
    """The questions with their files."""
    return _ROW.findall(section("Where is …?"))


def tree() -> dict[str, str]:
    """The folders of the tree, and what is said about each. Four spaces more are one folder further in."""
    found: dict[str, str] = {}
    above: list[str] = []
    for line in section("The tree").split("```")[1].strip("\n").splitlines():
        match = _IN_TREE.fullmatch(line)
        assert match is not None, f"not a folder and what it holds: {line!r}"
        depth = len(match[1]) // 4
        above[depth:] = [match[2].rstrip("/")]
        found["/".join(above)] = match[3]
    return found


def packages() -> dict[str, Path]:
    """The packages of the product, by their paths from the root."""
    every = (path.parent for top in ("functions", "cli", "infra") for path in (ROOT / top).rglob("__init__.py"))
    return {str(path.relative_to(ROOT)): path for path in every if "cdk.out" not in path.parts}


def first_line(package: Path) -> str:
    """What a package's docstring begins with."""
    docstring = ast.get_docstring(ast.parse((package / "__init__.py").read_text()))
    return (docstring or "").partition("\n")[0]


def records() -> list[Path]:
    return sorted(path for path in DECISIONS.glob("*.md") if path.name != "README.md")


def test_every_row_of_the_table_is_read() -> None:
    rows = [line for line in section("Where is …?").splitlines() if line.startswith("|")]
    assert len(rows) == len(table()) + 2  # the heads of the columns, and the line below them
    assert len(table()) >= FEWEST_ROWS


def test_every_path_of_the_table_exists() -> None:
    assert [path for _, path in table() if not (ROOT / path).exists()] == []


def test_no_question_and_no_path_stands_twice_in_the_table() -> None:
    questions, paths = Counter(question for question, _ in table()), Counter(path for _, path in table())
    assert [question for question, count in questions.items() if count > 1] == []
    assert {path for path, count in paths.items() if count > 1} == set(SHARED)


def test_every_folder_of_the_tree_exists() -> None:
    assert [path for path in tree() if not (ROOT / path).is_dir()] == []


def test_the_tree_names_every_package() -> None:
    assert sorted(set(packages()) - set(tree())) == []


def test_the_tree_says_of_a_package_what_its_docstring_says() -> None:
    expected = {path: first_line(package) for path, package in packages().items()}
    assert {path: text for path, text in tree().items() if path in expected} == expected


def test_the_tree_names_every_suite_of_tests() -> None:
    suites = {f"tests/{path.name}" for path in (ROOT / "tests").iterdir() if any(path.glob("*.py"))}
    assert sorted(suites - set(tree())) == []


def test_the_import_rule_is_the_one_that_is_tested() -> None:
    rows = re.findall(r"^\d+\. ([^:\n]+)", section("The import rule"), flags=re.MULTILINE)
    listed = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    core = ROOT / "functions" / "s3am_cloud"
    assert [name for name in listed if name in CORE] == [
        name for name in reversed(CORE) if name == "values" or (core / name).exists()
    ]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_path_that_a_document_names_exists(document: Path) -> None:
    assert [path for path in _PATH.findall(document.read_text()) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_of_a_document_leads_to_a_file(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_decisions_are_numbered_without_gaps() -> None:
    assert [path.name[:5] for path in records()] == [f"{number:04}-" for number in range(1, len(records()) + 1)]


def test_the_index_has_each_decision_once_with_its_title() -> None:
    listed = re.findall(r"^\* (\d{4}) \[(.+)\]\((.+\.md)\)", (DECISIONS / "README.md").read_text(), flags=re.MULTILINE)
    titles = [path.read_text().partition("\n")[0] for path in records()]
    assert [name for _, _, name in listed] == [path.name for path in records()]
    assert [f"# {int(number)}. {title}" for number, title, _ in listed] == titles


@pytest.mark.parametrize("record", records(), ids=lambda path: path.name)
def test_a_decision_says_why_what_and_what_follows(record: Path) -> None:
    assert re.findall(r"^## (.+)$", record.read_text(), flags=re.MULTILINE) == HEADINGS
