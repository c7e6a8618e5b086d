"""The CDK's command is installed where there is no checkout, and gets what it deploys."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from s3am_cloud.ingest.rules import Ingest
from s3am_cloud_cli.deployment.parameters import Wanted
from s3am_cloud_infra import cdk_command
from s3am_cloud_infra.assembly import Bootstrap, needed_bootstrap, write_assembly, write_empty_assembly
from s3am_cloud_infra.cdk_command import CdkNotInstalled, installed_cdk

ROOT = Path(__file__).resolve().parents[2]


def test_every_option_of_deploy_is_a_parameter_of_the_template(template: dict[str, Any]) -> None:
    accounts, keys = ("123456789012",), ("arn:aws:kms:eu-west-1:123456789012:key/1",)
    more = (("subnet-1",), ("sg-1",), "lab-boundary")
    every = Wanted(("a",), ("b",), ("c.org",), "none", "default", 7, accounts, keys, *more).parameters("aws")
    assert len(every) == len(Wanted._fields)
    assert set(every) <= set(template["Parameters"])


def test_what_npm_cannot_fetch_is_told_in_its_words_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (
        ("registry", "http://127.0.0.1:9/"),
        ("replace_registry_host", "always"),
        ("fetch_retries", "0"),
        ("cache", str(tmp_path / "npm")),
    ):
        monkeypatch.setenv(f"npm_config_{name}", value)
    told: list[str] = []
    with pytest.raises(CdkNotInstalled, match="ECONNREFUSED"):
        installed_cdk(tmp_path / "cache", told.append)
    pinned = json.loads(Path(cdk_command.__file__).with_name("package.json").read_text())["dependencies"]["aws-cdk"]
    assert told == [pinned]
    assert list((tmp_path / "cache").iterdir()) == []


def test_what_is_installed_already_is_used_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[Path] = []

    def install(files: dict[str, bytes], folder: Path) -> None:
        runs.append(folder)
        (folder / "node_modules").mkdir(parents=True)

    monkeypatch.setattr(cdk_command, "_install", install)
    first = installed_cdk(tmp_path, lambda version: None)
    assert installed_cdk(tmp_path, lambda version: None) == first
    assert len(runs) == 1


def test_an_assembly_leaves_the_code_in_place_and_names_its_bootstrap(stub_asset: Path, tmp_path: Path) -> None:
    """An assembly leaves the code where it is and says which bootstrap it needs."""
    write_assembly(tmp_path / "out", "Mine", "lab", stub_asset, Ingest())
    files = json.loads((tmp_path / "out" / "Mine.assets.json").read_text())["files"]
    assert str(stub_asset) in [file["source"]["path"] for file in files.values()]
    assert not [path for path in (tmp_path / "out").iterdir() if path.is_dir()]
    assert needed_bootstrap(tmp_path / "out", "Mine") == Bootstrap("/cdk-bootstrap/lab/version", 6)


def test_a_stack_can_be_named_without_its_code(tmp_path: Path) -> None:
    write_empty_assembly(tmp_path / "out", "Mine", None)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["artifacts"]["Mine"]["type"] == "aws:cloudformation:stack"
