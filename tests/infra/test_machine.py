"""What the state machine promises: read from its definition as Step Functions gets it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from s3am_cloud import errors
from s3am_cloud_infra import names
from s3am_cloud_infra.node import find_node

Json = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]
VALIDATOR = ROOT / "node_modules" / "asl-validator" / "dist" / "bin" / "asl-validator.js"


@pytest.fixture(scope="module")
def definition(rendered_definition: str) -> Json:
    parsed: Json = json.loads(rendered_definition)
    return parsed


@pytest.fixture(scope="module")
def transfer(definition: Json) -> Json:
    state: Json = definition["States"]["Transfer"]
    return state


def states(definition: Json) -> Iterator[tuple[str, Json]]:
    for name, state in definition["States"].items():
        yield name, state
        yield from states(state["ItemProcessor"]) if "ItemProcessor" in state else ()


def tasks(definition: Json) -> dict[str, Json]:
    return {name: state for name, state in states(definition) if state["Type"] == "Task"}


def function_tasks(definition: Json) -> dict[str, Json]:
    return {name: task for name, task in tasks(definition).items() if task["Resource"].endswith("lambda:invoke")}


def validate(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    file = folder / "machine.asl.json"
    file.write_text(text, encoding="utf-8")
    command = find_node().command(["node", str(VALIDATOR), "--json-path", str(file)])
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_definition_is_valid_amazon_states_language(rendered_definition: str, tmp_path: Path) -> None:
    answer = validate(rendered_definition, tmp_path)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_the_validator_would_notice_a_state_that_nothing_leads_to(rendered_definition: str, tmp_path: Path) -> None:
    assert validate(rendered_definition.replace('"Next": "Complete"', '"End": true'), tmp_path).returncode == 1


def test_every_name_in_the_definition_is_filled_in(rendered_definition: str) -> None:
    assert "${" not in rendered_definition


def test_the_map_has_neither_retry_nor_catch(transfer: Json) -> None:
    assert not {"Retry", "Catch"} & set(transfer)


def test_the_map_reads_units_from_the_work_bucket_and_runs_standard_children(transfer: Json) -> None:
    assert transfer["ItemReader"]["ReaderConfig"] == {"InputType": "JSONL"}
    assert transfer["ItemReader"]["Parameters"] == {"Bucket.$": "$.bucket", "Key.$": "$.units_key"}
    assert transfer["ItemSelector"] == {"job.$": "$.job", "unit.$": "$$.Map.Item.Value"}
    assert transfer["ItemProcessor"]["ProcessorConfig"] == {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    assert transfer["MaxConcurrencyPath"] == "$.concurrency"
    assert transfer["Label"] == names.MAP_LABEL


def test_what_the_emulator_would_ignore_is_not_used(transfer: Json) -> None:
    ignored = {"ItemBatcher", "ResultWriter", "ToleratedFailurePercentage", "ToleratedFailurePercentagePath"}
    assert not ignored & set(transfer)


def test_a_childs_output_is_a_constant_so_that_100000_of_them_fit_into_256_kib(transfer: Json) -> None:
    [last] = [state for state in transfer["ItemProcessor"]["States"].values() if state.get("End")]
    assert last["Type"] == "Pass"
    assert 100_000 * len(json.dumps(last["Result"]) + ",") < 256 * 1024


def test_a_unit_that_is_not_done_goes_round_again(transfer: Json) -> None:
    child = transfer["ItemProcessor"]["States"]
    after = child[child["Move"]["Next"]]
    assert after["Default"] == "Move"
    assert after["Choices"] == [{"Variable": "$.done", "BooleanEquals": True, "Next": "Moved"}]


def test_every_task_retries_by_name_with_full_jitter_and_a_longest_delay(definition: Json) -> None:
    for name, task in tasks(definition).items():
        assert task["Retry"], name
        for retrier in task["Retry"]:
            assert retrier["JitterStrategy"] == "FULL", name
            assert retrier["MaxDelaySeconds"] <= 300, name
            assert retrier["BackoffRate"] > 1, name


def test_no_task_of_a_function_retries_what_it_has_no_name_for(definition: Json) -> None:
    for name, task in function_tasks(definition).items():
        retried = {error for retrier in task["Retry"] for error in retrier["ErrorEquals"]}
        assert not {"States.ALL", "States.TaskFailed"} & retried, name


def test_the_announcement_retries_everything_only_after_what_it_can_name(definition: Json) -> None:
    blind = {"States.ALL", "States.TaskFailed"}
    before, last = definition["States"]["Announce"]["Retry"]
    assert not blind & set(before["ErrorEquals"])
    assert blind & set(last["ErrorEquals"])


def test_every_function_is_retried_for_the_same_errors(definition: Json) -> None:
    named = [[retrier["ErrorEquals"] for retrier in task["Retry"]] for task in function_tasks(definition).values()]
    assert [names for names in named if names != named[0]] == []


@pytest.mark.parametrize(("state", "seconds"), [("Accept", 60), ("Prepare", 60), ("Move", 1800)])
def test_what_cannot_be_reached_is_given_up_soon_before_a_job_begins_and_late_in_its_course(
    definition: Json, state: str, seconds: int
) -> None:
    [retrier] = [r for r in tasks(definition)[state]["Retry"] if "SourceUnavailable" in r["ErrorEquals"]]
    delays = (retrier["IntervalSeconds"] * retrier["BackoffRate"] ** n for n in range(retrier["MaxAttempts"]))
    longest = sum(min(delay, retrier["MaxDelaySeconds"]) for delay in delays)
    assert seconds / 2 < longest < seconds


def test_the_errors_of_ours_that_are_retried_exist_and_say_that_trying_again_may_help(definition: Json) -> None:
    retriers = function_tasks(definition)["Move"]["Retry"]
    ours = {error for retrier in retriers for error in retrier["ErrorEquals"] if "." not in error}
    assert ours == {"SourceBusy", "SourceUnavailable", "StoreBusy", "StoreUnavailable"}
    assert all(getattr(errors, name).retryable for name in ours)


def test_a_task_waits_a_little_longer_than_its_function_may_run(definition: Json, template: Json) -> None:
    functions = [r for r in template["Resources"].values() if r["Type"] == "AWS::Lambda::Function"]
    longest = max(function["Properties"]["Timeout"] for function in functions)
    for name, task in function_tasks(definition).items():
        assert longest < task["TimeoutSeconds"] <= longest + 120, name


def test_an_execution_ends_while_its_jobs_notes_last_and_leaves_a_week_to_resume(
    definition: Json, template: Json
) -> None:
    [bucket] = [r for r in template["Resources"].values() if r["Type"] == "AWS::S3::Bucket"]
    days = bucket["Properties"]["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"]
    assert definition["TimeoutSeconds"] + 7 * 86_400 < days * 86_400


@pytest.mark.parametrize(
    ("state", "payload"),
    [
        (
            "Accept",
            {
                "action": "accept",
                "request.$": "$.request",
                "event.$": "$.event",
                "execution.$": "$$.Execution.Name",
            },
        ),
        ("Prepare", {"action": "prepare", "job.$": "$.job", "execution.$": "$$.Execution.Id"}),
        ("Move", {"job.$": "$.job", "unit.$": "$.unit"}),
        ("Complete", {"action": "complete", "job.$": "$.job"}),
        ("Report", {"action": "report", "job.$": "$.job"}),
    ],
)
def test_a_function_is_given_ids_and_numbers_and_nothing_else(definition: Json, state: str, payload: Json) -> None:
    assert tasks(definition)[state]["Parameters"]["Payload"] == payload


def test_a_request_without_an_event_is_given_none(definition: Json) -> None:
    assert definition["States"]["WithoutEvent"]["Parameters"] == {"request.$": "$.request", "event": None}


def test_the_announcement_has_the_names_that_others_wait_for(definition: Json) -> None:
    [entry] = definition["States"]["Announce"]["Parameters"]["Entries"]
    assert entry["Source"] == names.EVENT_SOURCE
    assert entry["DetailType"] == names.TRANSFER_SUCCEEDED
    assert entry["Detail.$"] == "$.detail"
