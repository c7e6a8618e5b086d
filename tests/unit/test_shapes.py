"""The form of functions and classes: complete constructors, few parameters, short bodies, one convention for checks."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from statistics import median

import pytest

from support.syntax import tree_of

ROOT = Path(__file__).parents[2]
PRODUCT = [
    path
    for root in ("functions", "cli", "infra")
    for path in sorted((ROOT / root).rglob("*.py"))
    if "cdk.out" not in path.parts
]
MOST_PARAMETERS = 6
MOST_LINES = 60
USUAL_LINES = 10
# Attributes of base classes in other packages, whose constructors have set them.
OF_THE_BASE_CLASS = {
    "sample_server._Handler.server",  # http.server.BaseHTTPRequestHandler, whose type is narrowed
    "sample_server._Handler.close_connection",  # http.server.BaseHTTPRequestHandler
    "function_processes.FunctionProcess._cold",  # the emulator's lambda_runtime.Worker
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def classes(tree: ast.Module) -> Iterator[ast.ClassDef]:
    """Those of a module, and those in them."""
    todo: list[ast.stmt] = [*tree.body]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.ClassDef):
            yield node
            todo += node.body


def methods(owner: ast.ClassDef) -> Iterator[Function]:
    return (node for node in owner.body if isinstance(node, Function))


def functions(tree: ast.Module | ast.stmt, owner: str) -> Iterator[tuple[str, Function]]:
    """Every function, nested ones too, with its name below `owner`."""
    for node in ast.iter_child_nodes(tree):
        if not isinstance(node, ast.stmt):
            continue
        if isinstance(node, Function):
            yield f"{owner}.{node.name}", node
        yield from functions(node, f"{owner}.{node.name}" if isinstance(node, ast.ClassDef) else owner)


def stored(tree: ast.AST) -> set[str]:
    """The attributes of `self` that are set somewhere in it."""
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    }


def declared(owner: ast.ClassDef, *, with_value: bool) -> set[str]:
    """The names in a class body that have a value there, or only a type."""
    names = {
        node.target.id
        for node in owner.body
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and (node.value is not None) == with_value
    }
    assigned = [node for node in owner.body if isinstance(node, ast.Assign)] if with_value else []
    return names | {name.id for node in assigned for name in node.targets if isinstance(name, ast.Name)}


def bases(owner: ast.ClassDef) -> set[str]:
    return {ast.unparse(base).rpartition(".")[2].partition("[")[0] for base in owner.bases}


def makes_its_constructor(owner: ast.ClassDef, known: dict[str, ast.ClassDef]) -> bool:
    """Whether the constructor is made from the class body, or there is none: structs, data classes, contracts."""
    above = bases(owner)
    decorators = {ast.unparse(one).partition("(")[0] for one in owner.decorator_list}
    if above & {"Struct", "NamedTuple", "TypedDict", "Protocol"} or "dataclass" in decorators:
        return True
    return any(makes_its_constructor(known[name], known) for name in above - {owner.name} if name in known)


def own_names(tree: ast.Module) -> set[str]:
    """The names that are defined in a module, or imported from one of the product."""
    imports = [
        node for node in tree.body if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("s3am")
    ]
    return {name.name for node in imports for name in node.names} | {owner.name for owner in classes(tree)}


def late(owner: ast.ClassDef, known: dict[str, ast.ClassDef]) -> set[str]:
    """The attributes that an object of the class may lack after its construction."""
    if makes_its_constructor(owner, known):
        fields = declared(owner, with_value=True) | declared(owner, with_value=False)
        return stored(owner) - fields
    constructor = [node for node in methods(owner) if node.name == "__init__"]
    complete = set().union(*map(stored, constructor)) | declared(owner, with_value=True)
    return (stored(owner) | declared(owner, with_value=False)) - complete


def parameters(function: Function) -> int:
    arguments = function.args
    names = [one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return len(names) - (names[:1] in (["self"], ["cls"]))


def is_command(function: Function) -> bool:
    """Whether click calls it, with one argument for each option."""
    return any(ast.unparse(one).startswith("click.command") for one in function.decorator_list)


def lines(function: Function) -> int:
    assert function.end_lineno is not None
    return function.end_lineno - function.lineno + 1


@cache
def every_function() -> list[tuple[str, Function]]:
    return [named for path in PRODUCT for named in functions(tree_of(path), path.stem)]


def test_constructors_are_complete() -> None:
    """No attribute is first set outside `__init__`, or left to whoever makes the object."""
    known = {owner.name: owner for path in PRODUCT for owner in classes(tree_of(path))}
    incomplete = {
        f"{path.stem}.{owner.name}.{name}"
        for path in PRODUCT
        for owner in classes(tree_of(path))
        for name in late(owner, {base: known[base] for base in own_names(tree_of(path)) if base in known})
    }
    assert incomplete == OF_THE_BASE_CLASS


def test_functions_have_few_parameters() -> None:
    """Values that belong together are one parameter."""
    long = {name for name, one in every_function() if parameters(one) > MOST_PARAMETERS and not is_command(one)}
    assert long == set()


def test_functions_are_short() -> None:
    lengths = {name: lines(one) for name, one in every_function()}
    assert {name for name, length in lengths.items() if length > MOST_LINES} == set()
    assert sum(lengths.values()) / len(lengths) <= USUAL_LINES
    assert median(lengths.values()) <= USUAL_LINES


def test_a_check_raises_and_an_error_is_returned() -> None:
    """`check_*` raises; what returns an error or None is called `*_error`."""
    wrong = {
        name
        for name, one in every_function()
        if one.name.strip("_").startswith("check") and one.returns is not None and "Error" in ast.unparse(one.returns)
    }
    assert wrong == set()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("def __init__(self): self.a = 0", set()),
        ("def __init__(self): self.a = self.b = 0\n def go(self): self.a, self.b = 1, 2", set()),
        ("def go(self): self.a = 1", {"a"}),
        ("def __init__(self): self.a = 0\n def go(self): self.a, self.b = 1, 2", {"b"}),
        ("a: int", {"a"}),
        ("a: int = 0\n def go(self): self.a += 1", set()),
    ],
)
def test_an_incomplete_constructor_is_found(body: str, expected: set[str]) -> None:
    [owner] = classes(ast.parse(f"class A:\n {body}"))
    assert late(owner, {}) == expected


@pytest.mark.parametrize(
    ("judge", "source", "expected"),
    [
        (parameters, "def f(a, b, /, c, *, d): ...", 4),
        (parameters, "def f(self, a, b): ...", 2),
        (lines, "def f():\n    a = 1\n    return a", 3),
    ],
)
def test_functions_are_measured_right(judge: Callable[[Function], int], source: str, expected: int) -> None:
    [(_, function)] = functions(ast.parse(source), "module")
    assert judge(function) == expected
