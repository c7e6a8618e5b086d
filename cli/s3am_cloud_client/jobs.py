"""`Client` and `Job`: transfers in the cloud, which continue when this program ends."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from s3am_cloud.items import Item
from s3am_cloud.request import Exists
from s3am_cloud_client.inprocess.system_errors import naming_system_errors
from s3am_cloud_client.logins import NO_LOGINS, Logins
from s3am_cloud_client.observer import Observer, SilentObserver
from s3am_cloud_client.options import Aws, DatasetOptions, SideKeys, SubmitOptions

if TYPE_CHECKING:
    from s3am_cloud.datasets.outcomes import Outcome
    from s3am_cloud.errors import TransferError
    from s3am_cloud.model import Receipt, TransferRequest
    from s3am_cloud.ports.executions import Execution
    from s3am_cloud_client.remote.client import Remote
    from s3am_cloud_client.results import Cancelled, FailedEvents, JobLine, JobStatus, LogLine

OnStatus = Callable[["JobStatus"], object]
"""Gets a job's state every few seconds."""
_USUAL = SubmitOptions()
_USUAL_DATASET = DatasetOptions()
_DEFAULT_AWS = Aws()
_NO_KEYS = SideKeys()
_SILENT = SilentObserver()


class Client:
    """A stack in AWS, and the jobs that it runs.

    >>> from s3am_cloud_client import Client
    >>> job = Client(stack="S3amCloud").submit("https://host/run42.tar", "s3://bucket/runs/")
    >>> job.wait().destination
    's3://bucket/runs/run42.tar'
    """

    def __init__(self, stack: str | None = None, aws: Aws = _DEFAULT_AWS) -> None:
        """`stack` is otherwise $S3AM_CLOUD_STACK, or S3amCloud. It is looked for when it is first needed, which raises
        NoStack, NoCredentials or StoreUnavailable where it can't be found."""
        self._stack, self._aws = stack, aws

    @cached_property
    def remote(self) -> Remote:
        """The stack as `s3am_cloud_client.remote` sees it."""
        from s3am_cloud.names import STACK_VARIABLE
        from s3am_cloud_client.remote.client import Remote

        return Remote(self._aws.settings(), self._stack or os.environ.get(STACK_VARIABLE))

    def submit(
        self,
        source: str,
        destination: str,
        *,
        exists: Exists | None = None,
        options: SubmitOptions = _USUAL,
        observer: Observer = _SILENT,
    ) -> Job:
        """Have the stack copy a URL into S3. The job runs in the cloud: this program may end.

        Keys, passwords and signed URLs are encrypted here, for the stack's worker alone to open. The same request,
        while a job for it runs, joins that job. Raises DestinationBusy where another job writes to the destination,
        TooExpensive for what is above `options.max_cost`, and what is wrong with the request.

        >>> from s3am_cloud_client import Client, SubmitOptions
        >>> options = SubmitOptions(part_size=64 << 20, max_cost=0.50)
        >>> job = Client().submit("https://host/run42.tar", "s3://bucket/", options=options)
        >>> job.wait().state
        'succeeded'
        """
        request = options.request(source, destination, exists)
        keys = SideKeys(options.keys, options.source_keys)
        return self.submit_request(request, keys, options.netrc, observer, options.logins)

    def submit_many(
        self,
        sources: Iterable[str | Item],
        destination: str,
        *,
        options: SubmitOptions = _USUAL,
        dataset: DatasetOptions = _USUAL_DATASET,
        observer: Observer = _SILENT,
    ) -> Job:
        """Have the stack copy many objects below `destination`, as one job in which each has an outcome of its own.

        `sources` are URLs, prefixes in S3 (which end in `/`) or `Item`s; a manifest, also one on this machine, is among
        the `dataset` options. The job lists them, and this program may end. Submitting the same again while it runs
        joins it; later, it copies what is missing. Raises BadManifest, with line and column, for a list on this machine
        that can't be read, and what `submit` raises.

        >>> from s3am_cloud_client import Client
        >>> job = Client().submit_many(["s3://bucket/runs/"], "s3://bucket/copies/")
        """
        from s3am_cloud_client.remote.datasets import dataset_request

        with naming_system_errors():
            request = dataset_request(sources, destination, dataset, options, lambda: self.remote.dataset_files)
        keys = SideKeys(options.keys, options.source_keys)
        return self.submit_request(request, keys, options.netrc, observer, options.logins)

    def submit_request(
        self,
        request: TransferRequest,
        keys: SideKeys = _NO_KEYS,
        netrc: bool = False,
        observer: Observer = _SILENT,
        logins: Logins = NO_LOGINS,
    ) -> Job:
        """Submit a whole request, as `s3am-cloud schema` describes it. Raises what `submit` does."""
        from s3am_cloud_client.remote.submit import SourceSecrets, submit, with_netrc

        with naming_system_errors():
            whole = with_netrc(request) if netrc else request
            secrets = SourceSecrets(keys, logins)
            started = submit(whole, secrets, self._aws, lambda: self.remote, observer)
        return _job(started.execution, self, started.joined)

    def job(self, job_id: str) -> Job:
        """A job by its id, whoever submitted it. Nothing is asked for yet.

        >>> from s3am_cloud_client import Client
        >>> known = Client().submit("https://host/run42.tar", "s3://bucket/").id
        >>> Client().job(known).wait().state
        'succeeded'
        """
        return Job(job_id, self)

    def jobs(self, most: int = 20) -> list[JobLine]:
        """The stack's last jobs, the newest first."""
        from s3am_cloud_client.remote.status import recent_jobs

        return recent_jobs(most, self.remote)

    def failed_events(self) -> FailedEvents:
        """The events that made no job, the oldest first: refused ones, and those that could not be delivered.

        The stack keeps them for 14 days. Raises NoStack for a stack that takes no events.
        """
        from s3am_cloud_client.remote.dead_letters import DeadLetters

        return DeadLetters(self.remote).failed()

    def replay(self, event_id: str) -> Job:
        """Send a failed event again, and take it off the list. `event_id` is its `id` in `failed_events`.

        Raises NoSuchEvent, also where the event's route is gone; BadRequest where its request was not kept, as there
        may be a secret in it; AccessDenied where the route's rule can't be read.
        """
        from s3am_cloud_client.remote.dead_letters import DeadLetters

        return _job(DeadLetters(self.remote).replay(event_id), self)


