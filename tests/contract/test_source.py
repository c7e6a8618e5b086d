"""The contract of Source, kept by every source."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from contract import sources
from contract.conftest import HastyClock
from contract.file_servers import FileServer, file_server_case
from contract.sources import SourceCase
from s3am_cloud.adapters.curl.source.probe import CurlSource
from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.adapters.files.file_reader import FileReader
from s3am_cloud.adapters.files.local_file import FileSource, PinnedFile
from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.adapters.s3.source import S3Source
from s3am_cloud.adapters.s3.store import S3Store
from s3am_cloud.adapters.sources import AnySource
from s3am_cloud.errors import AccessDenied, BadSource, SourceChanged, SourceNotFound
from s3am_cloud.model import PinnedSource
from s3am_cloud.urls import FILE_TRANSFER_SCHEMES, parse_source
from servers.content import pattern
from servers.faulty_http import FaultyHttp
from support.fakes import FakeClock

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture(params=["file", "http", "ftp", "ftps", "sftp", "s3", "memory"])
def case(request: pytest.FixtureRequest, tmp_path: Path, hasty_clock: HastyClock) -> SourceCase:
    """Every source in turn."""
    if request.param == "file":
        return sources.FileCase(tmp_path)
    if request.param == "memory":
        return sources.MemoryCase()
    settings: CurlSettings = request.getfixturevalue("curl_settings")
    if request.param in FILE_TRANSFER_SCHEMES:
        files: FileServer = request.getfixturevalue(f"{request.param}_server")
        return file_server_case(files, settings, hasty_clock)
    if request.param == "http":
        server: FaultyHttp = request.getfixturevalue("http_server")
        return sources.HttpCase(CurlSource(settings, hasty_clock), server)
    access: S3Access = request.getfixturevalue("s3_access")
    client: S3Client = request.getfixturevalue("s3_client")
    bucket: str = request.getfixturevalue("bucket")
    return sources.S3Case(S3Store(access, FakeClock()), client, bucket)


@pytest.mark.parametrize("size", [0, 1, 100_000])
def test_the_size_is_that_of_the_content(case: SourceCase, size: int) -> None:
    assert case.source.probe(case.put("data", pattern(size))).size == size


def test_ranges_are_told_to_be_served(case: SourceCase) -> None:
    assert case.source.probe(case.put("data", pattern(10))).ranges


def test_something_pins_the_version(case: SourceCase) -> None:
    info = case.source.probe(case.put("data", pattern(10)))
    assert info.etag or info.last_modified or info.version


def test_what_did_not_change_is_the_same_version(case: SourceCase) -> None:
    url = case.put("data", pattern(10))
    assert case.source.probe(url).same_version(case.source.probe(url))


def test_what_was_replaced_by_content_of_the_same_size_is_another_version(case: SourceCase) -> None:
    before = case.source.probe(case.put("data", pattern(10, 1)))
    after = case.source.probe(case.put("data", pattern(10, 2)))
    assert before.size == after.size
    assert not before.same_version(after)


def test_what_became_longer_is_another_version(case: SourceCase) -> None:
    before = case.source.probe(case.put("data", pattern(10)))
    assert not before.same_version(case.source.probe(case.put("data", pattern(11))))


def test_what_is_not_there_is_not_found(case: SourceCase) -> None:
    with pytest.raises(SourceNotFound, match="missing"):
        case.source.probe(case.missing())


def test_a_name_with_odd_characters_is_found(case: SourceCase) -> None:
    assert case.source.probe(case.put("a b+c é~.bin", pattern(7))).size == 7


def test_a_file_written_to_in_place_is_another_version(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(pattern(10, 1))
    url = parse_source(str(path))
    os.utime(path, ns=(1_000, 1_000))
    before = FileSource().probe(url)
    path.write_bytes(pattern(10, 2))
    assert not before.same_version(FileSource().probe(url))


def test_a_folder_is_no_source(tmp_path: Path) -> None:
    with pytest.raises(BadSource, match="not a regular file"):
        FileSource().probe(parse_source(str(tmp_path)))


def test_a_path_through_a_file_is_not_found(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SourceNotFound):
        FileSource().probe(parse_source(str(tmp_path / "file" / "below")))


def test_a_file_that_may_not_be_read_is_denied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").touch()
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(AccessDenied):
        FileSource().probe(parse_source(str(tmp_path / "data")))


def test_a_file_that_says_it_is_empty_and_is_not_is_streamed() -> None:
    """Of what the kernel makes when it is read, nobody knows the size before."""
    with Path("/proc/self/cmdline").open("rb") as file:
        content = file.read()
    origin = PinnedSource(
        source=parse_source("/proc/self/cmdline"), info=FileSource().probe(parse_source("/proc/self/cmdline"))
    )
    assert (origin.info.size, origin.info.ranges) == (None, False)
    assert b"".join(map(bytes, FileReader(origin, lambda count: None).read())) == content


@pytest.mark.parametrize("said", [99, 101, 4096])
def test_a_file_whose_end_is_elsewhere_than_it_says_is_streamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: int
) -> None:
    path = tmp_path / "data"
    path.write_bytes(pattern(100))

    def lying(status: os.stat_result) -> os.stat_result:
        return os.stat_result((*status[:6], said, *status[7:]))

    stat, fstat = os.stat, os.fstat
    monkeypatch.setattr(os, "stat", lambda *args, **more: lying(stat(*args, **more)))
    monkeypatch.setattr(os, "fstat", lambda *args: lying(fstat(*args)))
    origin = PinnedSource(source=parse_source(str(path)), info=FileSource().probe(parse_source(str(path))))
    assert origin.info.size is None
    assert b"".join(map(bytes, FileReader(origin, lambda count: None).read())) == pattern(100)


def test_a_pinned_file_notices_what_happens_to_it(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(pattern(100))
    info = FileSource().probe(parse_source(str(path)))
    file = PinnedFile(str(path), info)
    assert file.read(10, 5) == pattern(100)[10:15]
    assert file.change_error() is None
    with path.open("ab") as more:
        more.write(b"x")
    assert isinstance(file.change_error(), SourceChanged)
    with pytest.raises(SourceChanged):
        PinnedFile(str(path), info)
    os.truncate(path, 10)
    with pytest.raises(SourceChanged, match="shorter"):
        file.read(10, 5)
    file.close()


def _rewrite(path: Path) -> None:
    path.write_bytes(pattern(100, 2))


@pytest.mark.parametrize(
    "change", [_rewrite, lambda path: os.chmod(path, 0o600), lambda path: os.link(path, f"{path}2")]
)
def test_a_pinned_file_notices_a_change_that_its_old_time_hides(tmp_path: Path, change: Callable[[Path], None]) -> None:
    path = tmp_path / "data"
    path.write_bytes(pattern(100))
    info, before = FileSource().probe(parse_source(str(path))), path.stat()
    with closing(PinnedFile(str(path), info)) as file:
        while path.stat().st_ctime_ns == before.st_ctime_ns:  # as long as the clock of the file system ticks
            change(path)
            (tmp_path / "data2").unlink(missing_ok=True)
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert isinstance(file.change_error(), SourceChanged)
    assert info.same_version(FileSource().probe(parse_source(str(path)))), "its parts are proven, not refused"


def test_a_bucket_that_does_not_exist_is_a_bad_source(s3_access: S3Access) -> None:
    with pytest.raises(BadSource, match="no-such-bucket"):
        S3Source(S3Store(s3_access, FakeClock())).probe(parse_source("s3://no-such-bucket/key"))


def test_the_scheme_says_which_source_is_asked(
    s3_access: S3Access, curl_settings: CurlSettings, bucket: str, tmp_path: Path, http_server: FaultyHttp
) -> None:
    source = AnySource(curl_settings, S3Store(s3_access, FakeClock()), FakeClock())
    (tmp_path / "data").write_bytes(b"1234")
    assert source.probe(parse_source(f"file://{tmp_path}/data")).size == 4
    assert source.probe(parse_source(http_server.add("/data", b"12345"))).size == 5
    with pytest.raises(SourceNotFound, match="s3://"):
        source.probe(parse_source(f"s3://{bucket}/data"))
