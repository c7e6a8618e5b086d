"""A local file's checksum, computed beside its transfer: what it ends, and when."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec
import pytest

from s3am_cloud.adapters.files.local_file import FileSource
from s3am_cloud.checksums.digests import Digest
from s3am_cloud.errors import NotAsExpected, SourceChanged
from s3am_cloud.model import Job, Part, PinnedSource
from s3am_cloud.ports.transfer import OrderedReader, Ports, Progress
from s3am_cloud.urls import parse_source
from s3am_cloud_client.inprocess.checks import concurrent_check, watched
from support.fakes import World, request

CONTENT = b"abc"
RIGHT = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"
WRONG = f"sha256:{'0' * 64}"


class Reader:
    """Gives CONTENT when it may; with `endless`, over and over."""

    def __init__(self, may: threading.Event, progress: Progress, endless: bool = False) -> None:
        self._may, self._progress, self._endless = may, progress, endless

    def read(self) -> Iterator[memoryview]:
        assert self._may.wait(10)
        while True:
            self._progress(len(CONTENT))
            yield memoryview(CONTENT)
            if not self._endless:
                return

    def digests(self, new: Callable[[], Digest], ranges: Iterable[Part] | None = None) -> Iterator[tuple[Part, Digest]]:
        raise AssertionError("a hash needs its bytes in order")


class Case:
    """An upload of a file, whose reading waits for `may`."""

    def __init__(self, folder: Path) -> None:
        (folder / "sent").write_bytes(CONTENT)
        self.url = parse_source(str(folder / "sent"))
        self.may = threading.Event()
        self.endless = False

    def job(self, expect: str, keep: bool = False) -> Job:
        asked = msgspec.structs.replace(request(source=self.url.url), expect=expect, keep_mismatch=keep)
        info = FileSource().probe(self.url)
        return Job(id="job", created="2026-01-02T03:04:05+00:00", request=asked, info=info, state="transfer")

    @property
    def ports(self) -> Ports:
        def readers(
            origin: PinnedSource, slots: int, progress: Progress, part_size: int | None = None
        ) -> OrderedReader:
            return Reader(self.may, progress, self.endless)

        return msgspec.structs.replace(World().ports, readers=readers)


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path)


def test_the_last_part_is_followed_by_a_wait_for_the_checksum(case: Case) -> None:
    def moving() -> Iterator[int]:
        yield 1
        case.may.set()

    job = case.job(WRONG)
    with concurrent_check(job, case.ports) as source, pytest.raises(NotAsExpected):
        list(watched(moving(), job, source))


def test_a_transfer_ends_as_soon_as_its_source_turns_out_to_be_another(case: Case) -> None:
    ended = []

    def moving() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            ended.append(True)

    case.may.set()
    job = case.job(WRONG)
    with concurrent_check(job, case.ports) as source:
        with pytest.raises(NotAsExpected) as refused:
            for _ in watched(moving(), job, source):
                pass
        assert ended, f"nothing moves any more while {refused} is handled"


def test_parts_pass_as_they_come_where_the_source_is_what_was_expected(case: Case) -> None:
    case.may.set()
    job = case.job(RIGHT)
    with concurrent_check(job, case.ports) as source:
        assert list(watched(iter([1, 2, 3]), job, source)) == [1, 2, 3]


def test_with_keep_mismatch_nothing_is_ended(case: Case) -> None:
    case.may.set()
    job = case.job(WRONG, keep=True)
    with concurrent_check(job, case.ports) as source:
        assert list(watched(iter([1, 2]), job, source)) == [1, 2]


def test_the_reading_ends_with_a_transfer_that_failed(case: Case) -> None:
    case.endless = True
    case.may.set()
    before = threading.active_count()
    with pytest.raises(SourceChanged), concurrent_check(case.job(RIGHT), case.ports):
        raise SourceChanged("the transfer failed")
    assert threading.active_count() == before


@pytest.mark.parametrize("expect", [None, "crc64nvme:0123456789abcdef"])
def test_nothing_is_read_beside_what_the_parts_tell(case: Case, expect: str | None) -> None:
    job = case.job(RIGHT)
    job = msgspec.structs.replace(job, request=msgspec.structs.replace(job.request, expect=expect))
    with concurrent_check(job, case.ports) as source:
        assert source is None
