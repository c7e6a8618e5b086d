"""What the ingest file puts into the stack: rules for routes, schedules, and the rights to start jobs."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from s3am_cloud.errors import BadIngest
from s3am_cloud.events import Event
from s3am_cloud.ingest.file import parse_ingest
from s3am_cloud.ingest.grants import read_grants
from s3am_cloud.ingest.rules import expanded
from s3am_cloud_client.remote.rule_inputs import Transformer
from s3am_cloud_infra.app import make_app
from support.linted import template_faults

Json = dict[str, Any]
TEXT = """
[[route]]
name = "runs"
source = "s3://incoming/runs/"
destination = "s3://archive/{bucket}/{key}"
options = { storage_class = "GLACIER_IR", part_size = 8388608 }

[[route]]
name = "all"
source = "s3://whole"
destination = "s3://archive/whole/{key}"

[[schedule]]
name = "daily"
every = "1 day"
source = "https://host/latest.csv"
destination = "s3://archive/{date}.csv"
options = { secret = "s3am-cloud/daily" }

[[secret]]
name = "s3am-cloud/partner"
events = ["lab.sequencer"]
"""


@pytest.fixture(scope="module")
def outdir(stub_asset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The assembly of a stack with an ingest file, and what cdk-nag has to say of it."""
    folder = tmp_path_factory.mktemp("ingest") / "out"
    from aws_cdk import Validations
    from cdk_nag import AwsSolutionsChecks

    app = make_app(stub_asset, outdir=folder, ingest=parse_ingest(TEXT))
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    with suppress(RuntimeError):  # which tells what is in the report
        app.synth()
    return folder


@pytest.fixture(scope="module")
def template(outdir: Path) -> Json:
    return cast(Json, json.loads((outdir / "S3amCloud.template.json").read_text(encoding="utf-8")))


def of_type(template: Json, kind: str) -> list[Json]:
    return [each["Properties"] for each in template["Resources"].values() if each["Type"] == kind]


def rule(template: Json, name: str) -> Json:
    [found] = [r for r in of_type(template, "AWS::Events::Rule") if r["Description"] == f"s3am-cloud: route {name}"]
    return found


def role(template: Json, arn: Json) -> Json:
    return cast(Json, template["Resources"][arn["Fn::GetAtt"][0]]["Properties"])


def kind_of(template: Json, reference: Json) -> str:
    name = reference.get("Ref") or reference["Fn::GetAtt"][0]
    return cast(str, template["Resources"][name]["Type"])


def actions(of: Json) -> set[str]:
    return {s["Action"] for policy in of["Policies"] for s in policy["PolicyDocument"]["Statement"]}


def test_cloudformation_would_find_no_fault_with_it(template: Json) -> None:
    assert template_faults(json.dumps(template), "us-east-1") == []


def test_it_breaks_no_rule_of_security_that_the_stack_without_it_keeps(outdir: Path) -> None:
    reports = json.loads((outdir / "validation-report.json").read_text(encoding="utf-8"))["pluginReports"]
    [report] = [each for each in reports if each["pluginName"] == "AwsSolutions"]
    assert report["violations"] == []


def test_a_route_listens_for_new_objects_of_its_bucket_and_prefix(template: Json) -> None:
    """A route listens on the default bus for new objects of its bucket and prefix."""
    found = rule(template, "runs")
    assert "EventBusName" not in found
    assert found["EventPattern"] == {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": ["incoming"]}, "object": {"key": [{"prefix": "runs/"}]}},
    }
    assert rule(template, "all")["EventPattern"]["detail"] == {"bucket": {"name": ["whole"]}}


