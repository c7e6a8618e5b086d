"""A download's files on disk."""

from __future__ import annotations

import errno
from pathlib import Path

import msgspec
import pytest

from s3am_cloud.adapters.partial_file import PartialFile
from s3am_cloud.checksum import update
from s3am_cloud.errors import AccessDenied, BadDestination, DiskFull, LocalFileExists
from s3am_cloud.model import MovedPart, Plan, SourceInfo
from servers.content import pattern

DATA = pattern(250)
INFO = SourceInfo(size=250, ranges=True, etag='"e"', last_modified="Fri, 02 Jan 2026 03:04:05 GMT")
PLAN = Plan(size=250, part_size=100)


@pytest.fixture
def partial(tmp_path: Path) -> PartialFile:
    return PartialFile(tmp_path / "data.bin")


def begun(partial: PartialFile, *numbers: int) -> list[MovedPart]:
    """A download that ended after these parts."""
    partial.begin(INFO, PLAN)
    noted = []
    for part in map(PLAN.part, numbers):
        with partial.path.open("rb+") as file:
            file.seek(part.first)
            file.write(DATA[part.first : part.last + 1])
        noted.append(MovedPart(part.number, part.length, update(0, DATA[part.first : part.last + 1])))
        partial.record(noted[-1])
    return noted


def names(partial: PartialFile) -> list[str]:
    return sorted(path.name for path in partial.final.parent.iterdir())


def test_its_files_have_s3ams_names_and_the_full_size(partial: PartialFile) -> None:
    assert not partial.exists
    begun(partial)
    assert names(partial) == [".data.bin.partial", ".data.bin.progress"]
    assert partial.path.stat().st_size == 250
    assert partial.exists


@pytest.mark.parametrize("name", ["x.partial", "x.progress"])
def test_names_that_end_like_its_own_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadDestination):
        PartialFile(tmp_path / name)


def test_a_folder_that_is_not_there_is_a_bad_destination(tmp_path: Path) -> None:
    with pytest.raises(BadDestination):
        PartialFile(tmp_path / "missing" / "data.bin")


def test_what_was_noted_is_known_again(partial: PartialFile) -> None:
    noted = begun(partial, 1, 3)
    assert partial.recorded(INFO) == (100, noted)


@pytest.mark.parametrize(
    "other",
    [
        msgspec.structs.replace(INFO, etag='"other"'),
        msgspec.structs.replace(INFO, size=251),
        msgspec.structs.replace(INFO, last_modified="Sat, 03 Jan 2026 03:04:05 GMT"),
        msgspec.structs.replace(INFO, version="v2"),
    ],
)
def test_what_was_noted_of_another_version_is_not_gone_on_with(partial: PartialFile, other: SourceInfo) -> None:
    begun(partial, 1)
    assert partial.recorded(other) is None


def test_without_either_file_there_is_nothing_to_go_on_with(partial: PartialFile) -> None:
    assert partial.recorded(INFO) is None
    begun(partial, 1)
    partial.path.unlink()
    assert partial.recorded(INFO) is None


def test_a_file_of_another_size_is_not_gone_on_with(partial: PartialFile) -> None:
    begun(partial, 1)
    with partial.path.open("rb+") as file:
        file.truncate(100)
    assert partial.recorded(INFO) is None


@pytest.mark.parametrize("text", [b"", b"{", b"no json\n", b'{"number":1}\n'])
def test_notes_that_can_not_be_read_are_none(partial: PartialFile, text: bytes) -> None:
    begun(partial, 1)
    (partial.final.parent / ".data.bin.progress").write_bytes(text)
    assert partial.recorded(INFO) is None


def test_a_note_that_a_crash_cut_off_is_left_out(partial: PartialFile) -> None:
    noted = begun(partial, 1, 2)
    progress = partial.final.parent / ".data.bin.progress"
    progress.write_bytes(progress.read_bytes()[:-10])
    assert partial.recorded(INFO) == (100, noted[:1])


def test_the_crc_is_that_of_the_bytes_on_disk(partial: PartialFile) -> None:
    begun(partial, 1, 3)
    for part in PLAN.parts():
        on_disk = bytes(100) if part.number == 2 else DATA[part.first : part.last + 1]
        assert partial.crc(part) == update(0, on_disk)


def test_commit_gives_the_file_its_name_and_leaves_nothing_else(partial: PartialFile) -> None:
    begun(partial, 1, 2, 3)
    partial.commit(overwrite=False)
    assert names(partial) == ["data.bin"]
    assert partial.final.read_bytes() == DATA


def test_commit_does_not_replace_a_file_that_came_to_exist(partial: PartialFile) -> None:
    begun(partial, 1, 2, 3)
    partial.final.write_bytes(b"theirs")
    with pytest.raises(LocalFileExists):
        partial.commit(overwrite=False)
    assert partial.final.read_bytes() == b"theirs"
    assert partial.path.read_bytes() == DATA


def test_commit_replaces_a_file_where_that_is_wanted(partial: PartialFile) -> None:
    begun(partial, 1, 2, 3)
    partial.final.write_bytes(b"theirs")
    partial.commit(overwrite=True)
    assert partial.final.read_bytes() == DATA
    assert names(partial) == ["data.bin"]


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
        with pytest.raises((AccessDenied, LocalFileExists)):
            partial.commit(overwrite=False)
        assert partial.final.read_bytes() == b"theirs"
    else:
        partial.commit(overwrite=False)
        assert partial.final.read_bytes() == DATA


def test_discard_leaves_nothing(partial: PartialFile) -> None:
    begun(partial, 1)
    partial.discard()
    partial.discard()
    assert names(partial) == []


@pytest.mark.parametrize(
    ("number", "error"), [(errno.ENOSPC, DiskFull), (errno.EDQUOT, DiskFull), (errno.EACCES, AccessDenied)]
)
def test_what_the_system_refuses_has_a_name(
    partial: PartialFile, monkeypatch: pytest.MonkeyPatch, number: int, error: type[Exception]
) -> None:
    def refuse(self: Path, data: bytes) -> int:
        raise OSError(number, "refused")

    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(error):
        partial.begin(INFO, PLAN)
