"""Imports point one way, and modules stay small."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = ROOT / "functions" / "s3am_cloud"
COMMAND = ROOT / "cli" / "s3am_cloud_cli"
STACK = ROOT / "infra"
STORIES = ("pipeline", "download", "intake", "cloud", "shift", "aftermath", "claims", "retried")
# What only adapters and handlers may know of.
OUTSIDE = {"boto3", "botocore", "pycurl", "aws_lambda_powertools"}
TOP = {"functions", "cli", "infra", "tests", "requirements", "cdk.json", "pyproject.toml", "README.md"}
BESIDE = {"Makefile", "LICENSE", "CHANGELOG.md", "SECURITY.md", "package.json", "package-lock.json"}
MADE = {"node_modules", "cdk.out", "dist", "build"}
LONGEST = 300


def modules(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if "cdk.out" not in path.parts)


def imported(path: Path) -> Iterator[str]:
    """The dotted names that a module imports, wherever in it, but not those for types alone."""
    tree = ast.parse(path.read_text())
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for statement in node.body
        for inner in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield from (f"{node.module}.{name.name}" for name in node.names)


def offenders(paths: list[Path], *prefixes: str) -> list[str]:
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in paths
        for name in imported(path)
        if any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)
    ]


def outside(*folders: str) -> list[Path]:
    """The product's modules that are in none of these folders."""
    return [path for path in modules(PRODUCT) if path.relative_to(PRODUCT).parts[0] not in folders]


def test_only_adapters_and_handlers_know_aws_and_curl() -> None:
    assert offenders(outside("adapters", "handlers"), *OUTSIDE) == []


def test_only_handlers_know_lambda() -> None:
    assert offenders(outside("handlers"), "aws_lambda_powertools") == []


def test_steps_and_stories_know_no_adapter_and_no_handler() -> None:
    assert offenders(outside("adapters", "handlers"), "s3am_cloud.adapters", "s3am_cloud.handlers") == []


def test_adapters_know_no_step_no_story_and_no_handler() -> None:
    forbidden = ("steps", "handlers", *STORIES)
    assert offenders(modules(PRODUCT / "adapters"), *(f"s3am_cloud.{name}" for name in forbidden)) == []


def test_steps_know_no_story() -> None:
    assert offenders(modules(PRODUCT / "steps"), *(f"s3am_cloud.{name}" for name in STORIES)) == []


def test_the_product_knows_neither_its_command_nor_its_stack() -> None:
    assert offenders(modules(PRODUCT), "s3am_cloud_cli", "s3am_cloud_infra", "aws_cdk") == []


def test_the_stack_knows_nothing_of_the_command() -> None:
    assert offenders(modules(STACK), "s3am_cloud_cli") == []


def test_the_product_and_the_command_know_nothing_of_the_tests() -> None:
    paths = [*modules(PRODUCT), *modules(COMMAND), *modules(STACK)]
    assert offenders(paths, "tests", "servers", "pytest", "hypothesis", "moto") == []


def lines_of_code(path: Path) -> int:
    """The lines that are neither empty nor a comment alone."""
    lines = map(str.strip, path.read_text().splitlines())
    return sum(bool(line) and not line.startswith("#") for line in lines)


@pytest.mark.parametrize("folder", ["functions", "cli", "infra", "tests"])
def test_no_module_is_long(folder: str) -> None:
    lengths = {str(path): lines_of_code(path) for path in modules(ROOT / folder)}
    assert {path: length for path, length in lengths.items() if length > LONGEST} == {}


def test_no_module_is_called_utils() -> None:
    names = {path.stem for folder in ("functions", "cli", "infra", "tests") for path in modules(ROOT / folder)}
    assert names & {"utils", "util", "helpers", "common", "misc"} == set()


def test_the_top_level_is_the_designs() -> None:
    there = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")} - MADE
    assert there <= TOP | BESIDE
    assert there >= TOP - {"README.md"}
    assert (ROOT / ".ci" / "run").exists()
    for package in ("functions/s3am_cloud", "cli/s3am_cloud_cli", "infra/s3am_cloud_infra"):
        assert (ROOT / package / "__init__.py").exists()
    assert not (STACK / "constructs").exists(), "it would hide the package of that name"


def after_import(module: str) -> set[str]:
    """The top-level modules that a fresh interpreter has after importing one."""
    code = f"import sys, {module}; print('\\n'.join({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return set(done.stdout.split())


def test_the_command_starts_without_what_help_does_not_need() -> None:
    heavy = {"boto3", "botocore", "pycurl", "awscrt", "tqdm", "aws_cdk", "ministack", "multiprocessing"}
    assert after_import("s3am_cloud_cli.main") & heavy == set()


def test_the_command_itself_never_loads_the_cdk() -> None:
    """Which needs a Node.js that the machine may not have, and is pointed at one in a process of its own."""
    packages = modules(COMMAND / "deployment") + modules(COMMAND / "commands")
    names = ", ".join(".".join(path.relative_to(COMMAND.parent).with_suffix("").parts) for path in packages)
    assert after_import(names.replace(".__init__", "")) & {"aws_cdk", "jsii"} == set()


def test_the_pipeline_needs_neither_aws_nor_curl() -> None:
    loaded = after_import(", ".join(f"s3am_cloud.{name}" for name in (*STORIES, "adapters.memory")))
    assert loaded & OUTSIDE == set()
