"""What the state machine promises: read from its definition as Step Functions gets it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from s3am_cloud import errors, names
from s3am_cloud.jobs.prepared import Prepared
from s3am_cloud.limits import WORKER_MEMORY_MIB
from s3am_cloud_infra.node import find_node

Json = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]
VALIDATOR = ROOT / ".venv" / "node" / "node_modules" / "asl-validator" / "dist" / "bin" / "asl-validator.js"


@pytest.fixture(scope="module")
def definition(rendered_definition: str) -> Json:
    parsed: Json = json.loads(rendered_definition)
    return parsed


@pytest.fixture(scope="module")
def transfer(definition: Json) -> Json:
    state: Json = definition["States"]["Transfer"]
    return state


SETTLE = {"action": "settle", "job.$": "$.job", "execution.$": "$$.Execution.Id", "round.$": "$.round"}


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
    broken = rendered_definition.replace('"Default":"Complete"', '"Default":"Report"')
    assert validate(broken, tmp_path).returncode == 1


def test_every_name_in_the_definition_is_filled_in(rendered_definition: str) -> None:
    assert "${" not in rendered_definition


def test_the_map_has_neither_retry_nor_catch(transfer: Json) -> None:
    assert not {"Retry", "Catch"} & set(transfer)


def test_the_map_reads_units_and_runs_standard_children(transfer: Json) -> None:
    """The map reads units from the work bucket and runs standard children."""
    assert transfer["ItemReader"]["ReaderConfig"] == {"InputType": "JSONL"}
    assert transfer["ItemReader"]["Parameters"] == {"Bucket.$": "$.bucket", "Key.$": "$.units_key"}
    assert transfer["ItemSelector"] == {"job.$": "$.job", "unit.$": "$$.Map.Item.Value"}
    assert transfer["ItemProcessor"]["ProcessorConfig"] == {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    assert transfer["MaxConcurrencyPath"] == "$.concurrency"
    assert transfer["Label"] == names.MAP_LABEL


def test_what_the_emulator_would_ignore_is_not_used(transfer: Json) -> None:
    """ToleratedFailurePercentagePath is patched there; it leads to 0 for a single object."""
    assert not {"ItemBatcher", "ResultWriter", "ToleratedFailurePercentage"} & set(transfer)


def test_failed_units_fail_one_object_and_no_dataset(transfer: Json) -> None:
    """The items of a dataset report their own failures; Settle finds those that no unit has reached."""
    assert transfer["ToleratedFailurePercentagePath"] == "$.tolerated"
    assert Prepared("job", True, "bucket", "key", 1).tolerated == 0


def test_a_dataset_is_settled_and_may_go_into_another_round(definition: Json) -> None:
    found = definition["States"]
    for state in ("Settle", "SettleSealed"):
        again = found[found[state]["Next"]]
        assert again["Choices"] == [{"Variable": "$.again", "BooleanEquals": True, "Next": "Transfer"}]
        assert again["Default"] == "Report"
    left = found["AnythingLeft"]["Choices"]
    assert {"Variable": "$.again", "BooleanEquals": True, "Next": "Prepare"} in left
    assert {"Variable": "$.dataset", "BooleanEquals": True, "Next": found["Transfer"]["Next"]} in left
    # A choice fails where what it looks at is missing.
    looked_at = {choice["Variable"].removeprefix("$.") for choice in left}
    assert looked_at <= set(Prepared.__struct_fields__)


def test_a_childs_output_is_constant_so_that_100000_fit(transfer: Json) -> None:
    """A child's output is a constant, so that 100,000 of them fit into 256 KiB."""
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
            throttled = retrier["ErrorEquals"] == ["Lambda.TooManyRequestsException"]
            assert retrier["MaxDelaySeconds"] <= (1800 if throttled else 300), name
            assert retrier["BackoffRate"] > 1, name


def test_no_task_of_a_function_retries_what_it_has_no_name_for(definition: Json) -> None:
    for name, task in function_tasks(definition).items():
        retried = {error for retrier in task["Retry"] for error in retrier["ErrorEquals"]}
        assert not {"States.ALL", "States.TaskFailed"} & retried, name


@pytest.mark.parametrize("state", ["Announce", "DeadLetter"])
def test_an_announcement_is_retried_for_everything_last(definition: Json, state: str) -> None:
    """What is sent is retried for everything only after what can be named."""
    blind = {"States.ALL", "States.TaskFailed"}
    before, last = definition["States"][state]["Retry"]
    assert not blind & set(before["ErrorEquals"])
    assert blind & set(last["ErrorEquals"])


def test_every_function_is_retried_for_the_same_errors(definition: Json) -> None:
    named = [[retrier["ErrorEquals"] for retrier in task["Retry"]] for task in function_tasks(definition).values()]
    assert [names for names in named if names != named[0]] == []


