"""How many workers a stack gets of its account's Lambda quota, by what the user says and what the account has."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from s3am_cloud import names
from s3am_cloud.errors import Usage
from s3am_cloud.handlers.environment import Environment
from s3am_cloud.limits import CONTROL_CONCURRENCY, JANITOR_CONCURRENCY
from s3am_cloud_cli.deployment.quotas import Quota, WorkerLimit, lambda_quota, worker_limit
from s3am_cloud_client.remote.client import max_workers

USUAL, NEW = Quota(total=1000, unreserved=1000), Quota(total=10, unreserved=10)


def limit(requested: str | None, quota: Quota | None = USUAL, **before: str) -> WorkerLimit:
    return worker_limit(requested, before, quota, "eu-west-1")


def account(answer: object) -> Any:
    def ask() -> object:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return cast(Any, SimpleNamespace(client=lambda service: SimpleNamespace(get_account_settings=ask)))


def test_a_stack_reserves_a_quarter_of_the_quota_by_default() -> None:
    """A stack reserves a quarter of the quota unless the user says otherwise."""
    made = limit(None)
    assert made.parameters == {"MaxWorkers": "250", "ReserveWorkers": "yes"}
    assert any("--max-workers" in note for note in made.notes)
    assert limit("40").parameters == {"MaxWorkers": "40", "ReserveWorkers": "yes"}
    assert limit("0").parameters == {"MaxWorkers": "0"}


@pytest.mark.parametrize("total", [300, 1000, 3000, 50_000])
def test_a_burst_of_events_leaves_half_of_the_quota_to_other_functions(total: int) -> None:
    """A burst of events leaves more than half of the quota to other functions."""
    made = limit(None, Quota(total=total, unreserved=total))
    assert made.parameters["ReserveWorkers"] == "yes"
    assert int(made.parameters["MaxWorkers"]) + CONTROL_CONCURRENCY + JANITOR_CONCURRENCY < total / 2


def test_a_stack_that_has_a_limit_keeps_it() -> None:
    assert limit(None, MaxWorkers="40") == WorkerLimit({}, [])
    assert limit(None, MaxWorkers="0") == WorkerLimit({}, [])


def test_a_quota_below_200_is_warned_of_and_limits_single_jobs() -> None:
    made = limit(None, NEW)
    assert made.parameters == {"MaxWorkers": "8", "ReserveWorkers": "no"}
    assert "only 10 Lambda invocations" in made.notes[0]
    assert "eu-west-1" in made.notes[0]
    assert limit("5", NEW).parameters == {"MaxWorkers": "5", "ReserveWorkers": "no"}
    assert limit(None, NEW, MaxWorkers="8").notes == made.notes[:1]
    assert limit(None, Quota(total=199, unreserved=199)).notes[0] != limit(None, Quota(200, 200)).notes[0]


def test_a_quota_that_has_grown_since_is_reported() -> None:
    made = limit(None, USUAL, MaxWorkers="8", ReserveWorkers="no")
    assert made.parameters == {}
    assert "--max-workers allows up to 875" in made.notes[0]
    assert limit(None, NEW, MaxWorkers="8", ReserveWorkers="no").notes == limit(None, NEW).notes[:1]
    assert limit(None, USUAL, MaxWorkers="8", ReserveWorkers="yes").notes == []


def test_more_than_lambda_can_reserve_is_refused_with_what_it_can() -> None:
    assert limit("875").parameters["ReserveWorkers"] == "yes"
    with pytest.raises(Usage) as refused:
        limit("876")
    assert "--max-workers 875 or less" in refused.value.hint


def test_what_the_stack_reserves_already_is_its_own_to_reserve() -> None:
    """Of 1,000 others reserve 300, and the stack 200 and 25 beside."""
    quota = Quota(total=1000, unreserved=475)
    assert limit("575", quota, MaxWorkers="200", ReserveWorkers="yes").parameters["ReserveWorkers"] == "yes"
    with pytest.raises(Usage, match="576 workers"):
        limit("576", quota, MaxWorkers="200", ReserveWorkers="yes")
    with pytest.raises(Usage):
        limit("575", quota, MaxWorkers="200", ReserveWorkers="no")


def test_a_quota_that_may_not_be_read_is_reported_and_changes_nothing() -> None:
    """A quota that the user may not read is reported and changes nothing."""
    denied = ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetAccountSettings")
    assert lambda_quota(account(denied)) is None
    made = limit(None, None)
    assert made.parameters == {}
    assert "lambda:GetAccountSettings" in made.notes[0]
    assert limit("7", None).parameters == {"MaxWorkers": "7"}


def test_the_quota_is_what_lambda_says() -> None:
    answer = {"AccountLimit": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 900}}
    assert lambda_quota(account(answer)) == Quota(total=1000, unreserved=900)


@pytest.mark.parametrize(("value", "most"), [("0", None), ("", None), ("12", 12)])
def test_a_function_knows_how_many_workers_a_job_may_have(value: str, most: int | None) -> None:
    assert Environment({"S3AM_CLOUD_MAX_WORKERS": value}).most_workers == most
    assert Environment({}).most_workers is None


@pytest.mark.parametrize(
    ("parameters", "most"), [({}, None), ({"MaxWorkers": "0"}, None), ({"MaxWorkers": "12", "AllowedHosts": ""}, 12)]
)
def test_a_client_knows_the_limit_of_its_stack(parameters: dict[str, str], most: int | None) -> None:
    """Also of one that was deployed before there was any."""
    outputs = dict.fromkeys(names.OUTPUTS, "x")
    described = {
        "Parameters": [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
        "Outputs": [{"OutputKey": name, "OutputValue": value} for name, value in outputs.items()],
    }
    client = SimpleNamespace(describe_stacks=lambda StackName: {"Stacks": [described]})  # noqa: N803
    access = SimpleNamespace(
        region="r", settings=SimpleNamespace(endpoint_url=None), boto=SimpleNamespace(client=lambda *_, **__: client)
    )
    assert max_workers(cast(Any, access), "S") == most
