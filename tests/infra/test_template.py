"""What the stack promises: read from the template that CloudFormation gets."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from s3am_cloud import names
from s3am_cloud.costs.storage import ALARM, DASHBOARD, KEY, resting_cost
from s3am_cloud.handlers.environment import Environment
from s3am_cloud.limits import CONTROL_CONCURRENCY, JANITOR_CONCURRENCY
from s3am_cloud_infra.assembly import resource_counts
from s3am_cloud_infra.synth import Synthesized
from support.linted import template_faults
from template_roles import HANDLERS, Json, as_list, function, of_type, statements

if TYPE_CHECKING:
    from aws_cdk.assertions import Match, Template

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def promises(template: Json) -> Template:
    from aws_cdk.assertions import Template

    return Template.from_json(template)


@pytest.fixture(scope="module")
def match() -> type[Match]:
    """It comes with the CDK, which takes seconds to import: only here are they spent."""
    from aws_cdk.assertions import Match

    return Match


def test_cloudformation_would_find_no_fault_with_the_template(stack: Synthesized) -> None:
    assert template_faults(stack.template.read_text(encoding="utf-8"), "us-east-1", "eu-central-1") == []


def test_the_work_bucket_is_encrypted_with_the_stacks_own_key_and_private(
    promises: Template, match: type[Match]
) -> None:
    sse = {"KMSMasterKeyID": {"Fn::GetAtt": [match.string_like_regexp("Key"), "Arn"]}, "SSEAlgorithm": "aws:kms"}
    promises.resource_count_is("AWS::S3::Bucket", 1)
    promises.has_resource_properties(
        "AWS::S3::Bucket",
        {
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [{"BucketKeyEnabled": True, "ServerSideEncryptionByDefault": sse}]
            },
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": True,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": True,
            },
        },
    )
    promises.has_resource_properties("AWS::KMS::Key", {"EnableKeyRotation": True})


def test_what_the_stack_costs_at_rest_is_counted_in_its_template(stack: Synthesized) -> None:
    """A resource with a monthly price of its own that is added later has to be counted, or is free."""
    counts = resource_counts(stack.template.parent, stack.template.name.partition(".")[0])
    cost = resting_cost(counts)
    assert (counts[KEY], counts[ALARM], counts[DASHBOARD]) == (1, 3, 1)
    assert cost.always == pytest.approx(1.30)
    charged = ("NatGateway", "VPCEndpoint", "Secret", "LoadBalancer", "DBInstance", "Table", "ProvisionedConcurrency")
    assert [kind for kind in counts if kind.endswith(charged)] == []


def test_notes_expire_after_30_days_and_unfinished_uploads_after_one(promises: Template, match: type[Match]) -> None:
    """Notes about jobs expire after 30 days and unfinished uploads after one."""
    rule = {"ExpirationInDays": 30, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}, "Status": "Enabled"}
    promises.has_resource_properties(
        "AWS::S3::Bucket", {"LifecycleConfiguration": {"Rules": [match.object_like(rule)]}}
    )


@pytest.mark.parametrize("kind", ["AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy"])
def test_the_work_bucket_and_the_dead_letters_refuse_plain_http(
    promises: Template, match: type[Match], kind: str
) -> None:
    deny = {
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    promises.has_resource_properties(
        kind, {"PolicyDocument": {"Statement": match.array_with([match.object_like(deny)])}}
    )


def test_destroying_the_stack_leaves_nothing_behind(template: Json) -> None:
    kept = [name for name, r in template["Resources"].items() if r.get("DeletionPolicy", "Delete") != "Delete"]
    assert kept == []


def test_there_are_three_functions_of_ours_and_none_of_anybody_else(template: Json) -> None:
    handlers = {f["Properties"]["Handler"] for f in of_type(template, "AWS::Lambda::Function")}
    assert handlers == {f"s3am_cloud.handlers.{module}.handler" for module in HANDLERS}
    assert not [r["Type"] for r in template["Resources"].values() if r["Type"].startswith("Custom::")]


@pytest.mark.parametrize(("module", "seconds"), [("control", 900), ("worker", 900), ("janitor", 300)])
def test_a_function_runs_python_313_on_arm64_with_512_mb(template: Json, module: str, seconds: int) -> None:
    properties = function(template, module)
    assert properties["Runtime"] == "python3.13"
    assert properties["Architectures"] == ["arm64"]
    assert properties["MemorySize"] == 512
    assert properties["Timeout"] == seconds


def test_the_functions_share_one_asset(template: Json) -> None:
    assert len({json.dumps(function(template, module)["Code"]) for module in HANDLERS}) == 1


@pytest.mark.parametrize("module", HANDLERS)
def test_a_function_knows_its_settings_and_only_announcers_know_the_bus(template: Json, module: str) -> None:
    """A function knows bucket, key and service, and only those that announce know the bus."""
    variables = function(template, module)["Environment"]["Variables"]
    bus = set() if module == "worker" else {"S3AM_CLOUD_EVENT_BUS"}
    named = {"S3AM_CLOUD_WORK_BUCKET", "S3AM_CLOUD_KEY_ARN", "POWERTOOLS_SERVICE_NAME", "POWERTOOLS_LOG_LEVEL"}
    named |= {"S3AM_CLOUD_ACCOUNTS"}
    hosts = set() if module == "janitor" else {"S3AM_CLOUD_ALLOWED_HOSTS"}
    workers = set() if module == "janitor" else {"S3AM_CLOUD_MAX_WORKERS"}
    granted = {"S3AM_CLOUD_GRANTS"} if module == "control" else set()
    assert set(variables) == named | bus | hosts | workers | granted
    assert template["Resources"][variables["S3AM_CLOUD_WORK_BUCKET"]["Ref"]]["Type"] == "AWS::S3::Bucket"
    assert template["Resources"][variables["S3AM_CLOUD_KEY_ARN"]["Fn::GetAtt"][0]]["Type"] == "AWS::KMS::Key"


def test_the_permission_to_fetch_from_loopback_is_never_in_the_template(stack: Synthesized) -> None:
    assert names.PRIVATE_SOURCES_VARIABLE not in stack.template.read_text(encoding="utf-8")
    assert Environment({names.PRIVATE_SOURCES_VARIABLE: "1"}).allow_private_sources


@pytest.mark.parametrize("module", ["control", "worker"])
def test_who_fetches_knows_the_hosts_that_sources_may_be_at(template: Json, module: str) -> None:
    variables = function(template, module)["Environment"]["Variables"]
    assert variables["S3AM_CLOUD_ALLOWED_HOSTS"] == {"Ref": names.ALLOWED_HOSTS}


@pytest.mark.parametrize(
    ("hosts", "good"),
    [
        ("", True),
        ("example.org", True),
        ("*.example.org,data.example.com,a-b_c", True),
        ("example.org, example.com", False),
        ("https://example.org", False),
        ("example.org/", False),
        ("*", False),
        ("exam*.org", False),
        ("example.org,", False),
    ],
)
def test_allowed_hosts_are_names_with_a_star_for_all_below_one(template: Json, hosts: str, good: bool) -> None:
    parameter = template["Parameters"][names.ALLOWED_HOSTS]
    assert parameter["Default"] == ""
    assert bool(re.fullmatch(parameter["AllowedPattern"], hosts)) == good


def test_lambda_reserves_concurrency_only_where_workers_are_limited(template: Json) -> None:
    """The others, which a burst of events starts as well, are limited together with the worker."""
    parameters, ref = template["Parameters"], {"Ref": names.MAX_WORKERS}
    assert (parameters[names.MAX_WORKERS]["Default"], parameters[names.RESERVE_WORKERS]["Default"]) == (0, "yes")
    reserved: Json = {module: function(template, module).get("ReservedConcurrentExecutions") for module in HANDLERS}
    condition = reserved["worker"]["Fn::If"][0]
    nothing = {"Ref": "AWS::NoValue"}
    assert reserved["worker"] == {"Fn::If": [condition, ref, nothing]}
    assert reserved["control"] == {"Fn::If": [condition, CONTROL_CONCURRENCY, nothing]}
    assert reserved["janitor"] == {"Fn::If": [condition, JANITOR_CONCURRENCY, nothing]}
    assert template["Conditions"][condition] == {
        "Fn::And": [
            {"Fn::Not": [{"Fn::Equals": [ref, "0"]}]},
            {"Fn::Equals": [{"Ref": names.RESERVE_WORKERS}, "yes"]},
        ]
    }
    for module in ("control", "worker"):  # both prepare jobs
        assert function(template, module)["Environment"]["Variables"][names.MAX_WORKERS_VARIABLE] == ref


def test_every_log_is_kept_for_a_month_in_a_group_of_the_stack(template: Json) -> None:
    groups = of_type(template, "AWS::Logs::LogGroup")
    assert [group["Properties"]["RetentionInDays"] for group in groups] == [30] * 4
    for module in HANDLERS:
        group = function(template, module)["LoggingConfig"]["LogGroup"]["Ref"]
        assert template["Resources"][group]["Type"] == "AWS::Logs::LogGroup"


def test_a_request_on_the_bus_starts_the_machine_with_its_detail(template: Json) -> None:
    """A request on the bus starts the machine with its detail and what distinguishes events."""
    [rule] = [
        r["Properties"]
        for r in of_type(template, "AWS::Events::Rule")
        if r["Properties"].get("EventPattern") == {"detail-type": [names.TRANSFER_REQUESTED]}
    ]
    [target] = rule["Targets"]
    paths = target["InputTransformer"]["InputPathsMap"]
    text = target["InputTransformer"]["InputTemplate"]
    filled = json.loads(re.sub("<([^>]*)>", lambda found: json.dumps(paths[found[1]]), text))
    kept = {name: f"$.{name}" for name in ("id", "source", "detail-type", "time")}
    assert filled == {"request": "$.detail", "event": kept}
    role = template["Resources"][target["RoleArn"]["Fn::GetAtt"][0]]
    assert [s["Action"] for s in statements(role)] == ["states:StartExecution"]
    trust = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert [s["Principal"] for s in trust] == [{"Service": "events.amazonaws.com"}]


def test_dead_letters_are_sent_by_the_machine_and_the_janitor_alone(template: Json) -> None:
    senders = [
        name
        for name, role in template["Resources"].items()
        if role["Type"] == "AWS::IAM::Role"
        for s in statements(role)
        if "sqs:SendMessage" in as_list(s["Action"])
    ]
    assert [re.sub("Role.*", "", name) for name in senders] == ["Machine", "Janitor"]


def test_requests_are_heard_on_the_stacks_bus_or_on_the_default_one(template: Json) -> None:
    parameter = template["Parameters"][names.REQUEST_BUS]
    assert (parameter["Default"], parameter["AllowedValues"]) == ("stack", ["stack", "default"])
    [bus] = [name for name, r in template["Resources"].items() if r["Type"] == "AWS::Events::EventBus"]
    [choice] = [r["Properties"]["EventBusName"] for r in of_type(template, "AWS::Events::Rule") if "Fn::If" in str(r)]
    condition, default, own = choice["Fn::If"]
    assert (default, own) == ("default", {"Ref": bus})
    assert template["Conditions"][condition] == {"Fn::Equals": [{"Ref": names.REQUEST_BUS}, "default"]}


def test_the_machines_log_takes_errors_only_and_no_data_of_jobs(promises: Template, match: type[Match]) -> None:
    promises.has_resource_properties(
        "AWS::StepFunctions::StateMachine",
        {
            "StateMachineType": "STANDARD",
            "LoggingConfiguration": {"Level": "ERROR", "IncludeExecutionData": False},
            "TracingConfiguration": match.absent(),
        },
    )


def test_the_janitor_hears_of_every_unsuccessful_execution_of_this_machine(
    promises: Template, match: type[Match]
) -> None:
    promises.has_resource_properties(
        "AWS::Events::Rule",
        {
            "EventPattern": {
                "source": ["aws.states"],
                "detail-type": ["Step Functions Execution Status Change"],
                "detail": {
                    "stateMachineArn": [{"Ref": match.string_like_regexp("StateMachine")}],
                    "status": ["FAILED", "TIMED_OUT", "ABORTED"],
                },
            },
            "Targets": [{"Arn": {"Fn::GetAtt": [match.string_like_regexp("JanitorFunction"), "Arn"]}}],
        },
    )


def test_the_janitor_sweeps_every_hour(promises: Template, match: type[Match]) -> None:
    promises.has_resource_properties(
        "AWS::Events::Rule",
        {"ScheduleExpression": "rate(1 hour)", "Targets": [match.object_like({"Input": '{"action":"sweep"}'})]},
    )


def test_what_the_janitor_could_not_handle_is_kept_in_an_encrypted_queue(template: Json) -> None:
    [queue] = of_type(template, "AWS::SQS::Queue")
    assert queue["Properties"]["SqsManagedSseEnabled"] is True
    targets = [t for rule in of_type(template, "AWS::Events::Rule") for t in rule["Properties"]["Targets"]]
    assert len([t for t in targets if "DeadLetterConfig" in t]) == len(targets) == 3
    assert "DeadLetterConfig" in function(template, "janitor")


def test_the_outputs_are_those_that_clients_look_for(template: Json) -> None:
    assert set(template["Outputs"]) == set(names.OUTPUTS)


def test_the_template_names_no_account_no_region_and_no_bootstrap(stack: Synthesized) -> None:
    """The template names no account and no region and needs no bootstrap parameter."""
    text = stack.template.read_text(encoding="utf-8")
    assert not re.search(r"\b\d{12}\b|\b(us|eu|ap)-[a-z]+-\d\b|BootstrapVersion", text)


def test_the_template_fits_into_a_create_stack_request(stack: Synthesized) -> None:
    """With room for a route's rule, and for the bucket and the defaults of a plain template."""
    assert stack.template.stat().st_size <= 51_200 - 2_048


def test_a_rule_of_retry_is_in_the_template_once(stack: Synthesized) -> None:
    """Eight states have the same rules, which would be a fifth of the template."""
    text = stack.template.read_text(encoding="utf-8")
    assert text.count("Lambda.TooManyRequestsException") == 1
