"""No spelling of an address that is not public gets a function to open a connection to it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pycurl
import pytest

from contract.guarded import Trap, has_ipv6, move, rate_probe, trap
from s3am_cloud.adapters.curl.transport.easy import CurlSettings, as_source, guard_of, new_easy
from s3am_cloud.errors import AccessDenied, BadS3Url, BadSource, TransferError
from s3am_cloud.handlers.environment import Environment
from s3am_cloud.handlers.runtime import ports_of
from s3am_cloud.model import PinnedSource, SourceInfo
from s3am_cloud.ports.transfer import Ports
from s3am_cloud.urls import parse_source

# Each leads to the trap, if nothing is in the way.
TO_THIS_MACHINE = [
    "http://127.0.0.1:{port}/x",
    "http://127.1:{port}/x",
    "http://127.0.1:{port}/x",
    "http://127.0.0.1.:{port}/x",
    "http://2130706433:{port}/x",
    "http://0x7f000001:{port}/x",
    "http://0X7F.1:{port}/x",
    "http://0x7f.0x0.0x0.0x1:{port}/x",
    "http://017700000001:{port}/x",
    "http://0177.0.0.01:{port}/x",
    "http://0177.0x0.1:{port}/x",
    "http://%31%32%37.0.0.1:{port}/x",
    "http://\uff11\uff12\uff17.0.0.1:{port}/x",
    "http://0:{port}/x",
    "http://0.0.0.0:{port}/x",
    "http://0x0:{port}/x",
    "http://localhost:{port}/x",
    "http://localhost.:{port}/x",
    "http://LocalHost:{port}/x",
    "http://anything.localhost:{port}/x",
    "http://[::1]:{port}/x",
    "http://[0:0:0:0:0:0:0:1]:{port}/x",
    "http://[0000::0001]:{port}/x",
    "http://[::]:{port}/x",
    "http://[::ffff:127.0.0.1]:{port}/x",
    "http://[::ffff:7f00:1]:{port}/x",
    "http://[0:0:0:0:0:ffff:127.0.0.1]:{port}/x",
    "http://example.org@127.0.0.1:{port}/x",
    "http://example.org:80@127.0.0.1:{port}/x",
    "http://example.org%2F@127.0.0.1:{port}/x",
    "http://example.org%2F..%3F%23@127.0.0.1:{port}/x",
    "http://127.0.0.1:{port}#@example.org/x",
    "http://127.0.0.1:{port}?@example.org/x",
    "http://example.org\\@127.0.0.1:{port}/x",
    "HTTP://127.0.0.1:{port}/x",
    "hTTpS://127.0.0.1:{port}/x",
    "https://localhost:{port}/x",
    "ftp://127.0.0.1:{port}/x",
    "FTP://2130706433:{port}/x",
    "ftps://127.1:{port}/x",
    "sftp://127.0.0.1:{port}/x",
    "sftp://[::1]:{port}/x",
]
# Nothing of ours is there: that no socket was opened is what the error says.
ELSEWHERE = [
    "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/latest/meta-data/",
    "http://0xa9fea9fe/",
    "http://0251.0376.0251.0376/",
    "http://169.254.43518/",
    "http://[::ffff:169.254.169.254]/",
    "http://[::ffff:a9fe:a9fe]/",
    "http://[::169.254.169.254]/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://169.254.170.2/v2/credentials/",
    "http://169.254.170.23/v1/credentials",
    "http://[fd00:ec2::23]/v1/credentials",
    "http://100.100.100.200/",
    "http://192.0.0.192/",
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://172.31.255.254:8080/",
    "http://192.168.0.1/",
    "http://192.168.257/",
    "http://100.64.0.1/",
    "http://127.255.255.254/",
    "http://224.0.0.1/",
    "http://239.255.255.250:1900/",
    "http://255.255.255.255/",
    "http://240.0.0.1/",
    "http://198.18.0.1/",
    "http://198.19.255.254/",
    "http://192.0.2.1/",
    "http://198.51.100.1/",
    "http://203.0.113.1/",
    "http://192.88.99.1/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b::169.254.169.254]/",
    "http://[64:ff9b:1::a9fe:a9fe]/",
    "http://[2002:7f00:1::]/",
    "http://[2002:a9fe:a9fe::1]/",
    "http://[2001:0:808:808::f5ff:fffe]/",
    "http://[2001:0:808:808::f7f7:f7f7]/",
    "http://[::ffff:0:127.0.0.1]/",
    "http://[fc00::1]/",
    "http://[fdff:ffff::1]/",
    "http://[fe80::1]/",
    "http://[fe80::1%25lo]/",
    "http://[fec0::1]/",
    "http://[ff02::1]/",
    "http://[2001:db8::1]/",
    "http://[3fff::1]/",
    "http://[2001:2::1]/",
    "http://[100::1]/",
    "http://[5f00::1]/",
    "ftp://169.254.169.254/x",
    "sftp://10.0.0.1/x",
]
OF_NO_KIND = [
    "file:///proc/self/environ",
    "FILE:/proc/self/environ",
    "file://localhost/proc/self/environ",
    "/proc/self/environ",
    "./x",
    "gopher://127.0.0.1:{port}/_x",
    "dict://127.0.0.1:{port}/d:x",
    "ldap://127.0.0.1:{port}/x",
    "scp://127.0.0.1:{port}/x",
    "smb://127.0.0.1:{port}/x/y",
    "telnet://127.0.0.1:{port}",
    "tftp://127.0.0.1:{port}/x",
    "imap://127.0.0.1:{port}/x",
    "rtsp://127.0.0.1:{port}/x",
    "mqtt://127.0.0.1:{port}/x",
    "ws://127.0.0.1:{port}/x",
    "unix:/var/run/docker.sock",
    "http+unix://%2Fvar%2Frun%2Fdocker.sock/x",
    "jar:http://127.0.0.1:{port}/x!/",
    "http://",
    "http:///x",
    "http:127.0.0.1:{port}/x",
    "http://example.org%00@127.0.0.1:{port}/x",
    "http://a@b@127.0.0.1:{port}/x",
    "http://127.0.0.1%00.example.org:{port}/x",
    "http://127.0.0.1\\.example.org:{port}/x",
    "http://127.0.0.1:{port}/x\r\nHost: y",
    "http://127.0.0.1 :{port}/x",
    "http://[::1/x",
    "http://127.0.0.1:99999/x",
    "s3://a@127.0.0.1:{port}/x",
    "s3://127.0.0.1:{port}/x",
]
NAMED = (BadSource, BadS3Url, AccessDenied)


@pytest.fixture
def here() -> Iterator[Trap]:
    with trap("127.0.0.1", *(["::1"] if has_ipv6() else [])) as made:
        yield made


@pytest.fixture(scope="module")
def cloud(function_environment: Mapping[str, str]) -> Ports:
    """What a function on AWS has."""
    return ports_of(Environment(function_environment))


@pytest.fixture(scope="module")
def open_cloud(function_environment: Mapping[str, str]) -> Ports:
    """What a function has on the embedded cloud."""
    return ports_of(Environment({**function_environment, "S3AM_CLOUD_ALLOW_PRIVATE_SOURCES": "1"}))


def refusal(ports: Ports, url: str, folder: Path) -> list[TransferError]:
    """How probing and moving it end, which has to be at once."""
    began, errors = time.monotonic(), []
    for attempt in (lambda: ports.source.probe(parse_source(url)), lambda: move(ports, url, folder)):
        with pytest.raises(TransferError) as caught:
            attempt()
        errors.append(caught.value)
    assert time.monotonic() - began < 2
    return errors


def test_the_table_is_long_enough() -> None:
    assert len(TO_THIS_MACHINE) + len(ELSEWHERE) >= 40


@pytest.mark.parametrize("spelling", TO_THIS_MACHINE)
def test_no_spelling_of_this_machine_is_connected_to(spelling: str, cloud: Ports, here: Trap, tmp_path: Path) -> None:
    for error in refusal(cloud, spelling.format(port=here.port), tmp_path):
        assert isinstance(error, BadSource)
        assert "leads to an address that is not public" in error.message
        assert not error.retryable
    rate_probe(cloud, spelling.format(port=here.port))
    assert not here.sprung


@pytest.mark.parametrize("spelling", [url for url in TO_THIS_MACHINE if url.lower().startswith("http:")])
def test_every_spelling_of_this_machine_leads_there_if_the_guard_allows(
    spelling: str, curl_settings: CurlSettings, here: Trap
) -> None:
    """Every spelling of this machine does lead there where the guard lets it."""
    if re.search(r"\[[0:]*1?\]", spelling) and not has_ipv6():
        pytest.skip("no IPv6 on this machine")
    knocking = as_source(new_easy(curl_settings), curl_settings, guard_of(curl_settings))
    knocking.setopt(pycurl.URL, parse_source(spelling.format(port=here.port)).url)
    with closing(pycurl.CurlMulti()) as turning:
        turning.add_handle(knocking)
        deadline = time.monotonic() + 5
        while not here.sprung and turning.perform()[1] and time.monotonic() < deadline:
            turning.select(0.01)
        turning.remove_handle(knocking)
    assert here.sprung


@pytest.mark.parametrize("url", ELSEWHERE)
def test_no_address_that_is_not_public_is_connected_to(url: str, cloud: Ports, tmp_path: Path) -> None:
    for error in refusal(cloud, url, tmp_path):
        assert isinstance(error, BadSource)
        assert "not public" in error.message or "names a folder" in error.message


@pytest.mark.parametrize("url", OF_NO_KIND)
def test_what_is_no_source_is_refused_by_name(url: str, cloud: Ports, here: Trap, tmp_path: Path) -> None:
    text = url.format(port=here.port)
    with pytest.raises(NAMED):
        cloud.source.probe(parse_source(text))
    assert not here.sprung


@pytest.mark.parametrize("path", ["/proc/self/environ", "file:/etc/passwd"])
def test_a_functions_own_files_are_no_source_of_any_job(
    path: str, cloud: Ports, open_cloud: Ports, tmp_path: Path
) -> None:
    """A function's own files are no source even of a job that says it was prepared."""
    for ports in (cloud, open_cloud):
        origin = PinnedSource(source=parse_source(path), info=SourceInfo(size=10, ranges=True))
        with pytest.raises(BadSource, match="local path"):
            ports.readers(origin, 1, lambda count: None)
        for error in refusal(ports, path, tmp_path):
            assert isinstance(error, BadSource)
            assert "local path" in error.message
    assert (tmp_path / "moved").read_bytes() == b""