@pytest.mark.parametrize(("state", "seconds"), [("Accept", 60), ("Prepare", 60), ("PrepareSealed", 60), ("Move", 1800)])
def test_what_cannot_be_reached_is_given_up_soon_only_before_the_job(
    definition: Json, state: str, seconds: int
) -> None:
    """What cannot be reached is given up soon before a job begins and late in its course."""
    [retrier] = [r for r in tasks(definition)[state]["Retry"] if "SourceUnavailable" in r["ErrorEquals"]]
    delays = (retrier["IntervalSeconds"] * retrier["BackoffRate"] ** n for n in range(retrier["MaxAttempts"]))
    longest = sum(min(delay, retrier["MaxDelaySeconds"]) for delay in delays)
    assert seconds / 2 < longest < seconds


def family(error: type[errors.TransferError]) -> set[type[errors.TransferError]]:
    return {error}.union(*(family(child) for child in error.__subclasses__()))


def test_errors_that_pass_by_themselves_are_retried_and_no_others(definition: Json) -> None:
    """A class that is added to errors.py has to be added to every task, or here to those that are left to the user."""
    public = {error for error in family(errors.TransferError) if error.__module__ == errors.__name__}
    for_the_user = family(errors.JobFailed) | {errors.Interrupted}
    passing = {error.__name__ for error in public if error.retryable} - {error.__name__ for error in for_the_user}
    assert passing == {"SourceBusy", "SourceUnavailable", "StoreBusy", "StoreUnavailable"}
    for name, task in function_tasks(definition).items():
        ours = [error for retrier in task["Retry"] for error in retrier["ErrorEquals"] if "." not in error]
        assert sorted(ours) == sorted(passing), name


@pytest.mark.parametrize("name", ["SourceChanged", "AccessDenied", "BadSource", "SourceNotFound", "ChecksumMismatch"])
def test_what_no_second_try_mends_fails_at_once(definition: Json, name: str) -> None:
    assert not getattr(errors, name).retryable
    for state, task in function_tasks(definition).items():
        assert name not in [error for retrier in task["Retry"] for error in retrier["ErrorEquals"]]
        assert not task.get("Catch") or state in {"Accept", "PrepareSealed"}


def test_an_event_that_makes_no_job_becomes_a_dead_letter_and_fails(definition: Json) -> None:
    """An event that makes no job becomes a dead letter and then fails by name."""
    found = definition["States"]
    [catch] = found["Accept"]["Catch"]
    assert (catch["ErrorEquals"], catch["ResultPath"]) == (["States.ALL"], "$.refusal")
    whose = found[catch["Next"]]
    assert whose["Choices"] == [{"Variable": "$.event", "IsNull": True, "Next": "Refused"}]
    refuse = found[whose["Default"]]
    letter = found[refuse["Next"]]
    assert refuse["ResultPath"] != "$.refusal"
    assert letter["Resource"].endswith(":sqs:sendMessage")
    assert letter["Parameters"]["MessageBody.$"] == "$.refused.letter"
    assert found[letter["Next"]]["Type"] == "Fail"
    assert found["Refused"]["ErrorPath"] == "$.refusal.Error"
    assert found["Refused"]["CausePath"] == "$.refusal.Cause"


def test_an_event_whose_secret_is_for_something_else_becomes_a_letter(definition: Json) -> None:
    """The worker alone sees what a secret is for, and its own input tells nothing of the event."""
    found = definition["States"]
    [catch] = found["PrepareSealed"]["Catch"]
    refusals = {error.__name__ for error in errors.SecretRefused.__subclasses__()}
    assert set(catch["ErrorEquals"]) == {"BadRequest", "BadSecret", "NoSuchSecret", *refusals - {"SecretNotGranted"}}
    read = found[catch["Next"]]
    assert read["Parameters"] == {"input.$": "$$.Execution.Input", "refusal.$": "$.refusal"}
    whose = found[read["Next"]]
    assert whose["Default"] == "Refused"
    [by_event] = whose["Choices"]
    assert {"Variable": "$.input.event", "IsNull": False} in by_event["And"]
    told = found[by_event["Next"]]
    assert told["Next"] == "Refuse"
    assert set(told["Parameters"]) == {"request.$", "event.$", "refusal.$"}


def test_throttles_crashes_and_lost_invocations_of_functions_are_survived(definition: Json) -> None:
    """The names are AWS's own (Step Functions developer guide, "Handling errors", "Lambda service exceptions")."""
    for name, task in function_tasks(definition).items():
        retried = {error for retrier in task["Retry"] for error in retrier["ErrorEquals"]}
        assert retried >= {
            "Lambda.TooManyRequestsException",
            "Lambda.ServiceException",
            "Lambda.AWSLambdaException",
            "Lambda.SdkClientException",
            "Lambda.ClientExecutionTimeoutException",
            "Lambda.Unknown",
            "Runtime.ExitError",
            "Sandbox.Timedout",
            "States.Timeout",
        }, name


