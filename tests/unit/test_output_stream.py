"""Downloads to what is written in order: all of it and known to be right, or an error."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import msgspec
import pytest

from s3am_cloud.adapters.files import output_stream
from s3am_cloud.adapters.files.output_stream import OutputStream, open_output
from s3am_cloud.adapters.s3.source import S3Source
from s3am_cloud.checksums.crc64nvme import encode, update
from s3am_cloud.errors import BadDestination, ChecksumMismatch, DiskFull, OutputClosed
from s3am_cloud.model import ObjectInfo, Receipt
from s3am_cloud.transfer.download import DownloadRequest
from s3am_cloud.transfer.download_stream import download_stream
from s3am_cloud.urls import S3Url
from servers.content import pattern
from support.fakes import PART, TARGET, World

DATA = pattern(2 * PART + 1000)


def streamed(world: World, written: bytearray) -> Receipt:
    ports = msgspec.structs.replace(world.ports, source=S3Source(world.store))
    request = DownloadRequest(source=TARGET, connections=2)
    return download_stream(request, "here", written.extend, ports, lambda count: None, lambda size: None)


@pytest.mark.parametrize("data", [b"", DATA])
def test_all_of_the_object_is_written_in_order(data: bytes) -> None:
    world, written = World(), bytearray()
    world.store.put_object(TARGET, data, True)
    done = streamed(world, written)
    assert bytes(written) == data
    assert (done.destination, done.size, done.verdict) == ("here", len(data), "verified-by-source")
    assert done.checksum == encode(update(0, data))


def test_bytes_that_are_not_what_the_store_holds_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.store.put_object(TARGET, DATA, True)
    head = world.store.head

    def wrong(target: S3Url) -> ObjectInfo | None:
        info = head(target)
        return info and msgspec.structs.replace(info, crc=7)

    monkeypatch.setattr(world.store, "head", wrong)
    with pytest.raises(ChecksumMismatch):
        streamed(world, bytearray())


def test_a_fifo_is_written_when_its_reader_comes(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(path.read_bytes()))
    reader.start()
    with open_output(str(path), None) as output:
        output.write(memoryview(DATA))
    reader.join()
    assert got == [DATA]


def test_a_fifo_without_readers_and_a_closed_descriptor_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A FIFO that nobody reads and a descriptor that is closed are refused."""
    os.mkfifo(tmp_path / "fifo")
    monkeypatch.setattr(output_stream, "READER_SECONDS", -1.0)
    for name, descriptor in ((str(tmp_path / "fifo"), None), ("closed", 987)):
        with pytest.raises(BadDestination), open_output(name, descriptor):
            pass


def test_a_reader_that_leaves_and_a_full_disk_are_named() -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    with pytest.raises(OutputClosed):
        OutputStream("the pipe", theirs).write(memoryview(b"data"))
    os.close(theirs)
    with pytest.raises(DiskFull) as full, open_output("/dev/full", None) as output:
        output.write(memoryview(b"data"))
    assert "--download-exists" not in full.value.hint
