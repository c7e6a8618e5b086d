"""What operators see: the dashboard and the alarms of the template."""

from __future__ import annotations

import csv
import io
import json
import re
from contextlib import suppress
from typing import Any, NamedTuple, cast

import msgspec
import pytest

from s3am_cloud import names
from s3am_cloud.errors import SourceBusy
from s3am_cloud.handlers import control, worker
from servers.content import pattern
from support.fakes import PART, SOURCE, TARGET, World
from unit.lambda_fakes import Clumsy, context, lambda_world

Json = dict[str, Any]
ASKED: Json = {"source": SOURCE, "destination": str(TARGET), "part_size": PART}


def of_type(template: Json, kind: str) -> list[Json]:
    return [resource["Properties"] for resource in template["Resources"].values() if resource["Type"] == kind]


@pytest.fixture(scope="module")
def widgets(template: Json) -> dict[str, Json]:
    """The widgets by their titles; references to other resources are their logical ids in angle brackets."""
    [board] = of_type(template, "AWS::CloudWatch::Dashboard")
    pieces = board["DashboardBody"]["Fn::Join"][1]
    text = "".join(piece if isinstance(piece, str) else _shown(piece) for piece in pieces)
    return {widget["properties"]["title"]: widget["properties"] for widget in json.loads(text)["widgets"]}


def _shown(reference: Json) -> str:
    [(_, value)] = reference.items()
    return f"<{value if isinstance(value, str) else value[0]}>"


def text_of(widget: Json) -> str:
    return json.dumps(widget["metrics"])


def function(template: Json, module: str) -> str:
    handler = f"s3am_cloud.handlers.{module}.handler"
    [name] = [
        name
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Lambda::Function" and resource["Properties"]["Handler"] == handler
    ]
    return f"<{name}>"


