"""The stack, synthesized once for all tests, and the assets, built once."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, cast

import pytest

from s3am_cloud_infra.asset import AWS, Target, build_asset, default_cache
from s3am_cloud_infra.node import point_jsii_at_node
from s3am_cloud_infra.synth import Synthesized, synthesized
from support.turns import one_at_a_time

# Before a test module is collected that imports aws_cdk, which starts Node.js at once: there may be none on the path.
point_jsii_at_node()

SUBSTITUTES = {
    "Partition": "aws",
    "Control": "arn:aws:lambda:eu-central-1:123456789012:function:control",
    "Worker": "arn:aws:lambda:eu-central-1:123456789012:function:worker",
    "EventBus": "outcomes",
    "DeadLetters": "https://sqs.eu-central-1.amazonaws.com/123456789012/letters",
}

Json = dict[str, Any]


@pytest.fixture(scope="session")
def of_this_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this run share, because the CDK takes 10 s to make a template."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def stub_asset(of_this_run: Path) -> Path:
    """Code for tests that look at the template only."""
    folder = of_this_run / "stub-asset"
    with one_at_a_time("stub-asset"):
        folder.mkdir(exist_ok=True)
        (folder / "placeholder.py").write_text("# no handler\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def stack(stub_asset: Path, of_this_run: Path) -> Synthesized:
    with one_at_a_time("stack"):
        return synthesized(stub_asset, of_this_run / "assembly" / "out")


@pytest.fixture(scope="session")
def template(stack: Synthesized) -> Json:
    return cast(Json, json.loads(stack.template.read_text(encoding="utf-8")))


@pytest.fixture(scope="session")
def rendered_definition(template: Json) -> str:
    """The machine's definition as CloudFormation hands it to Step Functions."""
    [machine] = [r for r in template["Resources"].values() if r["Type"] == "AWS::StepFunctions::StateMachine"]
    text, values = cast("tuple[str, Json]", machine["Properties"]["DefinitionString"]["Fn::Sub"])
    for name, value in values.items():
        text = text.replace(f"${{{name}}}", SUBSTITUTES.get(name) or str(value))
    return text


@pytest.fixture(scope="session")
def asset_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's cache folder, empty when the tests begin."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def asset_here() -> Path:
    """In the user's own cache, from where the embedded cloud takes it, too."""
    with one_at_a_time("build"):
        return build_asset(Target.here(), default_cache())


@pytest.fixture(scope="session")
def asset_for_aws(asset_cache: Path) -> Path:
    return build_asset(AWS, asset_cache / "s3am-cloud" / "assets")
