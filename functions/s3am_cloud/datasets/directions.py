"""What differs between a run of uploads and one of downloads."""

from __future__ import annotations

from typing import Protocol, TypeVar

from s3am_cloud.datasets.candidates import Candidate
from s3am_cloud.datasets.decisions import Known
from s3am_cloud.datasets.outcomes import Outcome
from s3am_cloud.datasets.single import Done, Task
from s3am_cloud.errors import TransferError
from s3am_cloud.ports.item_list import Listed
from s3am_cloud.ports.objects import Put, Saved

Whole = TypeVar("Whole")
Whole_co = TypeVar("Whole_co", covariant=True)


class Direction(Protocol[Whole_co]):
    """Into S3, or out of it. Everything here is called by the thread of the run."""

    def is_whole(self, listed: Listed) -> bool:
        """Whether one request for the whole may be right for it, by what is known of it so far."""

    def candidate(self, listed: Listed) -> Candidate:
        """The item with its URLs read, and with what exists at its destination. Raises TransferError."""

    def is_unchanged(self, one: Candidate, known: Known | None) -> bool:
        """Whether the destination is known to be the same, without a request."""

    def whole(self, one: Candidate, replace: bool) -> Whole_co:
        """What the mover is to do."""

    def settled(self, one: Candidate, made: Put | Saved, replaces: bool) -> Done | Task:
        """How the item ended that the mover has made, or what is left to do for it."""

    def skipped(self, listed: Listed, reason: str) -> Outcome: ...

    def exists_error(self, listed: Listed) -> TransferError: ...
