"""What datasets keep: `jobs/<id>/items/`, `units-r<round>.jsonl`, `results/`, `notes/` and `report/`; lists of items by
their SHA-256 in `jobs/.manifests/`.

The name of a file of results has its counts, and when it was written: of two with one name the later counts.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from itertools import groupby, islice
from operator import attrgetter
from typing import IO, Protocol

import msgspec

from s3am_cloud.adapters.records.jobs import Decoded, Documents
from s3am_cloud.decoders import Decoder
from s3am_cloud.errors import JobFailedForGood
from s3am_cloud.names import JOBS_PREFIX
from s3am_cloud.ports.dataset_files import DatasetUnit, ItemUnit, PartUnit, ResultCounts, Results
from s3am_cloud.ports.item_list import Listed
from s3am_cloud.ports.transfer import Clock

_MANIFESTS = f"{JOBS_PREFIX}.manifests/"
_RESULTS = re.compile(r"r(\d+)/([A-Za-z0-9-]+)\.t\d+\.c(\d+)\.s(\d+)\.f(\d+)\.b(\d+)\.jsonl")
_ITEMS = re.compile(r"(\d+)\.jsonl")
_decode_listed: Decoder[Listed] = Decoder(Listed)
_decode_items: Decoder[ItemUnit] = Decoder(ItemUnit)
_decode_parts: Decoder[PartUnit] = Decoder(PartUnit)


class StreamedDocuments(Documents, Protocol):
    """Documents of any length."""

    def pieces(self, name: str) -> Iterator[bytes] | None:
        """The document in pieces; None where there is none."""

    def writing(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """Writes a document piece by piece: it is there when the context ends without an error."""

    def address(self, name: str) -> str:
        """Where the document is, for people."""


class StoredDatasetFiles:
    """The `DatasetFiles` over documents."""

    def __init__(self, documents: StreamedDocuments, clock: Clock) -> None:
        self._documents, self._clock = documents, clock

    def write_items(self, job_id: str, file: int, items: Iterable[Listed]) -> None:
        self._documents.write(_items(job_id, file), _encoded_lines(map(msgspec.json.encode, items)))

    def items(self, job_id: str, file: int, first: int = 0, to: int | None = None) -> Iterator[Listed]:
        name = _items(job_id, file)
        for line in islice(self._lines(name), first, to):
            yield _read(_decode_listed, line, name)

    def item_files(self, job_id: str) -> Iterator[int]:
        folder = f"{JOBS_PREFIX}{job_id}/items/"
        for name in self._documents.names(folder):
            found = _ITEMS.fullmatch(name[len(folder) :])
            if found is not None:
                yield int(found[1])

    def units_key(self, job_id: str, round_number: int) -> str:
        return f"{JOBS_PREFIX}{job_id}/units-r{round_number}.jsonl"

    def write_units(self, job_id: str, round_number: int, units: Iterable[DatasetUnit]) -> str:
        name = self.units_key(job_id, round_number)
        self._documents.write(name, _encoded_lines(map(msgspec.json.encode, units)))
        return name

    def units(self, job_id: str, round_number: int) -> Iterator[DatasetUnit]:
        name = self.units_key(job_id, round_number)
        for line in self._lines(name, needed=False):
            yield _read(_decode_parts, line, name) if b'"item"' in line else _read(_decode_items, line, name)

    def write_results(
        self, job_id: str, round_number: int, name: str, counts: ResultCounts, lines: Iterable[bytes]
    ) -> None:
        stamp = int(self._clock.now().timestamp() * 1000)
        said = f"t{stamp:013d}.c{counts.copied}.s{counts.skipped}.f{counts.failed}.b{counts.bytes}"
        self._documents.write(f"{_results(job_id)}r{round_number}/{name}.{said}.jsonl", _encoded_lines(lines))

    def results(self, job_id: str) -> Iterator[Results]:
        folder = _results(job_id)
        found = (_results_of(name, folder) for name in self._documents.names(folder))
        for _, same in groupby(filter(None, found), attrgetter("round", "name")):
            *_, last = same
            yield last

    def read_results(self, found: Results) -> Iterator[bytes]:
        return self._lines(found.key)

    def write_note(self, job_id: str, name: str, data: bytes) -> None:
        self._documents.write(_note(job_id, name), data)

    def note(self, job_id: str, name: str) -> bytes | None:
        return self._documents.read(_note(job_id, name))

    def write_report(self, job_id: str, name: str) -> AbstractContextManager[IO[bytes]]:
        return self._documents.writing(_report(job_id, name))

    def report(self, job_id: str, name: str) -> Iterator[bytes] | None:
        return self._documents.pieces(_report(job_id, name))

    def report_address(self, job_id: str) -> str:
        return self._documents.address(_report(job_id, ""))

    def write_manifest(self, digest: str, content: IO[bytes]) -> None:
        with self._documents.writing(f"{_MANIFESTS}{digest}") as file:
            shutil.copyfileobj(content, file)

    def manifest(self, digest: str) -> Iterator[bytes] | None:
        return self._documents.pieces(f"{_MANIFESTS}{digest}")

    def _lines(self, name: str, needed: bool = True) -> Iterator[bytes]:
        """The lines of a document without their ends. Raises JobFailedForGood where there is none, if it is needed."""
        pieces, rest = self._documents.pieces(name), b""
        if pieces is None and needed:
            raise JobFailedForGood(f"{self._documents.address(name)} is missing")
        for piece in pieces or ():
            *lines, rest = (rest + piece).split(b"\n")
            yield from lines
        if rest:
            yield rest


def _read(decode: Decoder[Decoded], line: bytes, name: str) -> Decoded:
    try:
        return decode(line)
    except msgspec.DecodeError as error:
        raise JobFailedForGood(f"{name} can't be read: {error}") from error


def _results_of(key: str, folder: str) -> Results | None:
    found = _RESULTS.fullmatch(key[len(folder) :])
    if found is None:
        return None  # whoever may write records may write any name
    copied, skipped, failed, size = map(int, found.groups()[2:])
    counts = ResultCounts(copied=copied, skipped=skipped, failed=failed, bytes=size)
    return Results(key=key, round=int(found[1]), name=found[2], counts=counts)


def _encoded_lines(lines: Iterable[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def _items(job_id: str, file: int) -> str:
    return f"{JOBS_PREFIX}{job_id}/items/{file:05d}.jsonl"


def _results(job_id: str) -> str:
    return f"{JOBS_PREFIX}{job_id}/results/"


def _note(job_id: str, name: str) -> str:
    return f"{JOBS_PREFIX}{job_id}/notes/{name}"


def _report(job_id: str, name: str) -> str:
    return f"{JOBS_PREFIX}{job_id}/report/{name}"
