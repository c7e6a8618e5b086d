"""A download's files on disk."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from s3am_cloud.adapters.files import locked_file
from s3am_cloud.adapters.files.partial_file import PartialFile
from s3am_cloud.checksums.crc64nvme import update
from s3am_cloud.errors import (
    AccessDenied,
    BadDestination,
    DiskFailed,
    DiskFull,
    DownloadBusy,
    FileTooLarge,
    JobFailed,
    LocalFileExists,
    TooManyFiles,
)
from s3am_cloud.model import MovedPart, Plan, SourceInfo
from servers.content import pattern

DATA = pattern(250)
INFO = SourceInfo(size=250, ranges=True, etag='"e"', last_modified="Fri, 02 Jan 2026 03:04:05 GMT")
PLAN = Plan(size=250, part_size=100)
PROGRESS = ".data.bin.progress"


@pytest.fixture
def partial(tmp_path: Path) -> Iterator[PartialFile]:
    made = PartialFile(tmp_path / "data.bin")
    with made.lock():
        yield made


def begun(partial: PartialFile, *numbers: int) -> list[MovedPart]:
    """A download that got so far."""
    partial.begin(INFO, PLAN)
    noted = []
    for part in map(PLAN.part, numbers):
        with partial.path.open("rb+") as file:
            file.seek(part.first)
            file.write(DATA[part.first : part.last + 1])
        noted.append(MovedPart(part.number, part.length, update(0, DATA[part.first : part.last + 1])))
        partial.record(noted[-1])
    return noted


def later(tmp_path: Path) -> PartialFile:
    return PartialFile(tmp_path / "data.bin")


def left(tmp_path: Path, *numbers: int) -> list[MovedPart]:
    """An earlier run that ended after these parts."""
    earlier = later(tmp_path)
    with earlier.lock():
        return begun(earlier, *numbers)


def recorded(tmp_path: Path, info: SourceInfo = INFO) -> tuple[int, list[MovedPart]] | None:
    partial = later(tmp_path)
    with partial.lock():
        return partial.recorded(info)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_its_files_have_s3ams_names_and_the_full_size(partial: PartialFile, tmp_path: Path) -> None:
    assert not partial.exists
    begun(partial)
    assert names(tmp_path) == [".data.bin.partial", ".data.bin.progress"]
    assert partial.path.stat().st_size == 250
    assert partial.exists


@pytest.mark.parametrize("name", ["x.partial", "x.progress", "n" * 256])
def test_names_that_can_not_be_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadDestination):
        PartialFile(tmp_path / name)


def test_a_folder_that_is_not_there_is_a_bad_destination(tmp_path: Path) -> None:
    with pytest.raises(BadDestination):
        PartialFile(tmp_path / "missing" / "data.bin")


@pytest.mark.parametrize("name", ["n" * 245, "n" * 246, "n" * 255, "é" * 127, "e" * 243 + "\udcff", "n" * 254 + "m"])
def test_every_name_that_a_file_may_have_has_room_for_its_partial_file(tmp_path: Path, name: str) -> None:
    partial, other = PartialFile(tmp_path / name), PartialFile(tmp_path / f"{name[:-1]}x")
    assert (partial.path.name == f".{name}.partial") == (len(os.fsencode(name)) <= 245)
    assert partial.path != other.path
    with partial.lock(), other.lock():
        begun(partial, 1, 2, 3)
        partial.commit(False)
    assert names(tmp_path) == [name]


def test_what_was_noted_is_known_again(tmp_path: Path) -> None:
    noted = left(tmp_path, 1, 3)
    assert recorded(tmp_path) == (100, noted)


@pytest.mark.parametrize(
    "other",
    [
        msgspec.structs.replace(INFO, etag='"other"'),
        msgspec.structs.replace(INFO, size=251),
        msgspec.structs.replace(INFO, etag=None, last_modified="Sat, 03 Jan 2026 03:04:05 GMT"),
        msgspec.structs.replace(INFO, version="v2"),
    ],
)
def test_what_was_noted_of_another_version_is_not_resumed(tmp_path: Path, other: SourceInfo) -> None:
    left(tmp_path, 1)
    assert recorded(tmp_path, other) is None


def test_without_either_file_nothing_is_resumed(tmp_path: Path) -> None:
    assert recorded(tmp_path) is None
    left(tmp_path, 1)
    (tmp_path / ".data.bin.partial").unlink()
    assert recorded(tmp_path) is None


def test_a_file_of_another_size_is_not_resumed(tmp_path: Path) -> None:
    left(tmp_path, 1)
    os.truncate(tmp_path / ".data.bin.partial", 100)
    assert recorded(tmp_path) is None


def test_a_file_with_a_second_name_is_not_written_to(tmp_path: Path) -> None:
    """As a run leaves it that dies between the link and the removal of the partial name."""
    left(tmp_path, 1)
    os.link(tmp_path / ".data.bin.partial", tmp_path / "other")
    before = (tmp_path / "other").read_bytes()
    assert recorded(tmp_path) is None
    left(tmp_path)
    assert (tmp_path / "other").read_bytes() == before


@pytest.mark.parametrize("text", [b"", b"{", b"no json\n", b'{"number":1}\n'])
def test_notes_that_can_not_be_read_are_none(tmp_path: Path, text: bytes) -> None:
    left(tmp_path, 1)
    (tmp_path / PROGRESS).write_bytes(text)
    assert recorded(tmp_path) is None


def test_a_note_that_a_crash_cut_off_is_left_out_and_spoils_no_later_one(tmp_path: Path) -> None:
    noted = left(tmp_path, 1, 2)
    progress = tmp_path / PROGRESS
    progress.write_bytes(progress.read_bytes()[:-10])
    partial = later(tmp_path)
    with partial.lock():
        assert partial.recorded(INFO) == (100, noted[:1])
        partial.record(noted[1])
    assert recorded(tmp_path) == (100, noted)


def test_the_crc_is_that_of_the_bytes_on_disk(partial: PartialFile) -> None:
    begun(partial, 1, 3)
    for part in PLAN.parts():
        on_disk = bytes(100) if part.number == 2 else DATA[part.first : part.last + 1]
        assert partial.crc(part) == update(0, on_disk)


def test_commit_gives_the_file_its_name_and_leaves_nothing_else(partial: PartialFile, tmp_path: Path) -> None:
    begun(partial, 1, 2, 3)
    partial.commit(overwrite=False)
    assert names(tmp_path) == ["data.bin"]
    assert partial.final.read_bytes() == DATA


def test_commit_does_not_replace_a_file_that_came_to_exist(partial: PartialFile) -> None:
    begun(partial, 1, 2, 3)
    partial.final.write_bytes(b"theirs")
    with pytest.raises(LocalFileExists):
        partial.commit(overwrite=False)
    assert partial.final.read_bytes() == b"theirs"
    assert partial.path.read_bytes() == DATA


def test_commit_replaces_a_file_where_that_is_wanted_and_keeps_its_mode(partial: PartialFile, tmp_path: Path) -> None:
    begun(partial, 1, 2, 3)
    partial.final.write_bytes(b"theirs")
    partial.final.chmod(0o640)
    partial.commit(overwrite=True)
    assert partial.final.read_bytes() == DATA
    assert stat.S_IMODE(partial.final.stat().st_mode) == 0o640
    assert names(tmp_path) == ["data.bin"]


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: os.symlink("elsewhere", path)])
def test_commit_replaces_nothing_but_a_regular_file(partial: PartialFile, make: Callable[[Path], None]) -> None:
    begun(partial, 1, 2, 3)
    make(partial.final)
    with pytest.raises(BadDestination):
        partial.commit(overwrite=True)
    assert not partial.final.is_file()


@pytest.mark.parametrize("exists", [False, True])
def test_commit_works_on_a_file_system_without_links(
    partial: PartialFile, monkeypatch: pytest.MonkeyPatch, exists: bool
) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    begun(partial, 1, 2, 3)
    if exists:
        partial.final.write_bytes(b"theirs")
        with pytest.raises(LocalFileExists):
            partial.commit(overwrite=False)
        assert partial.final.read_bytes() == b"theirs"
    else:
        partial.commit(overwrite=False)
        assert partial.final.read_bytes() == DATA


def test_discard_leaves_nothing(partial: PartialFile, tmp_path: Path) -> None:
    begun(partial, 1)
    partial.discard()
    partial.discard()
    assert names(tmp_path) == []


def test_who_only_looked_leaves_nothing(tmp_path: Path) -> None:
    with later(tmp_path).lock():
        pass
    assert names(tmp_path) == []


def test_a_second_download_to_the_name_is_refused_while_one_is_at_work(partial: PartialFile, tmp_path: Path) -> None:
    begun(partial, 1)
    with pytest.raises(DownloadBusy, match=f"process {os.getpid()}"), later(tmp_path).lock():
        pass
    partial.commit(overwrite=False)
    with later(tmp_path).lock():
        assert partial.final.exists()


def test_another_one_who_takes_the_name_gets_none_of_the_first_ones_bytes(partial: PartialFile, tmp_path: Path) -> None:
    """Somebody removed the partial file by hand and began anew, while the first download was still at work."""
    noted = begun(partial, 1)
    partial.path.unlink()
    second = later(tmp_path)
    with second.lock():
        second.begin(INFO, PLAN)
        partial.record(noted[0])
        with pytest.raises(JobFailed, match="removed or replaced"):
            partial.commit(overwrite=False)
        partial.discard()
        assert second.recorded(INFO) == (100, [])
    assert names(tmp_path) == [".data.bin.partial", ".data.bin.progress"]


def test_what_is_left_without_its_partial_file_is_of_no_use_and_removed(tmp_path: Path) -> None:
    partial = later(tmp_path)
    with partial.lock():
        begun(partial, 1)
        partial.path.unlink()
    assert (names(tmp_path), partial.left) == ([], False)


def test_without_locks_the_user_hears_of_it_and_nothing_wrong_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int, how: int) -> None:
        raise OSError(errno.ENOTSUP, "no locks here")

    monkeypatch.setattr(fcntl, "flock", refuse)
    notes: list[str] = []
    first, second = PartialFile(tmp_path / "data.bin", notes.append), later(tmp_path)
    with first.lock():
        assert "no locks" in notes[0]
        begun(first, 1, 2, 3)
        with second.lock():
            begun(second, 1)
            with pytest.raises(JobFailed):
                first.commit(overwrite=False)
    assert not first.final.exists()


PLANTED = [os.mkfifo, os.mkdir, lambda path: os.symlink("victim", path)]


@pytest.mark.parametrize("plant", PLANTED)
def test_what_is_planted_as_its_partial_file_is_refused(tmp_path: Path, plant: Callable[[Path], None]) -> None:
    (tmp_path / "victim").write_bytes(b"precious")
    plant(tmp_path / ".data.bin.partial")
    with pytest.raises(BadDestination, match="in the way"), later(tmp_path).lock():
        pass
    assert (tmp_path / "victim").read_bytes() == b"precious"


@pytest.mark.parametrize("plant", PLANTED)
def test_what_is_planted_as_its_notes_is_not_followed(tmp_path: Path, plant: Callable[[Path], None]) -> None:
    (tmp_path / "victim").write_bytes(b"precious")
    left(tmp_path)
    (tmp_path / PROGRESS).unlink()
    plant(tmp_path / PROGRESS)
    with pytest.raises(BadDestination, match="in the way"):
        recorded(tmp_path)
    assert (tmp_path / "victim").read_bytes() == b"precious"


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (errno.ENOSPC, DiskFull),
        (errno.EDQUOT, DiskFull),
        (errno.EFBIG, FileTooLarge),
        (errno.EACCES, AccessDenied),
        (errno.EROFS, AccessDenied),
        (errno.EMFILE, TooManyFiles),
        (errno.EIO, DiskFailed),
        (errno.ENAMETOOLONG, BadDestination),
        (errno.EISDIR, BadDestination),
    ],
)
def test_what_the_system_refuses_has_a_name(
    partial: PartialFile, monkeypatch: pytest.MonkeyPatch, number: int, error: type[Exception]
) -> None:
    def refuse(descriptor: int, size: int) -> None:
        raise OSError(number, "refused")

    monkeypatch.setattr(os, "ftruncate", refuse)
    with pytest.raises(error):
        partial.begin(INFO, PLAN)


def test_a_lock_of_a_killed_parent_is_waited_for(
    partial: PartialFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its worker processes hold it until they notice."""
    begun(partial, 1)
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        fcntl.flock(partial._file, fcntl.LOCK_UN)

    monkeypatch.setattr(locked_file, "_alive", lambda pid: False)
    monkeypatch.setattr(time, "sleep", wait)
    with later(tmp_path).lock():
        assert len(waits) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="chown to another user takes root")
@pytest.mark.parametrize("planted", [".data.bin.partial", PROGRESS])
def test_what_another_user_left_in_a_shared_folder_is_not_used(tmp_path: Path, planted: str) -> None:
    """What another user left where all may write is neither trusted nor used."""
    left(tmp_path, 1, 2)
    tmp_path.chmod(0o1777)
    os.chown(tmp_path / planted, 54321, -1)
    with pytest.raises(BadDestination, match=f"{planted} is in the way"):
        recorded(tmp_path)
    tmp_path.chmod(0o755)
    assert recorded(tmp_path) is not None
