"""A server that may be fetched from leads a function to no place that may not: whatever it answers, and whoever is
asked for its address.

127.0.0.1 counts as public here, so that a server there can be reached, and 127.0.0.2 does not.
"""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from contract.conftest import HastyClock
from contract.guarded import PRIVATE, PUBLIC, Trap, move, rate_probe, resolve, take_for_public, trap
from s3am_cloud.adapters.curl.source.probe import CurlSource
from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.errors import BadSource, TransferError
from s3am_cloud.handlers import runtime
from s3am_cloud.handlers.environment import Environment
from s3am_cloud.handlers.runtime import ports_of
from s3am_cloud.model import Attributes, Part, PinnedSource, SourceInfo
from s3am_cloud.ports.transfer import ObjectSink, PartSink, Ports
from s3am_cloud.urls import S3Url, parse_source
from servers.faults import Redirect, Reset
from servers.faulty_http import FaultyHttp
from servers.sockets import TrackingServer

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DATA = b"0123456789"
PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY", "FTP_PROXY")


@pytest.fixture
def there() -> Iterator[Trap]:
    with trap(PRIVATE) as made:
        yield made


@pytest.fixture(scope="module")
def function(function_environment: Mapping[str, str]) -> Ports:
    """What a function on AWS has, but for shorter pauses."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runtime, "SystemClock", HastyClock)
        return ports_of(Environment(function_environment))


@pytest.fixture
def cloud(function: Ports, monkeypatch: pytest.MonkeyPatch) -> Ports:
    """The same with 127.0.0.1 for the public internet."""
    take_for_public(monkeypatch)
    return function


def probe(ports: Ports, url: str) -> SourceInfo:
    return ports.source.probe(parse_source(url))


@pytest.mark.parametrize(
    ("to", "status"),
    [
        *(("http://127.0.0.2:{port}/x", status) for status in (301, 302, 303, 307, 308)),
        ("http://127.2:{port}/x", 302),
        ("//127.0.0.2:{port}/x", 302),
        ("HTTP://0x7f000002:{port}/x", 302),
        ("https://127.0.0.2:{port}/x", 302),
        ("http://127.0.0.1@127.0.0.2:{port}/x", 302),
        ("http://[::ffff:127.0.0.2]:{port}/x", 302),
        ("http://169.254.169.254/latest/meta-data/", 302),
    ],
)
def test_a_redirect_to_where_nothing_may_be_fetched_is_not_followed(
    to: str, status: int, cloud: Ports, http_server: FaultyHttp, there: Trap, tmp_path: Path
) -> None:
    place = to.format(port=there.port)
    url = http_server.add("/x", DATA, Redirect(to=place, status=status))
    for attempt in (lambda: probe(cloud, url), lambda: move(cloud, url, tmp_path)):
        with pytest.raises(BadSource, match="not public"):
            attempt()
    assert rate_probe(cloud, url) is None
    assert not there.sprung
    assert len(http_server.requests) == 3


@pytest.mark.parametrize("scheme", ["file", "ftp", "ftps", "sftp", "gopher", "dict", "ldap", "scp", "smb", "telnet"])
def test_a_redirect_to_another_kind_of_server_is_not_followed(
    scheme: str, cloud: Ports, http_server: FaultyHttp, tmp_path: Path
) -> None:
    """Not even to a public address."""
    with trap(PUBLIC) as there:
        to = "file:///proc/self/environ" if scheme == "file" else f"{scheme}://{PUBLIC}:{there.port}/x"
        url = http_server.add("/x", DATA, Redirect(to=to))
        for attempt in (lambda: probe(cloud, url), lambda: move(cloud, url, tmp_path)):
            with pytest.raises(BadSource):
                attempt()
        assert not there.sprung


def test_a_redirect_by_way_of_public_hosts_is_followed(cloud: Ports, http_server: FaultyHttp, tmp_path: Path) -> None:
    http_server.add("/y", DATA)
    url = http_server.add("/x", b"", Redirect(to=http_server.url("/y"), hops=3))
    assert probe(cloud, url).size == len(DATA)
    assert len(move(cloud, url, tmp_path)) == 1
    assert (tmp_path / "moved").read_bytes() == DATA


@pytest.mark.parametrize("host", ["inside.example.org", "169.254.169.254.nip.example", "public.example.org."])
def test_a_name_of_a_private_address_is_refused(
    host: str, cloud: Ports, there: Trap, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    resolve(monkeypatch, f"{host}:{there.port}:{PRIVATE}", f"{host.rstrip('.')}:{there.port}:{PRIVATE}")
    url = f"http://{host}:{there.port}/x"
    for attempt in (lambda: probe(cloud, url), lambda: move(cloud, url, tmp_path)):
        with pytest.raises(BadSource, match="not public"):
            attempt()
    assert not there.sprung


def test_a_name_that_is_private_the_second_time_is_refused_then(
    cloud: Ports, http_server: FaultyHttp, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    port = http_server.port
    url = http_server.add("/x", DATA).replace(PUBLIC, "rebinding.example.org")
    resolve(monkeypatch, f"rebinding.example.org:{port}:{PUBLIC}")
    assert probe(cloud, url).size == len(DATA)
    with trap(PRIVATE) as there:
        resolve(monkeypatch, f"rebinding.example.org:{port}:{PRIVATE}")
        with pytest.raises(BadSource, match="not public"):
            move(cloud, url, tmp_path)
        assert not there.sprung
    assert len(http_server.requests) == 1


def test_of_a_names_two_addresses_the_public_one_is_taken(
    cloud: Ports, http_server: FaultyHttp, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    resolve(monkeypatch, f"both.example.org:{http_server.port}:{PRIVATE},{PUBLIC}")
    url = http_server.add("/x", DATA).replace(PUBLIC, "both.example.org")
    assert probe(cloud, url).size == len(DATA)
    assert len(move(cloud, url, tmp_path)) == 1


def test_a_host_that_breaks_after_another_address_was_refused_is_retried(
    cloud: Ports, http_server: FaultyHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What fails is then not the address."""
    resolve(monkeypatch, f"both.example.org:{http_server.port}:{PRIVATE},{PUBLIC}")
    url = http_server.add("/x", DATA, Reset(after=0, times=1)).replace(PUBLIC, "both.example.org")
    assert probe(cloud, url).size == len(DATA)


