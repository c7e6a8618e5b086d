"""The contract of FileMover, kept over libcurl against the strict S3 server."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from contract.conftest import HastyClock
from s3am_cloud.adapters.curl.objects.saver import CurlFileMover
from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.adapters.files.local_file import version_of
from s3am_cloud.adapters.files.locked_file import open_locked
from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.checksums.crc64nvme import update
from s3am_cloud.checksums.digests import parse_expect
from s3am_cloud.errors import ChecksumMismatch, LocalFileExists, NotAsExpected, SourceChanged, SourceNotFound
from s3am_cloud.limits import MAX_WHOLE_FILE
from s3am_cloud.ports.objects import Refused, Saved, Settled, Unfit, WholeFile
from s3am_cloud.ports.pace import never_stop
from s3am_cloud.urls import S3Url
from servers.proxy import FaultyProxy
from servers.proxy_rules import ACCESS_DENIED, GET_OBJECT, SLOW_DOWN, CutReply, EditReplyHead, FlipReplyBit, Respond

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DATA = bytes(range(256)) * 40


class Saves:
    """A mover of objects in one bucket into one folder."""

    def __init__(self, access: S3Access, curl_settings: CurlSettings, bucket: str, folder: Path) -> None:
        self.moved: list[int] = []
        self._bucket, self._folder = bucket, folder
        self.mover = CurlFileMover(access, curl_settings, 8, HastyClock(), self.count)

    def count(self, count: int) -> None:
        self.moved.append(count)

    def wanted(self, key: str, number: int = 0, **more: object) -> WholeFile:
        path = str(self._folder / key)
        return WholeFile(number=number, source=S3Url(self._bucket, key), path=path, **more)  # type: ignore[arg-type]

    def copy(self, *files: WholeFile | None) -> dict[int, Settled]:
        return {one.number: one for one in self.mover.copy(iter(files), never_stop)}

    def one(self, key: str, **more: object) -> Settled:
        [settled] = self.copy(self.wanted(key, 0, **more)).values()
        return settled

    def names(self) -> list[str]:
        """All that is in the folder, hidden files too."""
        return sorted(os.listdir(self._folder))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "to"
    made.mkdir()
    return made


@pytest.fixture
def saves(s3_access: S3Access, curl_settings: CurlSettings, bucket: str, folder: Path) -> Saves:
    return Saves(s3_access, curl_settings, bucket, folder)


@pytest.fixture
def behind_proxy(proxied: S3Access, curl_settings: CurlSettings, bucket: str, folder: Path) -> Saves:
    return Saves(proxied, curl_settings, bucket, folder)


@pytest.fixture
def a_key(s3_client: S3Client, bucket: str) -> str:
    """An object whose CRC64NVME S3 has."""
    s3_client.put_object(Bucket=bucket, Key="a", Body=DATA, ChecksumAlgorithm="CRC64NVME")
    return "a"


def test_objects_of_any_size_up_to_the_limit_become_whole_files(
    saves: Saves, bucket: str, s3_client: S3Client, folder: Path
) -> None:
    data = [os.urandom(size) for size in (0, 1, 10_000, 1 << 20, (1 << 20) + 1, 3 << 20)]
    for number, body in enumerate(data):
        s3_client.put_object(Bucket=bucket, Key=f"k {number}é", Body=body)
    wanted = [saves.wanted(f"k {number}é", number, size=len(body)) for number, body in enumerate(data)]
    settled = saves.copy(*wanted[:2], None, *wanted[2:])
    for number, body in enumerate(data):
        path, saved = folder / f"k {number}é", settled[number]
        assert isinstance(saved, Saved)
        assert path.read_bytes() == body
        assert (saved.size, saved.crc, saved.shown) == (len(body), update(0, body), True)
        assert saved.etag == f'"{hashlib.md5(body).hexdigest()}"'
        assert saved.file_version == version_of(path.stat())
    assert len(saves.names()) == len(data)
    assert sum(saves.moved) == sum(map(len, data))


def test_one_get_is_all_that_an_object_takes(behind_proxy: Saves, shared_proxy: FaultyProxy, a_key: str) -> None:
    assert isinstance(behind_proxy.one(a_key), Saved)
    before = len(shared_proxy.requests)
    assert isinstance(behind_proxy.one(a_key, overwrite=True), Saved)
    again = shared_proxy.requests[before:]
    assert [(one.method, one.headers["x-amz-checksum-mode"]) for one in again] == [("GET", "ENABLED")]


def test_a_file_that_exists_is_replaced_only_with_leave(saves: Saves, folder: Path, a_key: str) -> None:
    (folder / "a").write_bytes(b"before")
    (folder / "a").chmod(0o640)
    refused = saves.one(a_key)
    assert isinstance(refused, Refused)
    assert isinstance(refused.error, LocalFileExists)
    assert (folder / "a").read_bytes() == b"before"
    assert isinstance(saves.one(a_key, overwrite=True), Saved)
    assert (folder / "a").read_bytes() == DATA
    assert (folder / "a").stat().st_mode & 0o777 == 0o640
    assert saves.names() == ["a"]


def test_corrupted_bytes_never_become_a_file(behind_proxy: Saves, shared_proxy: FaultyProxy, a_key: str) -> None:
    shared_proxy.add(GET_OBJECT, FlipReplyBit(7), times=None)
    refused = behind_proxy.one(a_key)
    assert isinstance(refused, Refused)
    assert isinstance(refused.error, ChecksumMismatch)
    assert refused.retries > 0
    assert behind_proxy.names() == []
    assert sum(behind_proxy.moved) == 0


@pytest.mark.parametrize(
    "fault", [FlipReplyBit(7), CutReply(100), SLOW_DOWN], ids=["another bit", "a connection that ends", "a busy store"]
)
def test_what_passes_is_tried_again(
    behind_proxy: Saves, shared_proxy: FaultyProxy, a_key: str, folder: Path, fault: FlipReplyBit | CutReply | Respond
) -> None:
    shared_proxy.add(GET_OBJECT, fault)
    saved = behind_proxy.one(a_key)
    assert isinstance(saved, Saved)
    assert saved.retries == 1
    assert (folder / "a").read_bytes() == DATA
    assert sum(behind_proxy.moved) == len(DATA)


def test_without_a_checksum_an_md5_as_etag_is_compared(
    behind_proxy: Saves, shared_proxy: FaultyProxy, a_key: str
) -> None:
    shared_proxy.add(GET_OBJECT, EditReplyHead(rb"(?i)\r\nx-amz-checksum-[^\r]*", b""), times=None)
    saved = behind_proxy.one(a_key)
    assert isinstance(saved, Saved)
    assert saved.shown
    shared_proxy.add(GET_OBJECT, FlipReplyBit(7), times=None)
    assert isinstance(behind_proxy.one(a_key, overwrite=True), Refused)


@pytest.mark.parametrize("algorithm", ["md5", "sha256", "sha512", "crc64nvme"])
def test_an_object_with_another_digest_than_expected_is_no_file(saves: Saves, a_key: str, algorithm: str) -> None:
    size = {"crc64nvme": 8}.get(algorithm) or hashlib.new(algorithm).digest_size
    refused = saves.one(a_key, expected=parse_expect(f"{algorithm}:{'ab' * size}"))
    assert isinstance(refused, Refused)
    assert isinstance(refused.error, NotAsExpected)
    assert refused.retries == 0
    assert saves.names() == []


def test_another_version_than_was_listed_is_not_saved(saves: Saves, a_key: str) -> None:
    refused = saves.one(a_key, etag='"other"')
    assert isinstance(refused, Refused)
    assert isinstance(refused.error, SourceChanged)
    assert isinstance(saves.one(a_key, etag=f'"{hashlib.md5(DATA).hexdigest()}"'), Saved)


def test_what_one_get_is_not_right_for_is_left_to_the_thorough_way(
    behind_proxy: Saves, shared_proxy: FaultyProxy, a_key: str, folder: Path
) -> None:
    assert isinstance(behind_proxy.one(a_key, size=MAX_WHOLE_FILE + 1), Unfit)
    assert isinstance(behind_proxy.one(a_key, size=7), Unfit)
    shared_proxy.add(GET_OBJECT, ACCESS_DENIED)
    assert isinstance(behind_proxy.one(a_key), Unfit)
    descriptor = open_locked(folder / ".a.partial", True, lambda: None)
    assert isinstance(behind_proxy.one(a_key), Unfit)
    os.close(descriptor)
    assert behind_proxy.names() == [".a.partial"]


def test_an_object_that_fails_stops_no_other(saves: Saves, a_key: str, folder: Path) -> None:
    settled = saves.copy(saves.wanted("none", 1), saves.wanted(a_key, 2))
    assert isinstance(settled[1], Refused)
    assert isinstance(settled[1].error, SourceNotFound)
    assert isinstance(settled[2], Saved)
    assert saves.names() == ["a"]


def test_what_is_on_its_way_is_dropped_when_the_run_is_stopped(
    saves: Saves, bucket: str, s3_client: S3Client, folder: Path
) -> None:
    for number in range(40):
        s3_client.put_object(Bucket=bucket, Key=f"{number}", Body=DATA)
    seen: list[Settled] = []
    files = (saves.wanted(f"{number}", number) for number in range(40))
    for one in saves.mover.copy(files, lambda: len(seen) > 3):
        seen.append(one)
    assert 3 < len(seen) < 40
    assert not [name for name in saves.names() if name.startswith(".")]
