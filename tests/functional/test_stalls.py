"""Connections that fall silent are given up and taken up again; in this process, where the patience can be a second."""

from pathlib import Path

import msgspec
import pytest

from s3am_cloud.adapters.curl.movers import CurlMovers
from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.adapters.files.partial_file import PartialFile
from s3am_cloud.adapters.records.jobs import Folder, Jobs
from s3am_cloud.adapters.s3.access import S3Access, S3Settings
from s3am_cloud.adapters.sources import AnySource
from s3am_cloud.model import Receipt, TransferRequest
from s3am_cloud.ports.transfer import Ports
from s3am_cloud.transfer.download import DownloadRequest, download
from s3am_cloud.transfer.pipeline import finish, move, new_job, prepare
from s3am_cloud.urls import S3Url
from s3am_cloud_client.inprocess.ports import local_ports
from servers.content import Pattern
from servers.faults import Stall
from servers.faulty_http import FaultyHttp
from servers.proxy import FaultyProxy
from servers.proxy_rules import Delay, upload_part
from servers.strict_s3 import StrictS3
from support.stored import CONTENT_READ, Stored

MIB = 1 << 20
# More than the sockets between the command and a store that does not read can hold.
CONTENT = Pattern(48 * MIB, seed=41)
PART = 24 * MIB
PATIENCE = CurlSettings(ca_file="/dev/null", stall_seconds=1)


@pytest.fixture
def ports(tmp_path: Path, strict_s3: StrictS3, s3_proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch) -> Ports:
    """The world as a command sees it, with little patience, and a faulty proxy on the way to S3."""
    for name, value in strict_s3.environment(endpoint_url=s3_proxy.endpoint_url).items():
        monkeypatch.setenv(name, value)
    access = S3Access(S3Settings())
    usual = local_ports(access)
    return msgspec.structs.replace(
        usual,
        source=AnySource(PATIENCE, usual.store, usual.clock),
        movers=CurlMovers(PATIENCE, access, usual.clock),
        jobs=Jobs(Folder(tmp_path / "state")),
    )


def _upload(url: str, stored: Stored, ports: Ports) -> Receipt:
    request = TransferRequest(source=url, destination=stored.url("x.bin"), part_size=PART)
    job = prepare(new_job(request, "job", ports.clock), ports)
    assert job.plan is not None
    moved = list(move(job, job.plan.parts(), 2, ports, lambda count: None))
    return finish(job, moved, ports)


def test_a_source_that_falls_silent_is_asked_again_for_what_is_missing(
    ports: Ports, stored: Stored, http_server: FaultyHttp
) -> None:
    url = http_server.add("/x.bin", CONTENT, Stall(after=MIB, skip=2, times=2))
    receipt = _upload(url, stored, ports)
    assert receipt.retries == 2
    stored.assert_holds("x.bin", CONTENT)
    # The probe has the first byte and the last one.
    assert http_server.bytes_sent("/x.bin") == CONTENT.size + 2


def test_a_store_that_takes_no_byte_is_given_up_and_the_part_repeated(
    ports: Ports, stored: Stored, http_server: FaultyHttp, s3_proxy: FaultyProxy
) -> None:
    url = http_server.add("/x.bin", CONTENT)
    s3_proxy.add(upload_part(2), Delay(6))
    receipt = _upload(url, stored, ports)
    assert receipt.retries == 1
    stored.assert_holds("x.bin", CONTENT)


def test_a_store_that_falls_silent_in_a_download_is_asked_again(
    tmp_path: Path, ports: Ports, stored: Stored, s3_proxy: FaultyProxy
) -> None:
    content = Pattern(12 * MIB, seed=42)
    stored.put("x.bin", content.read(0, content.size))
    s3_proxy.add(CONTENT_READ, Delay(3))
    request = DownloadRequest(source=S3Url(stored.bucket, "x.bin"), connections=2, part_size=6 * MIB)
    receipt = download(request, PartialFile(tmp_path / "x.bin"), ports, lambda count: None, lambda plan: None)
    assert receipt.retries == 1
    assert (tmp_path / "x.bin").read_bytes() == content.read(0, content.size)