def test_proxies_of_the_environment_are_no_way_round(
    cloud: Ports, http_server: FaultyHttp, there: Trap, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name in PROXIES:
        monkeypatch.setenv(name, f"http://{PRIVATE}:{there.port}")
    url = http_server.add("/x", DATA)
    assert probe(cloud, url).size == len(DATA)
    move(cloud, url, tmp_path)
    for blind in ("http://169.254.169.254/x", "https://10.0.0.1/x", "ftp://10.0.0.1/x"):
        with pytest.raises(BadSource, match="not public"):
            probe(cloud, blind)
    assert not there.sprung


def test_private_sources_are_fetched_through_the_proxy_that_is_set(
    curl_settings: CurlSettings, hasty_clock: HastyClock, monkeypatch: pytest.MonkeyPatch, http_server: FaultyHttp
) -> None:
    """Whoever may fetch from private addresses goes through the proxy that is set."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", http_server.url("/"))
    with pytest.raises(BadSource):
        CurlSource(curl_settings, hasty_clock).probe(parse_source("http://nowhere.example.org/x"))
    assert http_server.connections == 1


class _Ftp(socketserver.StreamRequestHandler):
    """An FTP server that says of its data connection what it was told to say."""

    server: _FtpServer

    def handle(self) -> None:
        self._say("220 hello")
        for line in self.rfile:
            command = line.decode().split()[0].upper()
            self._say(self.server.answers.get(command, "502 no"))

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class _FtpServer(TrackingServer):
    def __init__(self, **answers: str) -> None:
        self.answers = {
            "USER": "331 and the password?",
            "PASS": "230 come in",
            "PWD": '257 "/"',
            "CWD": "250 done",
            "TYPE": "200 done",
            "SIZE": f"213 {len(DATA)}",
            "MDTM": "213 20260102030405",
            "REST": "350 done",
            "QUIT": "221 bye",
            **answers,
        }
        super().__init__(_Ftp)


@pytest.mark.parametrize(
    ("epsv", "pasv"),
    [
        ("502 no", "227 Entering Passive Mode (127,0,0,2,{high},{low})"),
        ("502 no", "227 Entering Passive Mode (169,254,169,254,0,80)"),
        ("229 Entering (|1|127.0.0.2|{port}|)", "227 Entering Passive Mode (127,0,0,2,{high},{low})"),
        ("229 Entering (|2|::ffff:127.0.0.2|{port}|)", "502 no"),
        ("229 Entering (|||{port}|)", "227 Entering Passive Mode (127,0,0,2,{high},{low})"),
    ],
)
def test_an_ftp_server_leads_no_data_connection_elsewhere(
    epsv: str, pasv: str, cloud: Ports, there: Trap, tmp_path: Path
) -> None:
    spell = {"port": there.port, "high": there.port // 256, "low": there.port % 256}
    server = _FtpServer(EPSV=epsv.format(**spell), PASV=pasv.format(**spell))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        with pytest.raises(TransferError):
            move(cloud, f"ftp://{PUBLIC}:{server.port}/x", tmp_path)
        assert not there.sprung
        assert server.accepted
    finally:
        server.stop()
        thread.join(10)


def test_s3_may_be_at_a_private_address(
    function: Ports, http_server: FaultyHttp, s3_client: S3Client, bucket: str
) -> None:
    """As behind a VPC endpoint: sources are guarded, S3 is not, which is at 127.0.0.1."""
    s3_client.put_object(Bucket=bucket, Key="source", Body=DATA)
    origin = PinnedSource(source=parse_source(f"s3://{bucket}/source"), info=probe(function, f"s3://{bucket}/source"))
    sink = ObjectSink(S3Url(bucket, "copy"), False, Attributes())
    assert len(list(function.movers(origin, sink, 1, lambda count: None).move([Part(1, 0, len(DATA))]))) == 1
    assert b"".join(bytes(data) for data in function.readers(origin, 1, lambda count: None).read()) == DATA
    with pytest.raises(BadSource, match="not public"):
        probe(function, http_server.add("/x", DATA))


def test_a_part_goes_from_a_guarded_source_to_s3_at_a_private_address(
    cloud: Ports, http_server: FaultyHttp, monkeypatch: pytest.MonkeyPatch, s3_client: S3Client, bucket: str
) -> None:
    resolve(monkeypatch, f"public.example.org:{http_server.port}:{PUBLIC}")
    url = http_server.add("/x", DATA).replace(PUBLIC, "public.example.org")
    upload = cloud.store.create(S3Url(bucket, "object"), Attributes())
    moved = list(
        cloud.movers(
            PinnedSource(source=parse_source(url), info=probe(cloud, url)), PartSink(upload), 1, lambda count: None
        ).move([Part(1, 0, len(DATA))])
    )
    assert [part.length for part in moved] == [len(DATA)]


def test_a_redirect_of_a_scheme_in_capitals_is_judged_and_pinned(
    cloud: Ports, http_server: FaultyHttp, tmp_path: Path
) -> None:
    """The redirect of a spelling in capitals is judged and its version is pinned."""
    url = http_server.add("/x", DATA).replace("http://", "HTTP://")
    info = msgspec.structs.replace(probe(cloud, url), last_modified=None)
    origin = PinnedSource(source=parse_source(url), info=info)
    list(cloud.readers(origin, 1, lambda count: None).read())
    assert http_server.requests[-1].headers["if-match"] == '"first"'
    assert http_server.requests[-1].headers["accept-encoding"] == "identity"
