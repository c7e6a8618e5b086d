"""The contract of what jobs and their clients let each other know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import msgspec

from s3am_cloud.model import Value
from s3am_cloud.urls import S3Url


class DestinationLock(Value, frozen=True, kw_only=True):
    """Which job writes to a destination: `execution` is its ARN, `asked` the digest of what was asked for.

    `tag` names the version of the lock's document that this was read from; it is not written.
    """

    job: str
    execution: str
    asked: str
    made: str
    tag: str | None = None


class Seen(Value, frozen=True, kw_only=True):
    """What the last good run of a schedule fetched: the source's size and validators, as `SourceInfo` has them, and the
    digest of what was asked for. `looked` is when a run last saw that."""

    asked: str
    size: int | None = None
    etag: str | None = None
    last_modified: str | None = None
    version: str | None = None
    looked: str | None = None

    def is_same(self, other: Seen) -> bool:
        """Whether both are of the same version, whenever it was seen."""
        return msgspec.structs.replace(self, looked=None) == msgspec.structs.replace(other, looked=None)


class Coordination(Protocol):
    """Who writes to a destination, which job is to stop, and what schedules have fetched."""

    def lock_of(self, target: S3Url) -> DestinationLock | None:
        """Who says to write to it; the job may have ended since."""

    def put_lock(self, target: S3Url, lock: DestinationLock, previous: DestinationLock | None) -> bool:
        """Writes the lock in place of `previous`, as that was read. False, with nothing written, where another exists.

        Of several that try at the same moment, one succeeds.
        """

    def cancel(self, job_id: str) -> None:
        """Says for good that the job is not wanted any more."""

    def cancelled(self, job_id: str) -> bool: ...

    def see(self, schedule: str, seen: Seen) -> None:
        """Notes what the schedule has fetched, in place of what it had before."""

    def seen(self, schedule: str) -> Seen | None: ...

    def schedules(self) -> Iterator[str]:
        """The names of the schedules that have seen something."""
