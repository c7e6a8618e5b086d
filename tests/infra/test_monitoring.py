"""What operators see: the dashboard and the alarms of the template."""

from __future__ import annotations

import json
import re
from typing import Any, cast

import pytest

from s3am_cloud import names

Json = dict[str, Any]


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


def test_the_dashboard_shows_bytes_workers_retries_failures_jobs_and_the_oldest_one(widgets: dict[str, Json]) -> None:
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


def test_active_workers_are_the_workers_own_concurrency(template: Json, widgets: dict[str, Json]) -> None:
    [metric] = widgets["Active workers"]["metrics"]
    assert metric[:4] == ["AWS/Lambda", "ConcurrentExecutions", "FunctionName", function(template, "worker")]
    assert metric[4]["stat"] == "Maximum"


def test_failures_are_shown_by_the_names_of_their_errors(widgets: dict[str, Json]) -> None:
    shown = text_of(widgets["Failed invocations by error"])
    assert "SEARCH('{s3am-cloud,service,error} MetricName=" in shown
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
