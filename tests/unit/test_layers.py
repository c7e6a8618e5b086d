"""Imports point one way, modules stay small, and packages say what is in them."""

from __future__ import annotations

import ast
import functools
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import s3am_cloud_client.results
from support.syntax import tree_of

ROOT = Path(__file__).parents[2]
ROOTS = {
    "s3am_cloud": ROOT / "functions",
    "s3am_cloud_client": ROOT / "cli",
    "s3am_cloud_cli": ROOT / "cli",
    "s3am_cloud_infra": ROOT / "infra",
}
CORE = ("values", "checksums", "costs", "ports", "integrity", "transfer", "datasets", "jobs", "ingest")
# What each package may import besides itself: the list of the design, from the top down.
BELOW = {
    **{package: set(CORE[:at]) for at, package in enumerate(CORE)},
    "adapters": {"ports", "checksums", "values"},
    "handlers": {*CORE, "adapters"},
    "s3am_cloud_client": {*CORE, "adapters"},
    "s3am_cloud_infra": {"ingest", "values"},
    "s3am_cloud_cli": {*CORE, "adapters", "s3am_cloud_client", "s3am_cloud_infra"},
}
# What only these may know.
OUTSIDE = {
    "boto3": {"adapters", "handlers", "s3am_cloud_cli"},
    "botocore": {"adapters", "handlers", "s3am_cloud_client", "s3am_cloud_cli"},
    "pycurl": {"adapters", "handlers"},
    "aws_lambda_powertools": {"handlers"},
    "click": {"s3am_cloud_cli"},
    "aws_cdk": {"s3am_cloud_infra"},
}
TESTS = {"tests", "servers", "support", "pytest", "hypothesis", "moto"}
TOP = {"functions", "cli", "infra", "tests", "requirements", "cdk.json", "pyproject.toml", "README.md"}
BESIDE = {"Makefile", "LICENSE", "CHANGELOG.md", "SECURITY.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "docs"}
# `PKG-INFO` is in an unpacked source distribution.
MADE = {"cdk.out", "dist", "build", "PKG-INFO"}
LONGEST = 300


def name_of(path: Path, root: Path) -> str:
    """The dotted name of a module."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


PRODUCT = {
    name_of(path, root): path
    for package, root in ROOTS.items()
    for path in sorted((root / package).rglob("*.py"))
    if "cdk.out" not in path.parts
}


@functools.cache
def imported(path: Path) -> tuple[str, ...]:
    """The names that a module imports, found once."""
    return tuple(_imported(path))


def _imported(path: Path) -> Iterator[str]:
    """The dotted names that a module imports, wherever in it, those for types alone among them."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield from (f"{node.module}.{name.name}" for name in node.names)


def module_of(name: str) -> str | None:
    """The module of the product that an imported name is, or is in."""
    return next((known for known in (name, name.rpartition(".")[0]) if known in PRODUCT), None)


def package_of(module: str) -> str:
    """The row of the import rule that a module belongs to."""
    top, _, rest = module.partition(".")
    if top != "s3am_cloud":
        return top
    first = rest.partition(".")[0]
    return first if first in BELOW else "values"


def edges() -> Iterator[tuple[str, str]]:
    for module, path in PRODUCT.items():
        for name in imported(path):
            found = module_of(name)
            if found is not None and found != module:
                yield module, found


def test_imports_go_down_the_list_of_the_design() -> None:
    upwards = [
        f"{module} imports {found}"
        for module, found in edges()
        if package_of(module) != package_of(found) and package_of(found) not in BELOW[package_of(module)]
    ]
    assert upwards == []


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph: dict[str, set[str]] = {}
    for module, found in edges():
        # A package and its own modules are one place: its `__init__` may gather what they offer.
        if not found.startswith(f"{module}.") and not module.startswith(f"{found}."):
            graph.setdefault(module, set()).add(found)
    TopologicalSorter(graph).prepare()


# These set the stack up and take it down, or run it here, which is no transfer.
DEPLOYING = {"deploy", "template", "destroy", "local", "demo"}


def allowed_in_a_command(name: str) -> bool:
    """Whether it is the client's public API, a value, or the command's own."""
    top, _, rest = name.partition(".")
    if top == "s3am_cloud_client":
        results = {f"results.{result}" for result in s3am_cloud_client.results.__all__}
        return rest in {"", *s3am_cloud_client.__all__, *results}
    return top != "s3am_cloud" or package_of(module_of(name) or name) == "values"


def test_commands_are_built_on_the_public_client_and_nothing_below_it() -> None:
    """Their options and what they show included."""
    below = {
        module: names
        for module, path in PRODUCT.items()
        if module.startswith(("s3am_cloud_cli.commands", "s3am_cloud_cli.options", "s3am_cloud_cli.console"))
        and module.rpartition(".")[2] not in DEPLOYING
        and (names := [name for name in imported(path) if not allowed_in_a_command(name)])
    }
    assert below == {}


@pytest.mark.parametrize("library", sorted(OUTSIDE))
def test_a_library_is_known_only_where_the_design_says(library: str) -> None:
    knowing = {
        package_of(module)
        for module, path in PRODUCT.items()
        if any(name.split(".")[0] == library for name in imported(path))
    }
    assert knowing <= OUTSIDE[library]


def test_types_of_the_cdk_are_followed_where_the_stack_uses_them() -> None:
    """Those of other services are not: a name from one that is missing in the list would be of any type."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]["overrides"]
    followed = {module for rule in settings if rule.get("follow_imports") == "normal" for module in rule["module"]}
    used = {
        ".".join(name.split(".")[:2])
        for path in PRODUCT.values()
        for name in imported(path)
        if name.startswith("aws_cdk.") and name.split(".")[1].islower()
    }
    assert used <= followed


def test_the_product_knows_nothing_of_the_tests() -> None:
    assert [m for m, path in PRODUCT.items() if {name.split(".")[0] for name in imported(path)} & TESTS] == []


@pytest.mark.parametrize("module", [name for name, path in PRODUCT.items() if path.name == "__init__.py"])
def test_a_package_names_its_files(module: str) -> None:
    """Each file of a package stands in the package's docstring, with a line of its own."""
    folder = PRODUCT[module].parent
    words = (ast.get_docstring(tree_of(PRODUCT[module])) or "").replace("/", " ").split()
    there = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    there |= {path.parent.name for path in folder.glob("*/__init__.py")}
    assert sorted(there - set(words)) == []


def test_a_step_has_one_public_verb() -> None:
    several = {}
    for module, path in PRODUCT.items():
        if not module.startswith("s3am_cloud.transfer.steps."):
            continue
        public = [
            node.name
            for node in tree_of(path).body
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
        ]
        if len(public) != 1:
            several[module] = public
    assert several == {}


def lines_of_code(path: Path) -> int:
    """The lines that are neither empty nor a comment alone."""
    lines = map(str.strip, path.read_text().splitlines())
    return sum(bool(line) and not line.startswith("#") for line in lines)


def every_module() -> list[Path]:
    return [*PRODUCT.values(), *sorted((ROOT / "tests").rglob("*.py"))]


def test_no_module_is_long() -> None:
    lengths = {str(path.relative_to(ROOT)): lines_of_code(path) for path in every_module()}
    assert {path: length for path, length in lengths.items() if length > LONGEST} == {}


def test_no_module_is_called_utils() -> None:
    assert {path.stem for path in every_module()} & {"utils", "util", "helpers", "common", "misc"} == set()


def test_the_top_level_is_the_designs() -> None:
    there = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")} - MADE
    assert there <= TOP | BESIDE
    assert there >= TOP - {"README.md"}
    assert (ROOT / ".ci" / "run").exists()
    for package, root in ROOTS.items():
        assert (root / package / "__init__.py").exists()
        assert (root / package / "py.typed").exists()
    assert not (ROOT / "infra" / "constructs").exists(), "it would hide the package of that name"


def after_import(*modules: str) -> set[str]:
    """The top-level modules that a fresh interpreter has after importing these."""
    names = ", ".join(modules)
    code = f"import sys, {names}; print('\\n'.join({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return set(done.stdout.split())


def test_the_command_starts_without_what_help_does_not_need() -> None:
    heavy = {"boto3", "botocore", "pycurl", "awscrt", "aws_cdk", "ministack", "multiprocessing"}
    assert after_import("s3am_cloud_cli.main") & heavy == set()


def test_the_clients_names_are_imported_when_they_are_used() -> None:
    """All of them take longer than a small transfer."""
    at_once = [node for node in tree_of(PRODUCT["s3am_cloud_client"]).body if isinstance(node, ast.ImportFrom)]
    assert [node.module for node in at_once] == ["typing"]


def test_the_command_itself_never_loads_the_cdk() -> None:
    """Which needs a Node.js that the machine may not have, and is pointed at one in a process of its own."""
    parts = ("s3am_cloud_cli.deployment", "s3am_cloud_cli.commands")
    assert after_import(*(name for name in PRODUCT if name.startswith(parts))) & {"aws_cdk", "jsii"} == set()


def test_the_core_needs_neither_aws_nor_curl() -> None:
    core = [name for name in PRODUCT if package_of(name) in CORE]
    assert after_import(*core, "s3am_cloud.adapters.memory") & {"boto3", "botocore", "pycurl"} == set()


def test_the_contracts_load_no_prices() -> None:
    code = "import sys, s3am_cloud.ports.transfer; sys.exit('s3am_cloud.costs.prices' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