class Job:
    """A job in the cloud.

    `joined` says whether it ran already when it was submitted or resumed, `ended` is the receipt of one that had
    succeeded before it was to be resumed.

    >>> from s3am_cloud_client import Client
    >>> job = Client().submit("https://host/run42.tar", "s3://bucket/job.tar")
    >>> receipt = job.wait()
    >>> job.status().status, receipt.state, receipt == job.receipt()
    ('succeeded', 'succeeded', True)
    >>> job.cancel().state  # it is too late
    'succeeded'
    >>> job.resume().id == job.id  # a job that succeeded is not started again
    True
    """

    def __init__(
        self, job_id: str, client: Client, *, arn: str | None = None, joined: bool = False, ended: Receipt | None = None
    ) -> None:
        self.id, self.joined, self.ended = job_id, joined, ended
        self._client, self._arn = client, arn

    def __repr__(self) -> str:
        return f"Job({self.id!r})"

    @property
    def execution_arn(self) -> str:
        """The execution of the state machine that runs the job."""
        return self._arn or self._client.remote.machine.arn_of(self.id)

    def status(self) -> JobStatus:
        """How far the job is, or how it ended, and which job continued it. Raises NoSuchJob."""
        from s3am_cloud_client.remote.status import status_of

        return status_of(self.id, self._client.remote, with_units=True)

    def wait(self, on_status: OnStatus | None = None, timeout: float | None = None) -> Receipt:
        """Wait for the job's end, and return its receipt. Raises the error of a job that failed.

        `on_status` gets a `JobStatus` every few seconds. After `timeout` seconds TimeoutError is raised. Neither that
        nor Ctrl-C stops the job: wait again, or `cancel` it.
        """
        receipt = self.follow(on_status, timeout)
        error = error_of(receipt)
        if error is not None:
            raise error
        return receipt

    def follow(self, on_status: OnStatus | None = None, timeout: float | None = None) -> Receipt:
        """As `wait`, but the receipt of a job that failed is returned: its `error` says why."""
        from s3am_cloud_client.remote.status import follow_job

        return follow_job(self.id, self._client.remote, on_status or _no_status, timeout)

    def items(self) -> Iterator[Outcome]:
        """How the items of a dataset ended, one after the other; while it runs, those that have ended so far.

        Raises NoSuchJob, and Usage for a job of one object.

        >>> from s3am_cloud_client import Client
        >>> job = Client().submit_many(["s3://bucket/runs/"], "s3://bucket/copies/")
        >>> receipt = job.wait()
        >>> failed = [item.source for item in job.items() if item.state == "failed"]
        """
        from s3am_cloud_client.remote.items import items_of

        return items_of(self.id, self._client.remote)

    def logs(self, minutes: int | None = None, follow: bool = False) -> Iterator[LogLine]:
        """What the stack's functions logged about the job, by time; only in the last `minutes` if they are given.

        With `follow`, new lines come until the job ends. Raises NoSuchJob.
        """
        from s3am_cloud_client.remote.logs import lines_of

        return lines_of(self.id, minutes, follow, self._client.remote)

    def receipt(self) -> Receipt | None:
        """How the job ended; None while it runs. Raises NoSuchJob."""
        return self.status().receipt

    def cancel(self) -> Cancelled:
        """Stop the job, or the last one that continues it, and discard what it has transferred.

        One that has succeeded is left alone. Raises NoSuchJob.
        """
        from s3am_cloud_client.inprocess.ports import local_ports
        from s3am_cloud_client.remote.cancel import cancel_job

        remote = self._client.remote
        ports = msgspec.structs.replace(local_ports(remote.access, jobs=remote.jobs), coordination=remote.coordination)
        return cancel_job(self.id, remote, ports)

    def resume(self, source: str | None = None) -> Job:
        """Transfer what this job left undone, by a new job on the same upload.

        One that runs, or has succeeded, is returned as it is. `source` is another URL of the same source, where a
        signed one has expired. Raises NoSuchJob, and UploadGone where nothing is left to resume.
        """
        from s3am_cloud_client.remote.resume import resume

        found = resume(self.id, source, self._client.remote)
        if found.started is None:
            return Job(found.job, self._client, ended=found.receipt)
        return _job(found.started.execution, self._client, found.started.joined)


def read_request(document: object) -> TransferRequest:
    """The request in a decoded JSON document, as `s3am-cloud schema` describes it. Raises BadRequest."""
    from s3am_cloud.ingest import accept

    return accept.read_request(document)


def _job(execution: Execution, client: Client, joined: bool = False) -> Job:
    return Job(execution.job or execution.name, client, arn=execution.arn, joined=joined)


def error_of(receipt: Receipt) -> TransferError | None:
    """The error of a job that failed, as its receipt has it."""
    from s3am_cloud.errors import by_name

    if receipt.error is None:
        return None
    error = by_name(receipt.error.name, receipt.error.message)
    error.hint = receipt.error.hint
    return error


def _no_status(status: JobStatus) -> None:
    """Nobody wants to know."""