def test_a_route_starts_the_machine_with_s3s_event_as_it_is(template: Json) -> None:
    """A route starts the machine with itself and with what S3 says as it is."""
    [target] = rule(template, "runs")["Targets"]
    assert kind_of(template, target["Arn"]) == "AWS::StepFunctions::StateMachine"
    assert kind_of(template, target["DeadLetterConfig"]["Arn"]) == "AWS::SQS::Queue"
    who = role(template, target["RoleArn"])
    assert actions(who) == {"states:StartExecution"}
    paths = target["InputTransformer"]["InputPathsMap"]
    thing = {"key": 'runs/a "b" <c>', "etag": "e", "size": 1, "sequencer": "01"}
    told = {"$.detail.bucket": {"name": "incoming"}, "$.detail.object": thing, "$.source": "aws.s3", "$.id": "7"}
    told |= {"$.time": "2026-03-04T05:06:07Z", "$.detail-type": "Object Created"}
    text = target["InputTransformer"]["InputTemplate"]
    for name, path in paths.items():
        assert f'"<{name}>"' not in text
        text = text.replace(f"<{name}>", json.dumps(told[path]))
    given = json.loads(text)
    # A dead letter is the event itself: what the client makes of it is the same.
    event = {path.removeprefix("$."): value for path, value in told.items() if "detail." not in path}
    event["detail"] = {"bucket": told["$.detail.bucket"], "object": told["$.detail.object"]}
    assert Transformer(paths, target["InputTransformer"]["InputTemplate"]).applied(event) == given
    request, why = expanded(given["request"], msgspec.convert(given["event"], Event))
    assert isinstance(request, dict)
    assert request["destination"] == 's3://archive/incoming/runs/a "b" <c>'
    assert request["attributes"] == {"storage_class": "GLACIER_IR"}
    assert why is not None
    assert (why.route, why.etag) == ("runs", "e")


def test_a_schedule_starts_the_machine_with_the_time_it_was_due(template: Json) -> None:
    """A schedule starts the machine with itself and the time that it was due."""
    [found] = of_type(template, "AWS::Scheduler::Schedule")
    assert found["ScheduleExpression"] == "rate(1 day)"
    target = found["Target"]
    assert kind_of(template, target["Arn"]) == "AWS::StepFunctions::StateMachine"
    assert kind_of(template, target["DeadLetterConfig"]["Arn"]) == "AWS::SQS::Queue"
    given = json.loads(target["Input"].replace("<aws.scheduler.scheduled-time>", "2026-03-04T06:00:00Z"))
    event = msgspec.convert(given["event"], Event)
    assert event.key == {"schedule": "daily", "time": "2026-03-04T06:00:00Z"}
    request, why = expanded(given["request"], event)
    assert isinstance(request, dict)
    assert (request["source"], request["destination"]) == ("https://host/latest.csv", "s3://archive/2026-03-04.csv")
    assert why is not None
    assert why.schedule == "daily"


def test_the_scheduler_may_start_the_machine_and_send_dead_letters_only(template: Json) -> None:
    """The scheduler may start the machine and leave dead letters and no more."""
    [found] = of_type(template, "AWS::Scheduler::Schedule")
    who = role(template, found["Target"]["RoleArn"])
    assert actions(who) == {"states:StartExecution", "sqs:SendMessage"}
    [trust] = who["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_the_file_may_be_named_by_the_environment_and_is_checked_first(
    stub_asset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file may be named by the environment and is checked before anything is made."""
    file = tmp_path / "ingest.toml"
    file.write_text(TEXT.replace("s3://archive/{bucket}", "s3://incoming/runs"), encoding="utf-8")
    monkeypatch.setenv("S3AM_CLOUD_INGEST", str(file))
    with pytest.raises(BadIngest, match="inside its own source"):
        make_app(stub_asset, outdir=tmp_path / "out")


def test_control_knows_which_events_may_name_which_secret(template: Json) -> None:
    [granted] = [
        found["Environment"]["Variables"]["S3AM_CLOUD_GRANTS"]
        for found in of_type(template, "AWS::Lambda::Function")
        if "S3AM_CLOUD_GRANTS" in found["Environment"]["Variables"]
    ]
    assert read_grants(granted) == {
        "events of lab.sequencer": ("s3am-cloud/partner",),
        "schedule daily": ("s3am-cloud/daily",),
    }
