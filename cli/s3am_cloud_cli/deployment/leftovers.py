"""What jobs of a stack would leave behind if it went: running executions, and uploads that nobody finished."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import msgspec

from s3am_cloud.adapters.clock import SystemClock
from s3am_cloud.adapters.records.executions import StateMachine
from s3am_cloud.adapters.records.jobs import Jobs
from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.adapters.s3.answers import naming
from s3am_cloud.adapters.s3.documents import Bucket
from s3am_cloud.adapters.s3.store import S3Store
from s3am_cloud.errors import AccessDenied, JobFailedForGood, NoSuchJob, TransferError, UploadGone
from s3am_cloud.model import Upload
from s3am_cloud.ports.transfer import Clock
from s3am_cloud.transfer.steps.abort import abort
from s3am_cloud_cli.deployment.account import Account

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

_LOOKERS = 8  # a stack may have thousands of records of the last 30 days
_STOP_SECONDS = 60.0


class LeftUpload(msgspec.Struct, frozen=True):
    """An unfinished upload that a job's record names. It is stored, and paid for, until it is aborted."""

    job: str
    upload: Upload

    @property
    def url(self) -> str:
        return str(self.upload.target)


class Leftovers:
    """The jobs of one stack, by its work bucket and its state machine; None where the stack is half gone already."""

    def __init__(
        self, access: S3Access, account: Account, bucket: str | None, machine: str | None, clock: Clock | None = None
    ) -> None:
        self._access, self._bucket, self._machine = access, bucket, machine
        self._states, self._clock = account.client("stepfunctions"), clock or SystemClock()
        self._store = S3Store(access, self._clock)

    def running(self) -> list[str]:
        """The ARNs of the executions that run."""
        if self._machine is None:
            return []
        with naming("the state machine"):
            pages = self._states.get_paginator("list_executions").paginate(
                stateMachineArn=self._machine, statusFilter="RUNNING"
            )
            return [item["executionArn"] for page in pages for item in page["executions"]]

    def stop(self, executions: Iterable[str]) -> None:
        """Stops them, and waits until none runs any more, so that nothing new is written to the work bucket."""
        for arn in executions:
            StateMachine(self._states, self._machine or "").stop(arn, "the stack is being destroyed")
        deadline = self._clock.now().timestamp() + _STOP_SECONDS
        while self.running() and self._clock.now().timestamp() < deadline:
            self._clock.sleep(1)

    def uploads(self) -> list[LeftUpload]:
        """The unfinished uploads that records name. One that can't be asked about is taken for unfinished."""
        if self._bucket is None:
            return []
        jobs = Jobs(Bucket(self._access, self._bucket))
        with ThreadPoolExecutor(_LOOKERS) as lookers:
            found = lookers.map(lambda job_id: self._upload_of(jobs, job_id), jobs.ids())
            return [each for each in found if each is not None]

    def abort(self, uploads: Sequence[LeftUpload]) -> list[LeftUpload]:
        """Aborts them; those that this user may not abort are returned."""
        return [each for each in uploads if not self._aborted(each)]

    def empty(self) -> int:
        """Removes every object of the work bucket with all its versions; how many there were."""
        if self._bucket is None:
            return 0
        client, count = self._access.client(self._access.region), 0
        with naming(f"s3://{self._bucket}"):
            for page in client.get_paginator("list_object_versions").paginate(Bucket=self._bucket):
                found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
                if found:  # a page has 1,000 at most, which is what one request may delete
                    self._delete([{"Key": item["Key"], "VersionId": item["VersionId"]} for item in found])
                count += len(found)
        return count

    def _delete(self, objects: list[ObjectIdentifierTypeDef]) -> None:
        client = self._access.client(self._access.region)
        answer = client.delete_objects(Bucket=str(self._bucket), Delete={"Objects": objects, "Quiet": True})
        for refused in answer.get("Errors", []):
            name = f"s3://{self._bucket}/{refused.get('Key', '')}"
            raise AccessDenied(f"{name} can't be removed: {refused.get('Message', refused.get('Code', ''))}")

    def _upload_of(self, jobs: Jobs, job_id: str) -> LeftUpload | None:
        try:
            upload = jobs.load(job_id).upload
        except (NoSuchJob, JobFailedForGood):
            return None
        return LeftUpload(job_id, upload) if upload is not None and self._is_open(upload) else None

    def _is_open(self, upload: Upload) -> bool:
        try:
            next(iter(self._store.parts(upload)), None)
        except UploadGone:
            return False
        except TransferError:
            return True
        return True

    def _aborted(self, left: LeftUpload) -> bool:
        try:
            abort(left.upload, self._store)
        except TransferError:
            return False
        return True
