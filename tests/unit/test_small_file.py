"""A small file is read in one go, and only where nothing about it needs a second look."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from s3am_cloud.adapters.files.local_file import FileSource
from s3am_cloud.adapters.files.small_file import read_small
from s3am_cloud.urls import SourceUrl


@pytest.mark.parametrize("data", [b"", b"x", b"ten bytes!"])
def test_bytes_and_version_are_those_that_a_probe_finds(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    assert read_small(str(path), 10) == (data, FileSource().probe(SourceUrl("file", str(path))))


def test_what_needs_a_second_look_is_left_to_the_probe(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"eleven byte")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")  # opening it would wait, or be noticed at its other end
    for name in ("large", "folder", "fifo", "missing", "no\0name"):
        assert read_small(str(tmp_path / name), 10) is None
    for path in ("-", "/dev/stdin", "/proc/self/status", "/sys/kernel/uevent_seqnum"):
        assert read_small(path, 1 << 20) is None


def test_a_file_that_changes_while_it_is_read_is_left_to_the_probe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, pread = tmp_path / "file", os.pread
    path.write_bytes(b"old bytes")

    def overwritten(descriptor: int, length: int, offset: int) -> bytes:
        data = pread(descriptor, length, offset)
        path.write_bytes(b"new bytes")
        os.utime(path, ns=(0, 0))
        return data

    monkeypatch.setattr(os, "pread", overwritten)
    assert read_small(str(path), 10) is None


def test_a_file_that_grows_before_it_is_opened_is_left_to_the_probe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, open_file = tmp_path / "file", os.open
    path.write_bytes(b"some")

    def appended(name: str, flags: int) -> int:
        path.write_bytes(b"some more")
        return open_file(name, flags)

    monkeypatch.setattr(os, "open", appended)
    assert read_small(str(path), 10) is None
