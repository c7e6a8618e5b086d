"""What the roles of the stack may do: read from the template that CloudFormation gets."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from s3am_cloud import names
from template_roles import HANDLERS, Json, actions, allowed, as_list, function, of_type, rights_of, statements


def test_no_two_roles_are_shared_and_none_takes_a_policy_of_somebody_else(template: Json) -> None:
    roles = of_type(template, "AWS::IAM::Role")
    assert len(roles) == 5
    assert not [role for role in roles if "ManagedPolicyArns" in role["Properties"]]


def test_only_log_delivery_is_allowed_on_every_resource(template: Json) -> None:
    """And what Lambda does to be in a network, where the stack is in one."""
    everywhere = [s for s in allowed(template) if "*" in [r for r in as_list(s["Resource"]) if isinstance(r, str)]]
    assert len(everywhere) == 1
    assert {action.split(":")[0] for action in everywhere[0]["Action"]} == {"logs"}


def test_no_action_is_allowed_by_wildcard(template: Json) -> None:
    every = [action for s in allowed(template) for action in as_list(s["Action"])]
    assert not [action for action in every if "*" in action]


def test_functions_may_delete_only_what_they_have_to(
    template: Json,
) -> None:
    """An object that turns out not to be what was asked for is deleted again, and so is a refused request's record."""
    deletes = [
        (module, s["Resource"])
        for module in HANDLERS
        for s in rights_of(template, module)
        if [action for action in as_list(s["Action"]) if action.startswith("s3:Delete")]
    ]
    at_destinations = [module for module, resource in deletes if names.DESTINATION_BUCKETS in json.dumps(resource)]
    notes = [
        (module, each["Fn::Join"][1][-1].removeprefix(f"/{names.JOBS_PREFIX}"))
        for module, resource in deletes
        if "StorageWork" in json.dumps(resource)
        for each in (resource if isinstance(resource, list) else [resource])
    ]
    assert at_destinations == ["control", "worker"]
    assert [pattern for module, pattern in notes if module != "worker"] == ["*", "*"]
    # Of a dataset's item that had an upload: its record, the upload's index, when to look for it.
    of_items = {"*-i*/job.json", ".uploads/*", ".expiring/*-i*"}
    assert {pattern for module, pattern in notes if module == "worker"} == of_items
    assert len(deletes) == 5


@pytest.mark.parametrize("module", ["control", "worker", "janitor"])
def test_in_the_work_bucket_a_function_may_do_nothing_but_keep_notes(template: Json, module: str) -> None:
    """Also where the buckets that the stack was given as sources and destinations include it."""
    [denied] = rights_of(template, module, "Deny")
    notes = {"s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:DeleteObject"}
    assert set(denied["NotAction"]) == notes
    [bucket, objects] = denied["Resource"]
    assert bucket["Fn::GetAtt"][0] == objects["Fn::Join"][1][0]["Fn::GetAtt"][0]
    assert "StorageWork" in json.dumps(bucket)
    assert objects["Fn::Join"][1][1] == "/*"
    assert "Condition" not in denied


def test_of_the_notes_the_machine_reads_lists_of_units_only(template: Json) -> None:
    [machine] = [r for r in of_type(template, "AWS::IAM::Role") if "lambda:InvokeFunction" in json.dumps(r)]
    [notes] = [s for s in statements(machine) if "s3:" in json.dumps(s["Action"])]
    assert notes["Action"] == "s3:GetObject"
    assert notes["Resource"]["Fn::Join"][1][-1] == f"/{names.JOBS_PREFIX}*/units*.jsonl"