def test_metrics_are_told_apart_by_the_stacks_name(template: Json) -> None:
    for properties in of_type(template, "AWS::Lambda::Function"):
        assert properties["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] == {"Ref": "AWS::StackName"}


def test_the_dashboard_shows_bytes_workers_retries_failures_and_ages(widgets: dict[str, Json]) -> None:
    """The dashboard shows bytes, workers, retries, failures, jobs and the oldest one."""
    assert set(widgets) == {
        "Bytes per second",
        "Active workers",
        "Retries and throttles",
        "Failed invocations by error",
        "Jobs",
        "Age of the oldest job at work",
        "Alarms",
    }


def test_bytes_per_second_are_those_of_every_function_that_moves_any(template: Json, widgets: dict[str, Json]) -> None:
    shown = text_of(widgets["Bytes per second"])
    assert "(FILL(m0, 0) + FILL(m1, 0)) / PERIOD(m0)" in shown
    for module in ("worker", "control"):
        dimensions = (
            f'"s3am-cloud", "BytesMoved", "function", "{function(template, module)}", "service", "<AWS::StackName>"'
        )
        assert dimensions in shown


class Shown(NamedTuple):
    """A metric that a graph or an alarm names. `function` is the module of the function that it is of, None for one
    that isn't told apart by functions."""

    namespace: str
    name: str
    dimensions: frozenset[str]
    function: str | None


def shown_metrics(template: Json, widgets: dict[str, Json]) -> set[Shown]:
    """All that the dashboard and the alarms name, in graphs, in expressions and in searches."""
    modules = {function(template, module): module for module in ("control", "worker", "janitor")}
    found = set[Shown]()
    for widget in widgets.values():
        for line in widget.get("metrics", []):
            if isinstance(line[0], dict):  # an expression over metrics that are lines of their own, or a search
                for schema, name in re.findall(r"SEARCH\('\{(.*?)\} MetricName=\"(.*?)\"", line[0]["expression"]):
                    namespace, *dimensions = next(csv.reader([schema]))
                    assert re.fullmatch(r"\w+", namespace) or schema.startswith('"'), "a hyphen is quoted"
                    found.add(Shown(namespace, name, frozenset(dimensions), None))
                continue
            words = [word for word in line if isinstance(word, str)]
            values = dict(zip(words[2::2], words[3::2], strict=True))
            whose = modules.get(values.get(names.FUNCTION_DIMENSION, ""))
            found.add(Shown(words[0], words[1], frozenset(values), whose))
    for alarm in of_type(template, "AWS::CloudWatch::Alarm"):
        of_alarm = frozenset(dimension["Name"] for dimension in alarm["Dimensions"])
        found.add(Shown(alarm["Namespace"], alarm["MetricName"], of_alarm, None))
    return found


# What AWS's services measure, by the dimensions with which they do (their user guides, "CloudWatch metrics").
BY_AWS = {
    *(
        Shown("AWS/Lambda", name, frozenset({"FunctionName"}), None)
        for name in ("ConcurrentExecutions", "Errors", "Throttles")
    ),
    *(
        Shown("AWS/States", f"Executions{end}", frozenset({"StateMachineArn"}), None)
        for end in ("Started", "Succeeded", "Failed", "TimedOut", "Aborted")
    ),
    Shown("AWS/SQS", "ApproximateNumberOfMessagesVisible", frozenset({"QueueName"}), None),
}


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> set[Shown]:
    """The metrics of the documents that the functions write in CloudWatch's embedded format: for a job in parts, for a
    small object, which the control function puts, and for a part that fails."""
    world = World()
    for until, request in ((99, ASKED), (99, {**ASKED, "part_size": None}), (1, ASKED)):
        world.source.put(SOURCE, pattern(PART + 5))
        ports = msgspec.structs.replace(world.ports, movers=Clumsy(world.ports.movers, world, until))
        runtime = lambda_world(ports, io.StringIO())
        for handler in (control, worker):
            monkeypatch.setattr(handler, "load_runtime", lambda runtime=runtime: runtime)
        name = f"job{len(list(world.jobs.ids()))}"
        asked = {**request, "destination": f"s3://bucket/{name}"}
        control.handler({"action": "accept", "request": asked, "execution": f"arn:{name}"}, context(name="control"))
        prepared = control.handler(
            {"action": "prepare", "job": name, "execution": f"arn:{name}"}, context(name="control")
        )
        if prepared["transfer"]:
            with suppress(SourceBusy):
                worker.handler({"job": name, "unit": {"object": 0, "first": 1, "last": 2}}, context(name="worker"))
    documents = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    return {
        Shown(directive["Namespace"], metric["Name"], frozenset(dimensions), document.get(names.FUNCTION_DIMENSION))
        for document in documents
        for directive in document["_aws"]["CloudWatchMetrics"]
        for dimensions in directive["Dimensions"]
        for metric in directive["Metrics"]
    }


def test_every_metric_that_is_shown_is_one_that_is_recorded(
    template: Json, widgets: dict[str, Json], recorded: set[Shown]
) -> None:
    """Dimension by dimension: CloudWatch shows nothing, and raises no alarm, for any other combination."""
    shown = shown_metrics(template, widgets)
    own = {metric for metric in shown if metric.namespace == names.METRICS_NAMESPACE}
    assert own - recorded == set()
    assert {metric.name for metric in own} >= {names.BYTES_MOVED, names.RETRIES, names.FAILURES, names.JOB_AGE}
    assert shown - own - BY_AWS == set()


def test_active_workers_are_the_workers_own_concurrency(template: Json, widgets: dict[str, Json]) -> None:
    [metric] = widgets["Active workers"]["metrics"]
    assert metric[:4] == ["AWS/Lambda", "ConcurrentExecutions", "FunctionName", function(template, "worker")]
    assert metric[4]["stat"] == "Maximum"


def test_failures_are_shown_by_the_names_of_their_errors(widgets: dict[str, Json]) -> None:
    shown = text_of(widgets["Failed invocations by error"])
    assert json.dumps('SEARCH(\'{"s3am-cloud",service,error} MetricName="Failures" ')[1:-1] in shown
    assert "<AWS::StackName>" in shown


def test_the_oldest_job_is_the_greatest_age_that_a_worker_told(template: Json, widgets: dict[str, Json]) -> None:
    [metric] = widgets["Age of the oldest job at work"]["metrics"]
    assert metric[:4] == ["s3am-cloud", "JobAge", "function", function(template, "worker")]
    assert metric[6]["stat"] == "Maximum"


@pytest.mark.parametrize(
    ("namespace", "metric"),
    [
        ("AWS/States", "ExecutionsFailed"),
        ("AWS/States", "ExecutionsTimedOut"),
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
    ],
)
def test_one_failed_job_or_dead_letter_raises_an_alarm_and_silence_none(
    template: Json, namespace: str, metric: str
) -> None:
    alarms = of_type(template, "AWS::CloudWatch::Alarm")
    assert len(alarms) == 3
    [alarm] = [alarm for alarm in alarms if (alarm["Namespace"], alarm["MetricName"]) == (namespace, metric)]
    assert (alarm["Threshold"], alarm["EvaluationPeriods"]) == (1, 1)
    assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
    assert alarm["TreatMissingData"] == "notBreaching"
    assert alarm["AlarmDescription"]


def test_alarms_watch_this_machine_and_this_queue(template: Json) -> None:
    watched = {
        next(iter(dimension["Value"].values()))
        if isinstance(next(iter(dimension["Value"].values())), str)
        else dimension["Value"]["Fn::GetAtt"][0]
        for alarm in of_type(template, "AWS::CloudWatch::Alarm")
        for dimension in alarm["Dimensions"]
    }
    kinds = {cast(str, template["Resources"][name]["Type"]) for name in watched}
    assert kinds == {"AWS::StepFunctions::StateMachine", "AWS::SQS::Queue"}


def test_alarms_are_sent_where_the_user_wants_them_and_nowhere_by_default(template: Json) -> None:
    assert template["Parameters"][names.ALARM_TOPIC]["Default"] == "none"
    for alarm in of_type(template, "AWS::CloudWatch::Alarm"):
        [condition, topics, otherwise] = alarm["AlarmActions"]["Fn::If"]
        assert topics == [{"Ref": names.ALARM_TOPIC}]
        assert otherwise == {"Ref": "AWS::NoValue"}
        assert template["Conditions"][condition] == {"Fn::Not": [{"Fn::Equals": [{"Ref": names.ALARM_TOPIC}, "none"]}]}


def test_every_statistic_is_one_that_cloudwatch_computes(widgets: dict[str, Json]) -> None:
    known = {"Sum", "Maximum", "Minimum", "Average", "SampleCount"}
    statistics = set(re.findall(r'"stat": "([^"]+)"', json.dumps(list(widgets.values()))))
    assert statistics
    assert {name for name in statistics if name not in known and not re.fullmatch(r"p\d+(\.\d+)?", name)} == set()
