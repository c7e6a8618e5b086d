"""Standard input, pipes and FIFOs as sources: what is one, and how it is read."""

from __future__ import annotations

import gc
import os
import socket
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from s3am_cloud.adapters.files import pipes
from s3am_cloud.adapters.files.local_file import FileSource
from s3am_cloud.adapters.files.pipes import PipeReader, pipe_info, reads_once
from s3am_cloud.errors import BadSource
from s3am_cloud.model import Plan, SourceInfo, Upload
from s3am_cloud.transfer.steps.stream import stream
from s3am_cloud.urls import S3Url, SourceUrl, parse_source
from servers.content import pattern

ONCE = SourceInfo(size=None, ranges=False, once=True)
DATA = pattern(300_000)


def read(url: SourceUrl) -> bytes:
    return b"".join(bytes(view) for view in PipeReader(url, lambda count: None).read())


def writing(path: str | int, data: bytes = DATA) -> threading.Thread:
    def write() -> None:
        with open(path, "wb", buffering=0) as file:
            for first in range(0, len(data), 70_000):
                file.write(data[first : first + 70_000])

    thread = threading.Thread(target=write)
    thread.start()
    return thread


@pytest.fixture
def pipe() -> Iterator[tuple[SourceUrl, int]]:
    """The name of a pipe's end, as <(...) in a shell gives it, and the other end."""
    reader, writer = os.pipe()
    yield parse_source(f"/dev/fd/{reader}"), writer
    os.close(reader)


@pytest.mark.parametrize("data", [b"", b"x", DATA])
def test_a_pipe_is_read_to_its_end_and_stays_open(pipe: tuple[SourceUrl, int], data: bytes) -> None:
    url, writer = pipe
    assert FileSource().probe(url) == ONCE
    thread = writing(writer, data)
    assert read(url) == data
    thread.join()
    assert reads_once(url)


def test_a_pipe_that_was_made_non_blocking_is_waited_for(pipe: tuple[SourceUrl, int]) -> None:
    url, writer = pipe
    os.set_blocking(int(url.url.rpartition("/")[2]), False)
    threading.Timer(0.05, writing, (writer,)).start()
    assert read(url) == DATA


def test_a_fifo_is_read_when_its_writer_comes(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    url = parse_source(str(tmp_path / "fifo"))
    assert FileSource().probe(url) == ONCE
    threading.Timer(0.05, writing, (url.url,)).start()
    assert read(url) == DATA


def test_a_fifo_that_nobody_writes_to_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipes, "WRITER_SECONDS", 0)
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(BadSource, match="nobody writes to"):
        read(parse_source(str(tmp_path / "fifo")))


def test_only_what_gives_its_bytes_once_is_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(DATA)
    for path in (tmp_path / "file", tmp_path, tmp_path / "none", Path("/dev/null")):
        assert pipe_info(parse_source(str(path))) is None
    assert not reads_once(parse_source("https://host/x"))
    with (tmp_path / "file").open("rb") as file:
        assert pipe_info(parse_source(f"/dev/fd/{file.fileno()}")) is None
    one, other = socket.socketpair()
    with one, other:
        assert pipe_info(parse_source(f"/dev/fd/{one.fileno()}")) == ONCE


def test_what_was_written_to_a_socket_is_read(tmp_path: Path) -> None:
    one, other = socket.socketpair()
    with one:
        other.sendall(b"abc")
        other.close()
        assert read(parse_source(f"/dev/fd/{one.fileno()}")) == b"abc"


def test_a_read_error_is_named() -> None:
    reader, writer = os.pipe()
    with pytest.raises(BadSource, match="can't be read"):
        read(parse_source(f"/dev/fd/{writer}"))
    os.close(reader)
    os.close(writer)


def test_a_pipe_is_never_read_for_a_digest_alone(pipe: tuple[SourceUrl, int]) -> None:
    url, writer = pipe
    os.close(writer)
    with pytest.raises(BadSource, match="only once"):
        next(iter(PipeReader(url, lambda count: None).digests(lambda: None)))  # type: ignore[arg-type, return-value]


def test_a_stream_keeps_no_part_that_was_sent() -> None:
    """Also where what sent it is a cycle that refers to it, and garbage is collected rarely."""
    left: list[weakref.ref[object]] = []

    class Request:
        def __init__(self, data: bytearray) -> None:
            self.itself, self.data = self, data

    class Store:
        def put_part(self, upload: Upload, number: int, data: bytearray, crc: int) -> str:
            left.append(weakref.ref(Request(data)))
            return "etag"

    upload = Upload(target=S3Url("b", "k"), upload_id="u", full_object=True)
    chunks = [memoryview(DATA)] * 4
    gc.disable()
    try:
        moved = list(stream(Plan(size=4 * len(DATA), part_size=len(DATA)), upload, {}, chunks, Store()))  # type: ignore[arg-type]
        assert [found() for found in left] == [None] * len(moved) == [None] * 4
    finally:
        gc.enable()
