"""The contract of what a dataset in the cloud keeps beside its job's record: its items, its units, and how items ended.

Everything is written whole and read as a stream. What a file is called says what is in it, so that a listing shows how
far a dataset is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import IO, Protocol

import msgspec

from s3am_cloud.ports.item_list import Listed


class Unit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What one invocation of a worker does in a round; `u` is its number in that. Rounds count from 1."""

    u: int
    round: int = 1


class ItemUnit(Unit, frozen=True, kw_only=True, rename={"first": "from"}):
    """Whole items: those in the lines `first` up to, and without, `to` of one file; lines count from 0."""

    file: int
    first: int
    to: int


class PartUnit(Unit, frozen=True, kw_only=True):
    """The parts `first` to `last`, both included, of a large item, which is the job `item`."""

    item: str
    first: int
    last: int


DatasetUnit = ItemUnit | PartUnit


class ResultCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many items of a file of results ended in each way, and the bytes of those that were copied or skipped."""

    copied: int = 0
    skipped: int = 0
    failed: int = 0
    bytes: int = 0


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """A file of results. `name` is what its writer called it: the unit, and the first of its items."""

    key: str
    round: int
    name: str
    counts: ResultCounts


class DatasetFiles(Protocol):
    """The files of datasets, by the ids of their jobs."""

    def write_items(self, job_id: str, file: int, items: Iterable[Listed]) -> None:
        """Writes one file of items, or writes it anew."""

    def items(self, job_id: str, file: int, first: int = 0, to: int | None = None) -> Iterator[Listed]:
        """The items in the lines `first` up to, and without, `to` of one file, as they are read."""

    def item_files(self, job_id: str) -> Iterator[int]:
        """The numbers of the files of items, in ascending order."""

    def units_key(self, job_id: str, round_number: int) -> str:
        """The key of the units of one round."""

    def write_units(self, job_id: str, round_number: int, units: Iterable[DatasetUnit]) -> str:
        """Writes the units of one round, and returns the key."""

    def units(self, job_id: str, round_number: int) -> Iterator[DatasetUnit]:
        """Those of a round; none where it has no such file."""

    def write_results(
        self, job_id: str, round_number: int, name: str, counts: ResultCounts, lines: Iterable[bytes]
    ) -> None:
        """Writes how items ended, a line for each. What is written again under one name takes the place of that before.

        A name has letters, digits and hyphens.
        """

    def results(self, job_id: str) -> Iterator[Results]:
        """All files of results by their rounds and names: what a listing shows, without reading one."""

    def read_results(self, found: Results) -> Iterator[bytes]:
        """The lines of one file of results."""

    def write_note(self, job_id: str, name: str, data: bytes) -> None:
        """Keeps something small, in place of what had that name before."""

    def note(self, job_id: str, name: str) -> bytes | None: ...

    def write_report(self, job_id: str, name: str) -> AbstractContextManager[IO[bytes]]:
        """A file of the report, to be written from beginning to end; it exists once the context ends without an
        error. Memory stays bounded, whatever its length."""

    def report(self, job_id: str, name: str) -> Iterator[bytes] | None:
        """A file of the report in pieces; None where there is no such file."""

    def report_address(self, job_id: str) -> str:
        """Where the report is, for people."""

    def write_manifest(self, digest: str, content: IO[bytes]) -> None:
        """Keeps a list of items under the SHA-256 of its bytes."""

    def manifest(self, digest: str) -> Iterator[bytes] | None:
        """Such a list in pieces; None where there is none."""
