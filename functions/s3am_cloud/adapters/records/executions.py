"""The state machine of a stack, over boto3."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec
from botocore.exceptions import ClientError

from s3am_cloud.adapters.s3.answers import code_of, naming
from s3am_cloud.decoders import Decoder
from s3am_cloud.errors import NoStack, NoSuchJob
from s3am_cloud.events import asked_by
from s3am_cloud.names import EVENT_SOURCE
from s3am_cloud.ports.executions import Execution, Failure

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_stepfunctions import SFNClient

# StopExecution of one that ended a moment ago.
_OVER = {"ExecutionDoesNotExist", "ValidationException"}
# What an execution says when children of its Map Run failed: the true error is theirs.
_TOO_MANY = {"States.ExceedToleratedFailureThreshold", "States.ItemReaderFailed", ""}


class _Job(msgspec.Struct):
    job: str | None = None


class _LambdaCause(msgspec.Struct):
    message: str = msgspec.field(name="errorMessage", default="")


_decode_job: Decoder[_Job] = Decoder(_Job)
_decode_cause: Decoder[_LambdaCause] = Decoder(_LambdaCause)


class MapCounts(msgspec.Struct, frozen=True):
    """The units of a Map Run by their status."""

    total: int
    succeeded: int
    failed: int
    running: int


def machine_of(execution: str) -> str:
    """The ARN of the machine that an execution, by its ARN, is of."""
    return execution.replace(":execution:", ":stateMachine:").rpartition(":")[0]


class StateMachine:
    """`Executions` of one state machine."""

    def __init__(self, client: SFNClient, arn: str) -> None:
        self._client, self._arn = client, arn

    def start(self, name: str, job_id: str) -> Execution:
        """The execution of that name: a new one, or the one that has had that name before."""
        with naming("the state machine"), _missing(self._arn):
            try:
                arn = self._start(name, _Job(job_id))
            except ClientError as error:
                if code_of(error) == "ExecutionAlreadyExists":
                    return self.describe(self.arn_of(name))
                raise
        return Execution(arn=arn, name=name, status="RUNNING", job=job_id)

    def start_with(self, name: str, data: Mapping[str, object]) -> Execution:
        """A new execution with this input."""
        with naming("the state machine"), _missing(self._arn):
            return Execution(arn=self._start(name, data), name=name, status="RUNNING")

    def _start(self, name: str, data: object) -> str:
        text = msgspec.json.encode(data).decode()
        return self._client.start_execution(stateMachineArn=self._arn, name=name, input=text)["executionArn"]

    def stop(self, arn: str, cause: str) -> None:
        """Quiet where it does not run. Tasks that are under way end by themselves. Raises NoSuchJob."""
        if self.describe(arn).status != "RUNNING":
            return
        with naming("the state machine"):
            try:
                self._client.stop_execution(executionArn=arn, error="JobCancelled", cause=cause)
            except ClientError as error:
                if code_of(error) not in _OVER:
                    raise

    def arn_of(self, name: str) -> str:
        return self._arn.replace(":stateMachine:", ":execution:") + f":{name}"

    def describe(self, arn: str) -> Execution:
        """Raises NoSuchJob."""
        with naming("the state machine"):
            try:
                answer = self._client.describe_execution(executionArn=arn)
            except ClientError as error:
                if code_of(error) in {"ExecutionDoesNotExist", "InvalidArn"}:
                    raise NoSuchJob(f"there is no execution {arn.rsplit(':', 1)[-1]}") from error
                raise
        job, event = asked_by(answer.get("input", ""), arn)
        return Execution(
            arn=arn,
            name=answer["name"],
            status=answer["status"],
            started=answer["startDate"],
            stopped=answer.get("stopDate"),
            job=_job_of(answer.get("output", ""), job),
            event=event,
        )

    def recent(self, most: int) -> list[Execution]:
        """The newest first."""
        pages = self._client.get_paginator("list_executions").paginate(
            stateMachineArn=self._arn, PaginationConfig={"MaxItems": most}
        )
        with naming("the state machine"), _missing(self._arn):
            return [
                Execution(
                    arn=item["executionArn"],
                    name=item["name"],
                    status=item["status"],
                    started=item["startDate"],
                    stopped=item.get("stopDate"),
                    job=item["name"],
                )
                for page in pages
                for item in page["executions"]
            ]

    def counts(self, arn: str) -> MapCounts | None:
        """The units of the execution's Map Run, None where it has none yet."""
        with naming("the state machine"):
            runs = self._client.list_map_runs(executionArn=arn)["mapRuns"]
            if not runs:
                return None
            items = self._client.describe_map_run(mapRunArn=runs[0]["mapRunArn"])["itemCounts"]
        return MapCounts(items["total"], items["succeeded"], items["failed"], items["running"])

    def failure(self, arn: str) -> Failure | None:
        with naming("the state machine"):
            answer = self._client.describe_execution(executionArn=arn)
            if answer["status"] in {"RUNNING", "SUCCEEDED"}:
                return None
            if answer.get("error", "") in _TOO_MANY:
                below = self._child_failure(arn)
                if below is not None:
                    return below
        return _failure(answer.get("error", ""), answer.get("cause", ""))

    def _child_failure(self, arn: str) -> Failure | None:
        for run in self._client.list_map_runs(executionArn=arn)["mapRuns"]:
            failed = self._client.list_executions(mapRunArn=run["mapRunArn"], statusFilter="FAILED", maxResults=1)[
                "executions"
            ]
            if failed:
                child = self._client.describe_execution(executionArn=failed[0]["executionArn"])
                return _failure(child.get("error", ""), child.get("cause", ""))
        return None


class EventBus:
    """`Outcomes` on an event bus."""

    def __init__(self, client: EventBridgeClient, name: str) -> None:
        self._client, self._name = client, name

    def announce(self, detail_type: str, detail: Mapping[str, object]) -> None:
        with naming(f"event bus {self._name}"):
            self._client.put_events(
                Entries=[
                    {
                        "Source": EVENT_SOURCE,
                        "DetailType": detail_type,
                        "EventBusName": self._name,
                        "Detail": msgspec.json.encode(detail).decode(),
                    }
                ]
            )


def _failure(name: str, cause: str) -> Failure | None:
    if not name and not cause:
        return None
    try:
        message = _decode_cause(cause).message
    except msgspec.DecodeError:
        message = cause
    return Failure(name=name, message=message)


def _job_of(output: str, job: str) -> str:
    """A request for what was under way already ends with the id of that job as its output."""
    try:
        return _decode_job(output).job or job
    except msgspec.DecodeError:
        return job


@contextmanager
def _missing(arn: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if code_of(error) == "StateMachineDoesNotExist":
            raise NoStack(f"there is no state machine {arn.rsplit(':', 1)[-1]}") from error
        raise
