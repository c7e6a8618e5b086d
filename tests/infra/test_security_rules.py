"""The stack against AwsSolutions, cdk-nag's rules for what AWS calls a well-architected solution."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from s3am_cloud_infra.app import make_app

if TYPE_CHECKING:
    from s3am_cloud_infra.stack import S3amCloudStack


def findings(asset: Path, outdir: Path) -> set[tuple[str, str]]:
    """The rules that are broken, and by which constructs."""
    from aws_cdk import Validations
    from cdk_nag import AwsSolutionsChecks

    app = make_app(asset, outdir=outdir)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    with suppress(RuntimeError):  # which tells what is in the report
        app.synth()
    [report] = [
        report
        for report in json.loads((outdir / "validation-report.json").read_text(encoding="utf-8"))["pluginReports"]
        if report["pluginName"] == "AwsSolutions"
    ]
    return {
        (broken["ruleName"], path_of(by)) for broken in report["violations"] for by in broken["violatingConstructs"]
    }


def path_of(construct: dict[str, Any]) -> str:
    path: str = construct["constructPath"]
    return path.removeprefix("S3amCloud/").removesuffix("/Resource")


def test_the_stack_breaks_no_rule_but_those_that_it_gives_a_reason_for(stub_asset: Path, tmp_path: Path) -> None:
    assert findings(stub_asset, tmp_path / "out") == set()


def test_every_acknowledged_rule_is_broken_where_it_says_so(
    stub_asset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is no longer needed would hide the next finding."""
    from s3am_cloud_infra import nag_suppressions, stack

    known: set[tuple[str, str]] = set()

    def only_look(made: S3amCloudStack) -> None:
        ids = nag_suppressions.LogicalIds(made)
        for item in nag_suppressions.ACKNOWLEDGED:
            known.update((f"AwsSolutions-{item.rule.format_map(ids)}", path) for path in item.paths)

    monkeypatch.setattr(stack, "acknowledge", only_look)
    assert findings(stub_asset, tmp_path / "out") == known
    assert all(len(item.reason) > 40 for item in nag_suppressions.ACKNOWLEDGED)
