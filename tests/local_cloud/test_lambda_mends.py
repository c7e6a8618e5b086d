"""Functions on the embedded cloud fail, time out and live on as they do on AWS."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from local_cloud.probes import Probes, starts
from s3am_cloud_cli.local_cloud.state import StateFolder


def test_an_error_is_reported_under_the_name_of_its_class(probes: Probes) -> None:
    kind, answer, log = probes.invoke(probes.function, fail="SourceBusy")
    assert kind == "Unhandled"
    assert answer["errorType"] == "SourceBusy"
    assert answer["errorMessage"] == "as asked"
    assert "probe_function.py" in answer["stackTrace"][-1]
    assert "SourceBusy: as asked" in log


def test_a_process_lives_on_after_an_error(probes: Probes) -> None:
    before = probes.invoke(probes.function)[1]["pid"]
    probes.invoke(probes.function, fail="ValueError")
    assert probes.invoke(probes.function)[1]["pid"] == before


def test_a_function_has_its_own_environment_and_nothing_of_the_users(
    probes: Probes,
) -> None:
    answer = probes.invoke(probes.function)[1]
    variables = answer["environment"]
    assert variables["OWN"] == "variable"
    assert variables["AWS_LAMBDA_FUNCTION_NAME"] == "probe"
    assert variables["AWS_ENDPOINT_URL"] == probes.cloud.endpoint_url
    assert variables["S3AM_CLOUD_ALLOW_PRIVATE_SOURCES"] == "1"
    assert variables["AWS_CONFIG_FILE"] == variables["AWS_SHARED_CREDENTIALS_FILE"] == "/dev/null"
    assert not any("site-packages" in place for place in answer["path"])
    assert 15_000 < answer["milliseconds"] <= 20_000


def test_permission_to_fetch_from_this_machine_is_not_in_the_template(probes: Probes) -> None:
    stack = probes.client("cloudformation").get_template(StackName=probes.cloud.stack)["TemplateBody"]
    assert "S3AM_CLOUD_WORK_BUCKET" in str(stack)
    assert "S3AM_CLOUD_ALLOW_PRIVATE_SOURCES" not in str(stack)


def test_what_a_function_prints_is_in_its_log(probes: Probes) -> None:
    assert "printed by the function" in probes.invoke(probes.function)[2]


def test_a_function_that_takes_too_long_is_reported_as_timed_out(probes: Probes) -> None:
    hasty = probes.new_function("hasty", timeout=1)
    assert probes.invoke(hasty, sleep=30)[1]["errorType"] == "Sandbox.Timedout"
    assert probes.invoke(hasty)[0] is None


def test_a_crash_is_reported_as_the_exit_of_the_runtime(probes: Probes) -> None:
    kind, answer, log = probes.invoke(probes.function, exit=3)
    assert (kind, answer["errorType"]) == ("Unhandled", "Runtime.ExitError")
    assert "leaving" in log
    assert probes.invoke(probes.function)[0] is None


@pytest.mark.parametrize(
    ("handler", "kind"),
    [("broken.handler", "Runtime.ImportModuleError"), ("probe_function.absent", "Runtime.HandlerNotFound")],
)
def test_code_that_cannot_be_loaded_says_so(probes: Probes, handler: str, kind: str) -> None:
    function = probes.new_function(kind.replace(".", "-"), timeout=5, handler=handler)
    assert probes.invoke(function)[1]["errorType"] == kind


def test_a_retry_by_class_name_matches_and_another_does_not(probes: Probes, notes: Path) -> None:
    retry = {"ErrorEquals": ["SourceBusy"], "IntervalSeconds": 1, "MaxAttempts": 2, "MaxDelaySeconds": 1}
    machine = probes.machine(Retry=[retry | {"JitterStrategy": "FULL"}])
    ended = probes.run(machine, {"fail": "SourceBusy", "notes": str(notes)})
    assert (ended["status"], ended["error"]) == ("FAILED", "SourceBusy")
    assert starts(notes) == 3
    notes.unlink()
    ended = probes.run(machine, {"fail": "ValueError", "notes": str(notes)})
    assert (ended["error"], starts(notes)) == ("ValueError", 1)


def test_a_throttled_task_fails_under_the_name_of_throttling(probes: Probes) -> None:
    """A throttled task fails under the name that a machine retries throttles by."""
    probes.lambdas.put_function_concurrency(FunctionName=probes.function, ReservedConcurrentExecutions=0)
    try:
        assert probes.run(probes.machine(), {})["error"] == "Lambda.TooManyRequestsException"
        with pytest.raises(probes.lambdas.exceptions.TooManyRequestsException):
            probes.invoke(probes.function)
    finally:
        probes.lambdas.delete_function_concurrency(FunctionName=probes.function)
    assert probes.run(probes.machine(), {})["status"] == "SUCCEEDED"


def test_processes_share_one_unpacked_copy_of_the_code(probes: Probes) -> None:
    first = probes.invoke(probes.function)[1]["code"]
    second = probes.invoke(probes.new_function("same-code", timeout=5))[1]["code"]
    assert first == second


def test_each_line_of_a_functions_log_has_an_id_of_its_own_that_stays(probes: Probes) -> None:
    probes.invoke(probes.function)
    ids = [
        [
            event["eventId"]
            for event in probes.client("logs").filter_log_events(logGroupName="/aws/lambda/probe")["events"]
        ]
        for _ in range(2)
    ]
    assert len(ids[0]) == len(set(ids[0])) >= 4
    assert ids[1] == ids[0]


def test_what_functions_ask_for_is_recorded_without_secrets(probes: Probes) -> None:
    """What functions ask the cloud for is written down with their names and without secrets."""
    signed = (
        f"AWS4-HMAC-SHA256 Credential={probes.cloud.access_key_id}/20260101/us-east-1/s3/aws4_request, Signature=s3cret"
    )
    for token in ("function:somebody", "another's token"):
        headers = {"x-amz-security-token": token, "authorization": signed, "x-amz-acl": "private"}
        asked = urllib.request.Request(f"{probes.cloud.endpoint_url}/s3am-nowhere/key?tagging=", headers=headers)
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(asked)
    written = StateFolder().trail_file.read_text()
    [call] = [call for call in map(json.loads, written.splitlines()) if call["path"].startswith("/s3am-nowhere")]
    assert call == {
        "function": "somebody",
        "method": "GET",
        "path": "/s3am-nowhere/key",
        "query": {"tagging": ""},
        "headers": {"x-amz-acl": "private"},
        "status": 404,
        "resources": {},
    }
    assert "s3cret" not in written
