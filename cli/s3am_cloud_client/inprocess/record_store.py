"""Where this machine's transfers keep their records: with the stack where there is one, else in the user's folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TypeVar

from s3am_cloud import names
from s3am_cloud.adapters.records.jobs import Documents, Folder, Jobs
from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.errors import AccessDenied, NoCredentials, NoStack, StoreBusy, StoreUnavailable, Unexpected
from s3am_cloud.model import Job, PartRecord, Receipt
from s3am_cloud_client.observer import Observer
from s3am_cloud_client.state_home import state_home

Answer = TypeVar("Answer")
_UNUSABLE = (NoStack, NoCredentials, AccessDenied, StoreBusy, StoreUnavailable, Unexpected)


def records(access: S3Access, stack: str | None, observer: Observer) -> Jobs:
    """The records of the stack that the user names, else of the default one where it can be used, else this machine's.

    Raises NoStack, NoCredentials, StoreUnavailable for a stack that was named.
    """
    stack = stack or os.environ.get(names.STACK_VARIABLE)
    if stack:
        from s3am_cloud_client.remote.client import stack_jobs

        return stack_jobs(access.settings, stack)

    def look() -> Documents:
        if not access.at_aws:
            raise NoStack("S3 is not Amazon's own, so there is no default stack to look for")
        from s3am_cloud.adapters.s3.documents import Bucket
        from s3am_cloud_client.remote.client import QUICK, work_bucket

        return Bucket(access, work_bucket(access, names.DEFAULT_STACK, QUICK))

    def warn(reason: str) -> None:
        observer.note(f"No record is kept: {reason}. A later --resume compares the parts with the source")

    return OwnJobs(FallbackDocuments(Fallible(Folder(state_home()), warn), look, observer.detail))


def reports(access: S3Access, stack: str | None, observer: Observer) -> Callable[[str], Receipt | None]:
    """Finds the report of a job, or of the last job that continued it. Raises what `records` does."""
    from s3am_cloud.jobs.locks import latest

    jobs = records(access, stack, observer)
    return lambda job_id: jobs.report(latest(job_id, jobs))


class OwnJobs(Jobs):
    """Records of those jobs only that can be resumed: what goes in one request looks for no stack.

    Reports are kept where somebody clears them away in time, which is with a stack.
    """

    def __init__(self, documents: FallbackDocuments) -> None:
        super().__init__(documents, with_sources=False)
        self._fallback = documents

    def save(self, job: Job) -> None:
        if job.upload is not None:
            super().save(job)

    def forget(self, job: Job) -> None:
        if job.upload is not None:
            super().forget(job)

    def note_expiry(self, job_id: str, when: datetime) -> None:
        """On this machine alone nobody sweeps."""
        if self._fallback.shared:
            super().note_expiry(job_id, when)

    def write_report(self, job_id: str, receipt: Receipt) -> None:
        if self._fallback.shared:
            super().write_report(job_id, receipt)

    def write_part_records(self, job_id: str, name: str, records: Sequence[PartRecord]) -> None:
        """On this machine alone, PartNotes knows them."""
        if self._fallback.shared:
            super().write_part_records(job_id, name, records)


class Fallible:
    """`Documents` on which nothing depends: where they can't be used there are none, and that is noted once."""

    def __init__(self, documents: Documents, warn: Callable[[str], None]) -> None:
        self._documents, self._warn = documents, warn
        self._warned = False

    @property
    def bucket(self) -> str | None:
        return self._documents.bucket

    def read(self, name: str) -> bytes | None:
        return self._ask(lambda: self._documents.read(name))

    def write(self, name: str, data: bytes) -> None:
        self._ask(lambda: self._documents.write(name, data))

    def create(self, name: str, data: bytes) -> bool:
        return self._ask(lambda: self._documents.create(name, data)) is not False

    def remove(self, name: str) -> None:
        self._ask(lambda: self._documents.remove(name))

    def names(self, prefix: str) -> Iterator[str]:
        yield from self._ask(lambda: list(self._documents.names(prefix))) or []

    def _ask(self, ask: Callable[[], Answer]) -> Answer | None:
        try:
            return ask()
        except AccessDenied as error:
            if not self._warned:
                self._warned = True
                self._warn(error.message)
            return None


class FallbackDocuments:
    """Shared `Documents` where there are some that can be used, else local ones; read from both.

    The shared ones are looked for when they are first needed; if they can't be used, that is noted once.
    """

    def __init__(self, local: Documents, look: Callable[[], Documents], note: Callable[[str], None]) -> None:
        self._local, self._look, self._note = local, look, note
        self._shared: Documents | None = None
        self._looked = False

    @property
    def shared(self) -> bool:
        """Whether the shared documents are in use."""
        return self._ask(lambda documents: True) is True

    @property
    def bucket(self) -> str | None:
        return (self._shared or self._local).bucket

    def read(self, name: str) -> bytes | None:
        found = self._ask(lambda documents: documents.read(name))
        return self._local.read(name) if found is None else found

    def write(self, name: str, data: bytes) -> None:
        def put(documents: Documents) -> bool:
            documents.write(name, data)
            return True

        if not self._ask(put):
            self._local.write(name, data)

    def create(self, name: str, data: bytes) -> bool:
        made = self._ask(lambda documents: documents.create(name, data))
        return self._local.create(name, data) if made is None else made

    def remove(self, name: str) -> None:
        self._ask(lambda documents: documents.remove(name))
        self._local.remove(name)

    def names(self, prefix: str) -> Iterator[str]:
        yield from self._ask(lambda documents: list(documents.names(prefix))) or []
        yield from self._local.names(prefix)

    def _ask(self, ask: Callable[[Documents], Answer]) -> Answer | None:
        """The shared documents' answer, None where they can't be used."""
        try:
            if not self._looked:
                self._looked = True
                self._shared = self._look()
            return None if self._shared is None else ask(self._shared)
        except _UNUSABLE as error:
            self._shared = None
            self._note(f"the records of this transfer are kept on this machine: {error.message}")
            return None
