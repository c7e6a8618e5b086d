"""A rate limit, kept by every mover and reader over real connections."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from contract.conftest import HastyClock
from s3am_cloud.adapters.clock import SystemClock
from s3am_cloud.adapters.curl.objects.mover import CurlObjectMover, ObjectRoute
from s3am_cloud.adapters.curl.objects.saver import CurlFileMover
from s3am_cloud.adapters.curl.reading.factory import CurlReaders
from s3am_cloud.adapters.curl.source.probe import CurlSource
from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.adapters.files.local_file import FileSource
from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.adapters.s3.store import S3Store
from s3am_cloud.limits import KIB, MIN_PART
from s3am_cloud.model import Attributes, PinnedSource, Plan
from s3am_cloud.ports.objects import WholeFile, WholeObject
from s3am_cloud.ports.pace import never_stop
from s3am_cloud.ports.transfer import PartSink
from s3am_cloud.urls import S3Url, parse_source
from s3am_cloud_client.inprocess import workers
from s3am_cloud_client.inprocess.rate_limit import RateLimit
from s3am_cloud_client.inprocess.workers import ProcessMovers
from servers.faulty_http import FaultyHttp

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Without a limit all of this is over in a tenth of the time.
SECONDS = 0.4


def limited(settings: CurlSettings, count: int) -> CurlSettings:
    """Settings by which `count` bytes take SECONDS."""
    return msgspec.structs.replace(settings, rate_limit=RateLimit(count / SECONDS))


def timed(run: Callable[[], object]) -> float:
    began = time.monotonic()
    run()
    return time.monotonic() - began


@pytest.mark.parametrize("kind", ["file", "http"])
def test_whole_objects_together_keep_to_it(
    kind: str, s3_access: S3Access, curl_settings: CurlSettings, bucket: str, http_server: FaultyHttp, tmp_path: Path
) -> None:
    count, data = 16, os.urandom(64 * KIB)
    settings, clock = limited(curl_settings, count * len(data)), HastyClock()

    def sources() -> Iterator[str]:
        for number in range(count):
            if kind == "http":
                yield http_server.add(f"/{number}", data)
            else:
                (tmp_path / str(number)).write_bytes(data)
                yield str(tmp_path / str(number))

    objects = [
        WholeObject(number=number, source=parse_source(source), target=S3Url(bucket, f"{number}"))
        for number, source in enumerate(sources())
    ]
    mover = CurlObjectMover(ObjectRoute(s3_access, settings, lambda *_: Attributes()), 8, clock, lambda count: None)
    assert timed(lambda: list(mover.copy(objects, never_stop))) > SECONDS * 0.9


def test_downloads_of_whole_objects_keep_to_it(
    s3_access: S3Access, s3_client: S3Client, curl_settings: CurlSettings, bucket: str, tmp_path: Path
) -> None:
    count, data = 8, os.urandom(128 * KIB)
    for number in range(count):
        s3_client.put_object(Bucket=bucket, Key=f"{number}", Body=data)
    settings = limited(curl_settings, count * len(data))
    mover = CurlFileMover(s3_access, settings, 8, HastyClock(), lambda count: None)
    files = [
        WholeFile(number=number, source=S3Url(bucket, f"{number}"), path=str(tmp_path / f"{number}"))
        for number in range(count)
    ]
    assert timed(lambda: list(mover.copy(files, never_stop))) > SECONDS * 0.9
    assert {(tmp_path / f"{number}").read_bytes() for number in range(count)} == {data}


@pytest.mark.stress
@pytest.mark.parametrize("kind", ["file", "http"])
def test_worker_processes_keep_to_it_together(
    kind: str,
    s3_access: S3Access,
    curl_settings: CurlSettings,
    bucket: str,
    http_server: FaultyHttp,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(workers, "BYTES_WORTH_A_PROCESS", 1)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    data, clock = os.urandom(2 * MIN_PART), SystemClock()
    (tmp_path / "x").write_bytes(data)
    source = parse_source(http_server.add("/x", data) if kind == "http" else str(tmp_path / "x"))
    probe = CurlSource(curl_settings, clock).probe if kind == "http" else FileSource().probe
    origin = PinnedSource(source=source, info=probe(source))
    store = S3Store(s3_access, clock)
    upload = store.create(S3Url(bucket, "x"), Attributes())
    settings = limited(curl_settings, len(data))
    mover = ProcessMovers(settings, s3_access, clock)(origin, PartSink(upload), 4, lambda count: None)
    parts = Plan(size=len(data), part_size=MIN_PART).parts()
    assert timed(lambda: list(mover.move(parts))) > SECONDS * 0.9


def test_a_reader_keeps_to_a_rate_that_changes_over_the_same_connections(
    s3_access: S3Access, curl_settings: CurlSettings, http_server: FaultyHttp
) -> None:
    data = os.urandom(4 << 20)
    source = parse_source(http_server.add("/x", data))
    origin = PinnedSource(source=source, info=CurlSource(curl_settings, SystemClock()).probe(source))
    settings = limited(curl_settings, len(data))
    assert isinstance(settings.rate_limit, RateLimit)
    reader = CurlReaders(settings, s3_access, SystemClock())(origin, 2, lambda count: None, 2 << 20)
    before, received, began = len(http_server.requests_for("/x")), bytearray(), time.monotonic()
    for piece in reader.read():
        received += piece
        if settings.rate_limit.rate < 100 << 20 and len(received) >= len(data) // 2:
            half = time.monotonic() - began
            settings.rate_limit.set(100 << 20)
    whole = time.monotonic() - began
    assert received == data
    assert half > SECONDS / 2 * 0.9
    assert whole - half < SECONDS / 2 * 0.9
    assert len(http_server.requests_for("/x")) - before == 2