def test_a_throttled_task_waits_as_long_as_its_history_allows(definition: Json) -> None:
    """With full jitter a delay is half of its bound on average. An attempt is scheduled, started and failed: 3 events
    of the 25,000 that an execution may have."""
    for name, task in function_tasks(definition).items():
        [retrier] = [r for r in task["Retry"] if "Lambda.TooManyRequestsException" in r["ErrorEquals"]]
        bounds = (retrier["IntervalSeconds"] * retrier["BackoffRate"] ** n for n in range(retrier["MaxAttempts"]))
        assert sum(min(bound, retrier["MaxDelaySeconds"]) for bound in bounds) / 2 > definition["TimeoutSeconds"], name
        assert 3 * retrier["MaxAttempts"] < 25_000 / 4, name


def test_a_task_waits_a_little_longer_than_its_function_may_run(definition: Json, template: Json) -> None:
    functions = [r for r in template["Resources"].values() if r["Type"] == "AWS::Lambda::Function"]
    longest = max(function["Properties"]["Timeout"] for function in functions)
    for name, task in function_tasks(definition).items():
        assert longest < task["TimeoutSeconds"] <= longest + 120, name


def test_functions_are_as_large_as_a_forecast_takes_them_to_be(template: Json) -> None:
    functions = [r for r in template["Resources"].values() if r["Type"] == "AWS::Lambda::Function"]
    assert {function["Properties"]["MemorySize"] for function in functions} == {WORKER_MEMORY_MIB}


def test_an_execution_ends_a_week_before_its_jobs_notes_expire(definition: Json, template: Json) -> None:
    """An execution ends while its job's notes last, and leaves a week to resume."""
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
                "execution.$": "$$.Execution.Id",
            },
        ),
        ("Prepare", {"action": "prepare", "job.$": "$.job", "execution.$": "$$.Execution.Id"}),
        ("Move", {"job.$": "$.job", "unit.$": "$.unit"}),
        ("PrepareSealed", {"action": "prepare", "job.$": "$.job", "execution.$": "$$.Execution.Id"}),
        ("Complete", {"action": "complete", "job.$": "$.job"}),
        ("CompleteSealed", {"action": "complete", "job.$": "$.job"}),
        ("Settle", SETTLE),
        ("SettleSealed", SETTLE),
        ("Report", {"action": "report", "job.$": "$.job"}),
        (
            "Refuse",
            {
                "action": "refuse",
                "request.$": "$.request",
                "event.$": "$.event",
                "execution.$": "$$.Execution.Id",
                "error.$": "$.refusal.Error",
                "cause.$": "$.refusal.Cause",
            },
        ),
    ],
)
def test_a_function_is_given_ids_and_numbers_and_nothing_else(definition: Json, state: str, payload: Json) -> None:
    assert tasks(definition)[state]["Parameters"]["Payload"] == payload


def test_a_job_with_secrets_is_handled_by_the_worker_alone(definition: Json) -> None:
    """The control function is asked first, and answers only that the job is not its own."""
    worker = {name for name, task in function_tasks(definition).items() if "worker" in json.dumps(task["Parameters"])}
    assert worker == {"PrepareSealed", "Move", "CompleteSealed", "SettleSealed"}
    sealed = {"Variable": "$.sealed", "BooleanEquals": True}
    dataset = {"Variable": "$.dataset", "BooleanEquals": True}
    assert definition["States"][definition["States"]["Prepare"]["Next"]] == {
        "Type": "Choice",
        "Choices": [{**sealed, "Next": "PrepareSealed"}],
        "Default": definition["States"]["PrepareSealed"]["Next"],
    }
    assert definition["States"][definition["States"]["Transfer"]["Next"]] == {
        "Type": "Choice",
        "Choices": [
            {"And": [dataset, sealed], "Next": "SettleSealed"},
            {**dataset, "Next": "Settle"},
            {**sealed, "Next": "CompleteSealed"},
        ],
        "Default": "Complete",
    }
    assert definition["States"]["CompleteSealed"]["Next"] == definition["States"]["Complete"]["Next"]


def test_a_request_without_an_event_is_given_none(definition: Json) -> None:
    assert definition["States"]["WithoutEvent"]["Parameters"] == {"request.$": "$.request", "event": None}


def test_the_announcement_has_the_names_that_others_wait_for(definition: Json) -> None:
    [entry] = definition["States"]["Announce"]["Parameters"]["Entries"]
    assert entry["Source"] == names.EVENT_SOURCE
    assert entry["DetailType.$"] == "$.kind"
    assert entry["Detail.$"] == "$.detail"
