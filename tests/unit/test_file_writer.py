"""The bytes of a download on their way into the file: all of them, in their places, and the right CRC with them."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from s3am_cloud.adapters.curl.parts.file_writer import FileWriter, open_sink
from s3am_cloud.checksums.crc64nvme import update
from s3am_cloud.errors import BadDestination, DiskFull, JobFailed, SourceUnavailable, TransferError
from s3am_cloud.limits import WRITE_CHUNKS
from s3am_cloud.model import Part
from s3am_cloud.ports.transfer import FileSink
from servers.content import pattern

CHUNK = 1000
FIRST = 70
DATA = pattern((2 * WRITE_CHUNKS + 3) * CHUNK)


class Turn:
    """Whose turn it is to write: the lock of several processes in earnest."""

    def __init__(self, taken: Taken) -> None:
        self._taken = taken

    def __enter__(self) -> None:
        self._taken.in_turn = True

    def __exit__(self, *_: object) -> None:
        self._taken.in_turn = False
        self._taken.turns += 1


class Taken:
    """A writer of a file, and what it reported."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.crcs: list[int] = []
        self.errors: list[TransferError] = []
        self.moved = 0
        self.turns = 0
        self.in_turn = False
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT)
        part = Part(1, FIRST, len(DATA))
        self.writer = FileWriter(part, self._file, Turn(self), self._count, self)

    def end(self, crc: int) -> None:
        self.crcs.append(crc)

    def repeat(self, error: TransferError) -> None:
        self.errors.append(error)

    def fail(self, error: TransferError) -> None:
        self.errors.append(error)

    def give(self, data: bytes) -> list[TransferError | None]:
        chunks = (data[place : place + CHUNK] for place in range(0, len(data), CHUNK))
        return [self.writer.accept(chunk) for chunk in chunks]

    def close(self) -> None:
        os.close(self._file)

    def _count(self, count: int) -> None:
        self.moved += count


@pytest.fixture
def taken(tmp_path: Path) -> Iterator[Taken]:
    made = Taken(tmp_path / "file")
    yield made
    made.close()


def is_whole(taken: Taken) -> bool:
    return taken.path.read_bytes()[FIRST:] == DATA and taken.crcs == [update(0, DATA)] and taken.moved == len(DATA)


def test_every_byte_is_in_its_place_at_the_end(taken: Taken) -> None:
    assert set(taken.give(DATA)) == {None}
    taken.writer.end()
    assert is_whole(taken)


def test_a_part_that_begins_anew_leaves_nothing_of_the_first_try(taken: Taken) -> None:
    taken.give(bytes(len(DATA) - CHUNK))
    taken.writer.repeat(SourceUnavailable("gone"))
    assert (len(taken.errors), taken.moved) == (1, 0)
    taken.give(DATA)
    taken.writer.end()
    assert is_whole(taken)


def test_what_the_kernel_takes_in_pieces_is_written_all_the_same(taken: Taken, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.pwrite

    def little(file: int, chunks: Sequence[bytes], place: int) -> int:
        return write(file, b"".join(chunks)[: CHUNK + CHUNK // 2], place)

    monkeypatch.setattr(os, "pwritev", little)
    taken.give(DATA)
    taken.writer.end()
    assert is_whole(taken)


def test_nothing_is_written_but_in_its_turn_which_is_given_back(taken: Taken, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.pwritev

    def in_turn(file: int, chunks: Sequence[bytes], place: int) -> int:
        assert taken.in_turn
        return write(file, chunks, place)

    monkeypatch.setattr(os, "pwritev", in_turn)
    taken.give(DATA)
    taken.writer.end()
    assert is_whole(taken)
    assert (taken.turns, taken.in_turn) == (3, False)


@pytest.mark.parametrize("count", [1, 2 * WRITE_CHUNKS])
def test_a_full_disk_is_told_whether_at_the_end_or_before(
    count: int, taken: Taken, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(file: int, chunks: Sequence[bytes], place: int) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwritev", refuse)
    told = taken.give(DATA[: count * CHUNK])
    if count == 1:
        taken.writer.end()
        told = list(taken.errors)
    assert isinstance(told[-1], DiskFull)
    assert (taken.crcs, taken.moved) == ([], 0)


@pytest.mark.parametrize("with_link", [False, True])
def test_a_file_that_took_the_name_meanwhile_is_not_written_to(tmp_path: Path, with_link: bool) -> None:
    path = tmp_path / "x.partial"
    path.write_bytes(b"ours")
    status = path.stat()
    sink = FileSink(path, (status.st_dev, status.st_ino))
    os.close(open_sink(sink))
    path.rename(tmp_path / "moved")
    if with_link:
        path.symlink_to("moved")
    else:
        path.write_bytes(b"theirs")
    with pytest.raises((JobFailed, BadDestination)):
        open_sink(sink)