def test_the_janitor_may_look_at_a_failed_execution_and_its_children(template: Json) -> None:
    """The janitor may look at a failed execution, its map run and the child that failed."""
    asked = {
        action: [json.dumps(resource) for resource in as_list(s["Resource"])]
        for s in rights_of(template, "janitor")
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
    of_worker = list(rights_of(template, "worker"))
    every = [s for s in allowed(template) if re.search(r'"(kms|secretsmanager):', json.dumps(s["Action"]))]
    uses = [s for s in every if names.BUCKET_KEYS not in json.dumps(s["Resource"])]
    alone = [s for s in uses if s.get("Condition") != {"StringEquals": by_s3}]
    assert len(uses) == 6
    assert all(s in of_worker for s in alone)
    [unseal, read] = alone
    assert (unseal["Action"], unseal["Condition"]) == ("kms:Decrypt", {"Null": {"kms:EncryptionContext:job": "false"}})
    assert read["Action"] == "secretsmanager:GetSecretValue"
    assert read["Resource"]["Fn::Join"][1][-1] == ":secret:s3am-cloud/*"


def test_keys_of_buckets_are_used_by_way_of_s3_and_secrets_manager(template: Json) -> None:
    """Nothing of it exists where no key is given."""
    policies = [p for p in of_type(template, "AWS::IAM::Policy") if names.BUCKET_KEYS in json.dumps(p)]
    assert {p["Condition"] for p in policies} == {"KeysAreGiven"}
    used = {
        (role["Ref"].split("Role")[0], s["Action"], service["Fn::Join"][1][0])
        for p in policies
        for role in p["Properties"]["Roles"]
        for s in p["Properties"]["PolicyDocument"]["Statement"]
        for service in as_list(s["Condition"]["StringLike"]["kms:ViaService"])
    }
    assert used == {
        *(
            (module, "kms:Decrypt", by)
            for module in ("Control", "Worker", "Janitor")
            for by in ("s3.*.", "secretsmanager.")
        ),
        *((module, "kms:GenerateDataKey", "s3.*.") for module in ("Control", "Worker")),
    }


def test_every_statement_about_buckets_is_for_accounts_that_are_allowed(template: Json) -> None:
    """The stack's own bucket is the stack's own account's; of others a parameter may name more."""
    at_buckets = [s for s in allowed(template) if any(action.startswith("s3:") for action in as_list(s["Action"]))]
    assert len(at_buckets) == 15
    own = {"Ref": "AWS::AccountId"}
    others = {"Fn::Split": [",", {"Fn::Sub": f"${{AWS::AccountId}},${{{names.ALLOWED_ACCOUNTS}}}"}]}
    for s in at_buckets:
        noted = "StorageWork" in json.dumps(s["Resource"])
        accounts = own if noted else {"Fn::If": ["OtherAccounts", others, [own]]}
        assert s["Condition"] == {"StringEquals": {"aws:ResourceAccount": accounts}}


def test_versions_of_objects_are_deleted_by_who_completes_them_alone(template: Json) -> None:
    deleting = [module for module in HANDLERS if "s3:DeleteObjectVersion" in actions(template, module)]
    assert deleting == ["control", "worker"]
    assert "s3:DeleteObjectVersion" not in json.dumps(of_type(template, "AWS::IAM::Role"))


def test_the_key_denies_what_was_sealed_for_a_job_to_all_but_the_worker(template: Json) -> None:
    """Whatever their own policies allow, and also by way of re-encryption."""
    [key] = of_type(template, "AWS::KMS::Key")
    [denied] = [s for s in key["Properties"]["KeyPolicy"]["Statement"] if s["Effect"] == "Deny"]
    role = function(template, "worker")["Role"]
    assert denied["Principal"] == {"AWS": "*"}
    assert denied["Action"] == ["kms:Decrypt", "kms:ReEncryptFrom"]
    assert denied["Condition"] == {
        "Null": {"kms:EncryptionContext:job": "false"},
        "ArnNotEquals": {"aws:PrincipalArn": role},
    }


def test_the_policy_for_who_submits_decrypts_by_way_of_s3_alone() -> None:
    text = (Path(__file__).parents[2] / "SECURITY.md").read_text(encoding="utf-8")
    [block] = [found for found in re.findall(r"```json\n(.*?)```", text, re.DOTALL) if "Statement" in found]
    of_key = {
        action: s.get("Condition", {})
        for s in json.loads(block)["Statement"]
        for action in as_list(s["Action"])
        if action.startswith("kms:")
    }
    by_s3 = {"StringEquals": {"kms:ViaService": "s3.REGION.amazonaws.com"}}
    assert of_key == {
        "kms:Decrypt": by_s3,
        "kms:GenerateDataKey": by_s3,
        "kms:Encrypt": {"Null": {"kms:EncryptionContext:job": "false"}},
    }


def test_the_janitor_may_abort_uploads_but_not_write_at_destinations(template: Json) -> None:
    on_destinations = [
        s for s in rights_of(template, "janitor") if names.DESTINATION_BUCKETS in json.dumps(s["Resource"])
    ]
    assert [set(s["Action"]) for s in on_destinations] == [{"s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"}]


@pytest.mark.parametrize("module", HANDLERS)
def test_in_the_work_bucket_a_function_reaches_objects_below_jobs_only(template: Json, module: str) -> None:
    objects = [
        s["Resource"]["Fn::Join"][1][-1]
        for s in rights_of(template, module)
        if "StorageWork" in json.dumps(s["Resource"]) and "s3:GetObject" in as_list(s["Action"])
    ]
    assert objects == [f"/{names.JOBS_PREFIX}*"]


def test_buckets_are_the_users_choice_and_never_all_by_default(template: Json) -> None:
    """Source and destination buckets are the user's choice, and never all by default."""
    parameters = template["Parameters"]
    chosen = {names.DESTINATION_BUCKETS, names.SOURCE_BUCKETS, names.ALLOWED_HOSTS, names.ALARM_TOPIC}
    chosen |= {names.REQUEST_BUS, names.MAX_WORKERS, names.RESERVE_WORKERS, names.ALLOWED_ACCOUNTS, names.BUCKET_KEYS}
    chosen |= {names.SUBNETS, names.SECURITY_GROUPS, names.PERMISSIONS_BOUNDARY}
    assert set(parameters) == chosen
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
