"""Node.js is found or brought along, and programs run with it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from s3am_cloud_infra import node
from s3am_cloud_infra.node import Node, NodeMissing, find_node, main, point_jsii_at_node


@pytest.fixture(autouse=True)
def _search_anew() -> Iterator[None]:
    find_node.cache_clear()
    yield
    find_node.cache_clear()


def nothing() -> None:
    return None


def pretend_system_node(folder: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> Path:
    program = folder / "node"
    program.write_text(f"#!/bin/sh\necho {version}\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(node, "_from_wheel", nothing)
    monkeypatch.setenv("PATH", str(folder))
    return program


@pytest.mark.parametrize("command", ["node", "npm", "npx"])
def test_node_npm_and_npx_run_on_a_machine_that_has_none_of_them(command: str, tmp_path: Path) -> None:
    environment = {"PATH": "/nonexistent", "HOME": str(tmp_path)}
    answer = subprocess.run(
        [sys.executable, "-m", "s3am_cloud_infra.node", command, "--version"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.strip().removeprefix("v").split(".")[0].isdecimal()


def test_another_command_sees_this_node_and_this_python_first(tmp_path: Path) -> None:
    found = find_node()
    path = found.environment({"PATH": str(tmp_path)})["PATH"].split(os.pathsep)
    assert path == [str(found.program.parent), str(Path(sys.executable).parent), str(tmp_path)]
    assert found.environment({})["JSII_NODE"] == str(found.program)
    assert found.command(["cdk", "npm"]) == ["cdk", "npm"]


def test_the_exit_code_is_the_commands_own() -> None:
    assert main(["node", "-e", "process.exit(7)"]) == 7


def test_a_systems_node_20_serves_without_the_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = pretend_system_node(tmp_path, monkeypatch, "v20.1.0")
    assert find_node() == Node(program, None)
    assert find_node().command(["npm", "ci"]) == ["npm", "ci"]


@pytest.mark.parametrize("version", ["v18.20.0", "unknown"])
def test_a_systems_node_that_is_too_old_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    pretend_system_node(tmp_path, monkeypatch, version)
    with pytest.raises(NodeMissing, match="s3am-cloud\\[deploy\\]"):
        find_node()


def test_a_missing_node_is_told_in_one_line_and_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(node, "_from_wheel", nothing)
    monkeypatch.setattr(node, "_from_system", nothing)
    assert main(["npm", "ci"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_jsii_gets_the_node_found_unless_the_user_chose_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JSII_NODE", "/chosen/node")
    point_jsii_at_node()
    assert os.environ["JSII_NODE"] == "/chosen/node"
    monkeypatch.delenv("JSII_NODE")
    point_jsii_at_node()
    assert os.environ["JSII_NODE"] == str(find_node().program)
