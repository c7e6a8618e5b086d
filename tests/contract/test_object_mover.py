"""The contract of ObjectMover, kept over libcurl against the strict S3 server."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from contract.conftest import HastyClock
from s3am_cloud.adapters.curl.objects.mover import CurlObjectMover, ObjectRoute
from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.checksums.crc64nvme import encode, update
from s3am_cloud.checksums.digests import parse_expect
from s3am_cloud.errors import NotAsExpected, ObjectExists, SourceChanged, SourceNotFound
from s3am_cloud.model import Attributes, SourceInfo
from s3am_cloud.ports.objects import Put, Refused, Settled, Unfit, WholeObject
from s3am_cloud.ports.pace import never_stop
from s3am_cloud.urls import S3Url, parse_source
from servers.endless import page, serving
from servers.faults import NoLength, Status, Truncate
from servers.faulty_http import FaultyHttp
from servers.proxy import FaultyProxy
from servers.proxy_rules import HEAD, PUT_OBJECT, SLOW_DOWN, Do, LoseReply

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DATA = bytes(range(256)) * 40


def carried(number: int, info: SourceInfo) -> Attributes:
    return msgspec.structs.replace(info.attributes, metadata={"number": str(number)})


class Moves:
    """A mover, and what it made of some objects."""

    def __init__(
        self, access: S3Access, curl_settings: CurlSettings, clock: HastyClock, source: S3Access | None = None
    ) -> None:
        route = ObjectRoute(access, curl_settings, carried, source)
        self.moved: list[int] = []
        self._mover = CurlObjectMover(route, 8, clock, self.count)

    def count(self, count: int) -> None:
        self.moved.append(count)

    def copy(self, *objects: WholeObject | None) -> dict[int, Settled]:
        return {one.number: one for one in self._mover.copy(iter(objects), never_stop)}

    def settling(self, *objects: WholeObject) -> Iterator[Settled]:
        """Each as it settles."""
        return self._mover.copy(iter(objects), never_stop)

    def one(self, wanted: WholeObject) -> Settled:
        [settled] = self.copy(wanted).values()
        return settled


@pytest.fixture
def moves(s3_access: S3Access, curl_settings: CurlSettings, hasty_clock: HastyClock) -> Moves:
    return Moves(s3_access, curl_settings, hasty_clock)


@pytest.fixture
def behind_proxy(proxied: S3Access, curl_settings: CurlSettings, hasty_clock: HastyClock) -> Moves:
    return Moves(proxied, curl_settings, hasty_clock)


def wanted(source: object, bucket: str, number: int = 0, **more: object) -> WholeObject:
    return WholeObject(
        number=number,
        source=parse_source(str(source)),
        target=S3Url(bucket, f"o/{number}"),
        **more,  # type: ignore[arg-type]
    )


def files(folder: Path, sizes: Iterable[int]) -> list[Path]:
    made = [folder / f"{number}.bin" for number, _ in enumerate(sizes)]
    for path, size in zip(made, sizes, strict=True):
        path.write_bytes(os.urandom(size))
    return made


def test_files_of_any_size_up_to_the_limit_arrive_whole_and_checked(
    moves: Moves, bucket: str, s3_client: S3Client, tmp_path: Path
) -> None:
    made = files(tmp_path, (0, 1, 10_000, 1 << 20, (1 << 20) + 1, 3 << 20))
    objects = [wanted(path, bucket, number) for number, path in enumerate(made)]
    settled = moves.copy(*objects[:2], None, *objects[2:])
    for number, path in enumerate(made):
        data, put = path.read_bytes(), settled[number]
        assert isinstance(put, Put)
        assert (put.size, put.crc, put.shown) == (len(data), update(0, data), True)
        found = s3_client.get_object(Bucket=bucket, Key=f"o/{number}")
        assert found["Body"].read() == data
        assert found["Metadata"] == {"number": str(number)}
        head = s3_client.head_object(Bucket=bucket, Key=f"o/{number}", ChecksumMode="ENABLED")
        assert head["ChecksumCRC64NVME"] == encode(put.crc)
        assert found.get("ContentEncoding", "") == ""
    assert sum(moves.moved) == sum(path.stat().st_size for path in made)


def test_a_plain_answer_of_a_web_server_is_sent_on(
    moves: Moves, bucket: str, s3_client: S3Client, http_server: FaultyHttp
) -> None:
    put = moves.one(wanted(http_server.add("/a.bin", DATA, etag='"one"'), bucket))
    assert isinstance(put, Put)
    assert (put.info.etag, put.info.size) == ('"one"', len(DATA))
    assert s3_client.get_object(Bucket=bucket, Key="o/0")["Body"].read() == DATA
    assert [request.method for request in http_server.requests_for("/a.bin")] == ["GET"]


@pytest.mark.parametrize(
    "fault",
    [NoLength(), Truncate(after=100), Status(status=503), Status(status=404)],
    ids=["NoLength", "Truncate", "503", "404"],
)
def test_whatever_is_not_a_plain_whole_answer_is_left_to_the_thorough_way(
    moves: Moves, bucket: str, s3_client: S3Client, http_server: FaultyHttp, fault: NoLength | Truncate | Status
) -> None:
    url = http_server.add("/a.bin", DATA)
    http_server.set_faults("/a.bin", fault)
    assert isinstance(moves.one(wanted(url, bucket)), Unfit)
    assert "Contents" not in s3_client.list_objects_v2(Bucket=bucket)


def test_a_file_of_another_size_than_was_said_is_left_to_the_thorough_way(
    moves: Moves, bucket: str, http_server: FaultyHttp, tmp_path: Path
) -> None:
    [file] = files(tmp_path, (8,))
    for source in (http_server.add("/a.bin", DATA), file):
        assert isinstance(moves.one(wanted(source, bucket, size=7)), Unfit)


def test_an_object_that_exists_is_left_as_it_is(moves: Moves, bucket: str, s3_client: S3Client, tmp_path: Path) -> None:
    s3_client.put_object(Bucket=bucket, Key="o/0", Body=b"before")
    [path] = files(tmp_path, [100])
    refused = moves.one(wanted(path, bucket))
    assert isinstance(refused, Refused)
    assert isinstance(refused.error, ObjectExists)
    assert s3_client.get_object(Bucket=bucket, Key="o/0")["Body"].read() == b"before"
    assert isinstance(moves.one(wanted(path, bucket, overwrite=True)), Put)
    assert s3_client.get_object(Bucket=bucket, Key="o/0")["Body"].read() == path.read_bytes()


def test_one_object_that_fails_stops_no_other(moves: Moves, bucket: str, tmp_path: Path) -> None:
    made = files(tmp_path, [10] * 20)
    made[7].unlink()
    settled = moves.copy(*(wanted(path, bucket, number) for number, path in enumerate(made)))
    assert [number for number, one in settled.items() if not isinstance(one, Put)] == [7]
    assert isinstance(settled[7], Refused)
    assert isinstance(settled[7].error, SourceNotFound)


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256", "crc32", "sha512"])
def test_bytes_with_another_digest_than_expected_never_become_an_object(
    moves: Moves, bucket: str, s3_client: S3Client, tmp_path: Path, algorithm: str
) -> None:
    path = tmp_path / "a"
    path.write_bytes(DATA)
    size = {"crc32": 4}.get(algorithm) or hashlib.new(algorithm).digest_size
    refused = moves.one(wanted(path, bucket, expected=parse_expect(f"{algorithm}:{'ab' * size}")))
    assert isinstance(refused, Refused)
    assert isinstance(refused.error, NotAsExpected)
    assert "Contents" not in s3_client.list_objects_v2(Bucket=bucket)


@pytest.mark.parametrize(
    ("algorithm", "header"),
    [("md5", "content-md5"), ("sha1", "x-amz-checksum-sha1"), ("sha256", "x-amz-checksum-sha256")],
)
def test_a_digest_that_s3_knows_travels_with_the_bytes(
    behind_proxy: Moves, bucket: str, shared_proxy: FaultyProxy, http_server: FaultyHttp, algorithm: str, header: str
) -> None:
    digest = hashlib.new(algorithm, DATA)
    put = behind_proxy.one(
        wanted(http_server.add("/a.bin", DATA), bucket, expected=parse_expect(f"{algorithm}:{digest.hexdigest()}"))
    )
    assert isinstance(put, Put)
    assert put.digest_sent
    [sent] = [one for one in shared_proxy.matching(PUT_OBJECT) if one.path.endswith(f"{bucket}/o/0")]
    assert sent.headers[header] == base64.b64encode(digest.digest()).decode()
    assert "aws-chunked" not in sent.headers.get("content-encoding", "")


def test_a_busy_store_is_asked_again(
    behind_proxy: Moves, bucket: str, shared_proxy: FaultyProxy, tmp_path: Path
) -> None:
    shared_proxy.add(PUT_OBJECT, SLOW_DOWN, times=2)
    [path] = files(tmp_path, [1000])
    put = behind_proxy.one(wanted(path, bucket))
    assert isinstance(put, Put)
    assert put.retries == 2


def test_an_object_whose_answer_was_lost_has_no_etag(
    behind_proxy: Moves, bucket: str, s3_client: S3Client, shared_proxy: FaultyProxy, tmp_path: Path
) -> None:
    shared_proxy.add(PUT_OBJECT, LoseReply())
    [path] = files(tmp_path, [1000])
    put = behind_proxy.one(wanted(path, bucket))
    assert isinstance(put, Put)
    assert put.etag == ""
    assert s3_client.get_object(Bucket=bucket, Key="o/0")["Body"].read() == path.read_bytes()


def test_what_is_on_its_way_is_dropped_when_the_run_is_stopped(
    s3_access: S3Access, curl_settings: CurlSettings, hasty_clock: HastyClock, bucket: str, tmp_path: Path
) -> None:
    route = ObjectRoute(s3_access, curl_settings, lambda number, info: Attributes())
    mover = CurlObjectMover(route, 2, hasty_clock, lambda count: None)
    made = files(tmp_path, [100] * 50)
    seen: list[Settled] = []
    for one in mover.copy((wanted(path, bucket, number) for number, path in enumerate(made)), lambda: len(seen) > 3):
        seen.append(one)
    assert 3 < len(seen) < 50


def test_a_server_that_answers_twice_gives_no_object_anothers_content(
    s3_access: S3Access, curl_settings: CurlSettings, hasty_clock: HastyClock, bucket: str, s3_client: S3Client
) -> None:
    """The second answer came when the next request was on its way: from there on each is that to the one before."""
    answers = iter((page("of the first"), page("of the first"), page("of the second")))
    with serving(lambda head: next(answers)) as server:
        mover = CurlObjectMover(ObjectRoute(s3_access, curl_settings, carried), 1, hasty_clock, lambda count: None)
        objects = [wanted(f"{server.url()}?{number}", bucket, number) for number in range(3)]
        first, *others = mover.copy(iter(objects), never_stop)
    assert isinstance(first, Put)
    assert [type(one) for one in others] == [Unfit, Unfit]
    assert [one["Key"] for one in s3_client.list_objects_v2(Bucket=bucket)["Contents"]] == ["o/0"]


@pytest.fixture
def copies(proxied: S3Access, curl_settings: CurlSettings, hasty_clock: HastyClock) -> Moves:
    """The mover of copies inside S3."""
    return Moves(proxied, curl_settings, hasty_clock, proxied)


@pytest.fixture
def a_source(s3_client: S3Client, bucket: str) -> str:
    """An object whose CRC64NVME S3 states."""
    s3_client.put_object(Bucket=bucket, Key="from é", Body=DATA, ChecksumAlgorithm="CRC64NVME", ContentType="a/b")
    return f"s3://{bucket}/from é"


def test_a_copy_inside_s3_is_shown_by_the_checksum_of_its_source(
    copies: Moves, bucket: str, s3_client: S3Client, a_source: str, shared_proxy: FaultyProxy
) -> None:
    copies.one(wanted(a_source, bucket))
    before = len(shared_proxy.requests)
    put = copies.one(wanted(a_source, bucket, 1))
    assert isinstance(put, Put)
    assert (put.size, put.crc, put.shown) == (len(DATA), update(0, DATA), True)
    found = s3_client.get_object(Bucket=bucket, Key="o/1")
    assert found["Body"].read() == DATA
    assert (found["ContentType"], found["Metadata"]) == ("a/b", {"number": "1"})
    methods = [one.method for one in shared_proxy.requests[before:]]
    assert methods[:2] == ["HEAD", "PUT"]
    assert set(methods[2:]) <= {"HEAD"}


def test_a_copy_replaces_nothing_without_leave(copies: Moves, bucket: str, s3_client: S3Client, a_source: str) -> None:
    s3_client.put_object(Bucket=bucket, Key="o/0", Body=b"before")
    refused = copies.one(wanted(a_source, bucket))
    assert isinstance(refused, Refused)
    assert isinstance(refused.error, ObjectExists)
    assert s3_client.get_object(Bucket=bucket, Key="o/0")["Body"].read() == b"before"
    assert isinstance(copies.one(wanted(a_source, bucket, overwrite=True)), Put)


def test_a_source_that_is_not_plain_is_left_to_the_thorough_way(
    copies: Moves, bucket: str, s3_client: S3Client, a_source: str
) -> None:
    s3_client.put_object(Bucket=bucket, Key="plain", Body=DATA, ChecksumAlgorithm="CRC32")
    md5 = parse_expect("md5:" + "0" * 32)
    for source in (
        wanted(f"s3://{bucket}/plain", bucket),
        wanted(f"s3://{bucket}/missing", bucket),
        wanted(a_source, bucket, size=len(DATA) + 1),
        wanted(a_source, bucket, expected=md5),
    ):
        assert isinstance(copies.one(source), Unfit)
    assert s3_client.list_objects_v2(Bucket=bucket, Prefix="o/")["KeyCount"] == 0


def test_a_source_that_is_replaced_after_the_look_is_not_copied(
    copies: Moves, bucket: str, s3_client: S3Client, a_source: str, shared_proxy: FaultyProxy
) -> None:
    def replace() -> None:
        s3_client.put_object(Bucket=bucket, Key="from é", Body=b"new" * 100, ChecksumAlgorithm="CRC64NVME")

    copies.one(wanted(a_source, bucket, 5))
    shared_proxy.add(HEAD, Do(replace, after=True), times=1)
    refused = copies.one(wanted(a_source, bucket, overwrite=True))
    assert isinstance(refused, Refused)
    assert isinstance(refused.error, SourceChanged)


def test_a_copy_whose_answer_is_lost_is_found_to_exist(
    copies: Moves, bucket: str, s3_client: S3Client, a_source: str, shared_proxy: FaultyProxy
) -> None:
    """libcurl itself sends the request again, over a new connection: the run then compares what is there."""
    copies.one(wanted(a_source, bucket, 5))
    shared_proxy.add(PUT_OBJECT, LoseReply(), times=1)
    refused = copies.one(wanted(a_source, bucket))
    assert isinstance(refused, Refused)
    assert isinstance(refused.error, ObjectExists)
    assert s3_client.get_object(Bucket=bucket, Key="o/0")["Body"].read() == DATA
