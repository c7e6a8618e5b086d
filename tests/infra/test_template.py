"""What the stack promises: read from the template that CloudFormation gets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from aws_cdk.assertions import Match, Template
from cfnlint.api import ManualArgs, lint

from s3am_cloud.limits import VAULT_PREFIX
from s3am_cloud_infra import names
from s3am_cloud_infra.synth import Synthesized

Json = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]
HANDLERS = ("control", "worker", "janitor")


@pytest.fixture(scope="module")
def promises(template: Json) -> Template:
    return Template.from_json(template)


def of_type(template: Json, kind: str) -> list[Json]:
    return [r for r in template["Resources"].values() if r["Type"] == kind]


def function(template: Json, module: str) -> Json:
    handler = f"s3am_cloud.handlers.{module}.handler"
    [found] = [f for f in of_type(template, "AWS::Lambda::Function") if f["Properties"]["Handler"] == handler]
    return cast(Json, found["Properties"])


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements(role: Json) -> Iterator[Json]:
    for policy in role["Properties"]["Policies"]:
        yield from policy["PolicyDocument"]["Statement"]


def role_of(template: Json, module: str) -> Json:
    return cast(Json, template["Resources"][function(template, module)["Role"]["Fn::GetAtt"][0]])


def actions(template: Json, module: str, service: str = "s3") -> set[str]:
    found = (action for s in statements(role_of(template, module)) for action in as_list(s["Action"]))
    return {action for action in found if action.startswith(f"{service}:")}


def allowed(template: Json) -> Iterator[Json]:
    """Every statement that allows something to a role."""
    for role in of_type(template, "AWS::IAM::Role"):
        yield from statements(role)
    for policy in of_type(template, "AWS::IAM::Policy"):
        yield from policy["Properties"]["PolicyDocument"]["Statement"]


def test_cloudformation_would_find_no_fault_with_the_template(stack: Synthesized) -> None:
    text = stack.template.read_text(encoding="utf-8").replace("${Partition}", "aws")
    # W3005: the CDK names dependencies that references imply.
    faults = lint(text, config=ManualArgs(ignore_checks=["W3005"], regions=["us-east-1", "eu-central-1"]))
    assert [str(fault) for fault in faults] == []


def test_the_work_bucket_is_encrypted_with_the_stacks_own_key_and_private(promises: Template) -> None:
    sse = {"KMSMasterKeyID": {"Fn::GetAtt": [Match.string_like_regexp("Key"), "Arn"]}, "SSEAlgorithm": "aws:kms"}
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


def test_notes_about_jobs_expire_after_30_days_and_unfinished_uploads_after_one(promises: Template) -> None:
    rule = {"ExpirationInDays": 30, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}, "Status": "Enabled"}
    promises.has_resource_properties(
        "AWS::S3::Bucket", {"LifecycleConfiguration": {"Rules": [Match.object_like(rule)]}}
    )


@pytest.mark.parametrize("kind", ["AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy"])
def test_the_work_bucket_and_the_dead_letters_refuse_plain_http(promises: Template, kind: str) -> None:
    deny = {
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    promises.has_resource_properties(
        kind, {"PolicyDocument": {"Statement": Match.array_with([Match.object_like(deny)])}}
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
def test_a_function_knows_bucket_key_and_service_and_only_who_announces_knows_the_bus(
    template: Json, module: str
) -> None:
    variables = function(template, module)["Environment"]["Variables"]
    bus = set() if module == "worker" else {"S3AM_CLOUD_EVENT_BUS"}
    named = {"S3AM_CLOUD_WORK_BUCKET", "S3AM_CLOUD_KEY_ARN", "POWERTOOLS_SERVICE_NAME", "POWERTOOLS_LOG_LEVEL"}
    hosts = set() if module == "janitor" else {"S3AM_CLOUD_ALLOWED_HOSTS"}
    assert set(variables) == named | bus | hosts
    assert template["Resources"][variables["S3AM_CLOUD_WORK_BUCKET"]["Ref"]]["Type"] == "AWS::S3::Bucket"
    assert template["Resources"][variables["S3AM_CLOUD_KEY_ARN"]["Fn::GetAtt"][0]]["Type"] == "AWS::KMS::Key"


def test_the_permission_to_fetch_from_loopback_is_never_in_the_template(stack: Synthesized) -> None:
    assert "S3AM_CLOUD_ALLOW_PRIVATE" not in stack.template.read_text(encoding="utf-8")
    assert "ALLOW_PRIVATE_SOURCES" in (ROOT / "functions/s3am_cloud/handlers/world.py").read_text(encoding="utf-8")


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


def test_every_log_is_kept_for_a_month_in_a_group_of_the_stack(template: Json) -> None:
    groups = of_type(template, "AWS::Logs::LogGroup")
    assert [group["Properties"]["RetentionInDays"] for group in groups] == [30] * 4
    for module in HANDLERS:
        group = function(template, module)["LoggingConfig"]["LogGroup"]["Ref"]
        assert template["Resources"][group]["Type"] == "AWS::Logs::LogGroup"


def test_no_two_roles_are_shared_and_none_takes_a_policy_of_somebody_else(template: Json) -> None:
    roles = of_type(template, "AWS::IAM::Role")
    assert len(roles) == 5
    assert not [role for role in roles if "ManagedPolicyArns" in role["Properties"]]


def test_only_log_delivery_is_allowed_on_every_resource(template: Json) -> None:
    everywhere = [s for s in allowed(template) if "*" in [r for r in as_list(s["Resource"]) if isinstance(r, str)]]
    assert len(everywhere) == 1
    assert {action.split(":")[0] for action in everywhere[0]["Action"]} == {"logs"}


def test_no_action_is_allowed_by_wildcard(template: Json) -> None:
    every = [action for s in allowed(template) for action in as_list(s["Action"])]
    assert not [action for action in every if "*" in action]


def test_the_janitor_may_delete_notes_about_jobs_and_nothing_else_and_who_completes_objects_at_destinations(
    template: Json,
) -> None:
    """An object that turns out not to be what was asked for is deleted again."""
    deletes = [
        (module, s["Resource"])
        for module in HANDLERS
        for s in statements(role_of(template, module))
        if [action for action in as_list(s["Action"]) if action.startswith("s3:Delete")]
    ]
    assert [module for module, _ in deletes] == ["control", "worker", "janitor"]
    [*others, (_, notes)] = deletes
    assert all(names.DESTINATION_BUCKETS in json.dumps(resource) for _, resource in others)
    assert "StorageWork" in json.dumps(notes)
    assert notes["Fn::Join"][1][-1] == f"/{names.JOBS_PREFIX}*"


def test_the_janitor_may_look_at_a_failed_execution_its_map_run_and_the_child_that_failed(template: Json) -> None:
    asked = {
        action: [json.dumps(resource) for resource in as_list(s["Resource"])]
        for s in statements(role_of(template, "janitor"))
        for action in as_list(s["Action"])
        if action.startswith("states:")
    }
    assert set(asked) == {"states:DescribeExecution", "states:ListMapRuns", "states:ListExecutions"}
    [execution, child] = asked["states:DescribeExecution"]
    assert ":execution:" in execution
    assert f"/{names.MAP_LABEL}:*" in child
    assert all(":mapRun:" in resource for resource in asked["states:ListExecutions"])


def test_the_worker_may_do_at_sources_and_destinations_what_control_may(template: Json) -> None:
    """It prepares and completes jobs that have secrets."""
    assert actions(template, "worker") == actions(template, "control")


def test_secrets_of_jobs_are_opened_by_the_worker_alone(template: Json) -> None:
    """Everybody else's use of the key is S3's, which has another encryption context; S3 opens no secret of a job."""
    by_s3 = {"kms:ViaService": {"Fn::Join": ["", ["s3.", {"Ref": "AWS::Region"}, ".", {"Ref": "AWS::URLSuffix"}]]}}
    of_worker = list(statements(role_of(template, "worker")))
    uses = [s for s in allowed(template) if re.search(r'"(kms|secretsmanager):', json.dumps(s["Action"]))]
    alone = [s for s in uses if s.get("Condition") != {"StringEquals": by_s3}]
    assert len(uses) == 6
    assert all(s in of_worker for s in alone)
    [unseal, read] = alone
    assert (unseal["Action"], unseal["Condition"]) == ("kms:Decrypt", {"Null": {"kms:EncryptionContext:job": "false"}})
    assert read["Action"] == "secretsmanager:GetSecretValue"
    assert read["Resource"]["Fn::Join"][1][-1] == ":secret:s3am-cloud/*"


def test_the_stack_and_the_functions_agree_on_the_names_of_secrets() -> None:
    assert names.SECRETS_PREFIX == VAULT_PREFIX


def test_the_janitor_may_abort_uploads_but_not_write_at_destinations(template: Json) -> None:
    on_destinations = [
        s for s in statements(role_of(template, "janitor")) if names.DESTINATION_BUCKETS in json.dumps(s["Resource"])
    ]
    assert [set(s["Action"]) for s in on_destinations] == [{"s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"}]


@pytest.mark.parametrize("module", HANDLERS)
def test_in_the_work_bucket_a_function_reaches_objects_below_jobs_only(template: Json, module: str) -> None:
    objects = [
        s["Resource"]["Fn::Join"][1][-1]
        for s in statements(role_of(template, module))
        if "StorageWork" in json.dumps(s["Resource"]) and "s3:GetObject" in as_list(s["Action"])
    ]
    assert objects == [f"/{names.JOBS_PREFIX}*"]


def test_source_and_destination_buckets_are_the_users_choice_and_never_all_by_default(template: Json) -> None:
    parameters = template["Parameters"]
    chosen = {names.DESTINATION_BUCKETS, names.SOURCE_BUCKETS, names.ALLOWED_HOSTS, names.ALARM_TOPIC}
    assert set(parameters) == {*chosen, names.REQUEST_BUS}
    for parameter in (parameters[names.DESTINATION_BUCKETS], parameters[names.SOURCE_BUCKETS]):
        assert parameter["Type"] == "CommaDelimitedList"
        assert re.fullmatch(r"arn:aws:s3:::[a-z0-9-]{3,}\*?", parameter["Default"])


def test_the_machine_may_invoke_control_and_worker_and_start_itself(template: Json) -> None:
    [invoke] = [s for s in allowed(template) if "lambda:InvokeFunction" in as_list(s["Action"])]
    invoked = {resource["Fn::GetAtt"][0] for resource in invoke["Resource"]}
    handlers = {template["Resources"][name]["Properties"]["Handler"].split(".")[2] for name in invoked}
    assert handlers == {"control", "worker"}
    [for_events, itself] = [s for s in allowed(template) if "states:StartExecution" in as_list(s["Action"])]
    assert for_events == itself
    assert template["Resources"][itself["Resource"]["Ref"]]["Type"] == "AWS::StepFunctions::StateMachine"


def test_a_request_on_the_bus_starts_the_machine_with_its_detail_and_what_tells_events_apart(template: Json) -> None:
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


def test_the_machines_log_takes_errors_only_and_no_data_of_jobs(promises: Template) -> None:
    promises.has_resource_properties(
        "AWS::StepFunctions::StateMachine",
        {
            "StateMachineType": "STANDARD",
            "LoggingConfiguration": {"Level": "ERROR", "IncludeExecutionData": False},
            "TracingConfiguration": Match.absent(),
        },
    )


def test_the_janitor_hears_of_every_unsuccessful_execution_of_this_machine(promises: Template) -> None:
    promises.has_resource_properties(
        "AWS::Events::Rule",
        {
            "EventPattern": {
                "source": ["aws.states"],
                "detail-type": ["Step Functions Execution Status Change"],
                "detail": {
                    "stateMachineArn": [{"Ref": Match.string_like_regexp("StateMachine")}],
                    "status": ["FAILED", "TIMED_OUT", "ABORTED"],
                },
            },
            "Targets": [{"Arn": {"Fn::GetAtt": [Match.string_like_regexp("JanitorFunction"), "Arn"]}}],
        },
    )


def test_the_janitor_sweeps_once_a_day(promises: Template) -> None:
    promises.has_resource_properties(
        "AWS::Events::Rule",
        {"ScheduleExpression": "rate(1 day)", "Targets": [Match.object_like({"Input": '{"action":"sweep"}'})]},
    )


def test_what_the_janitor_could_not_handle_is_kept_in_an_encrypted_queue(template: Json) -> None:
    [queue] = of_type(template, "AWS::SQS::Queue")
    assert queue["Properties"]["SqsManagedSseEnabled"] is True
    targets = [t for rule in of_type(template, "AWS::Events::Rule") for t in rule["Properties"]["Targets"]]
    assert len([t for t in targets if "DeadLetterConfig" in t]) == len(targets) == 3
    assert "DeadLetterConfig" in function(template, "janitor")


def test_the_outputs_are_those_that_clients_look_for(template: Json) -> None:
    assert set(template["Outputs"]) == set(names.OUTPUTS)


def test_the_template_names_no_account_and_no_region_and_needs_no_bootstrap_parameter(stack: Synthesized) -> None:
    text = stack.template.read_text(encoding="utf-8")
    assert not re.search(r"\b\d{12}\b|\b(us|eu|ap)-[a-z]+-\d\b|BootstrapVersion", text)


def test_the_template_fits_into_a_create_stack_request(stack: Synthesized) -> None:
    assert stack.template.stat().st_size <= 51_200
