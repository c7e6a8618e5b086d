"""Redirects lead no request to a host that is not listed, no login to a place that it was not given for, and no signed
request anywhere.

`home` is a server that sources may be at, and writes its heads byte by byte; nobody may come to `away`.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec
import pytest

from contract.conftest import HastyClock
from contract.guarded import PUBLIC, Trap, move, rate_probe, resolve, take_for_public, trap
from s3am_cloud.adapters.curl.movers import CurlMovers
from s3am_cloud.adapters.curl.reading.factory import CurlReaders
from s3am_cloud.adapters.curl.source.probe import CurlSource
from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.adapters.s3.access import S3Access, S3Settings
from s3am_cloud.adapters.s3.source import S3Source
from s3am_cloud.adapters.s3.store import S3Store
from s3am_cloud.errors import AccessDenied, BadDestination, BadSource, SecretElsewhere, TransferError
from s3am_cloud.handlers import runtime
from s3am_cloud.handlers.environment import Environment
from s3am_cloud.handlers.runtime import ports_of
from s3am_cloud.model import Part, PinnedSource, SourceInfo
from s3am_cloud.ports.transfer import ObjectSink, Ports
from s3am_cloud.sse import KeyRing, SseKey
from s3am_cloud.urls import S3Url, parse_source
from servers.certificates import make_certificate
from servers.endless import EndlessServer, serving
from servers.faults import Redirect
from servers.faulty_http import FaultyHttp
from support.fakes import FakeClock

DATA = b"0123456789"
FILE = b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-0/10\r\nContent-Length: 1\r\n\r\n0"
WHOLE = b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-9/10\r\nContent-Length: 10\r\n\r\n" + DATA
FOUND = "HTTP/1.1 302 Found\r\n"
END = "Content-Length: 0\r\n\r\n"

Reply = Callable[[bytes], bytes]


def at_home(first: bytes) -> Reply:
    """`first` for /x, and the file everywhere else."""

    def answer(head: bytes) -> bytes:
        if head.startswith(b"GET /x "):
            return first
        return FILE if b"bytes=0-0" in head else WHOLE

    return answer


@pytest.fixture
def away() -> Iterator[Trap]:
    with trap(PUBLIC) as made:
        yield made


@pytest.fixture(scope="module")
def listed(function_environment: Mapping[str, str]) -> Ports:
    """What a function of a stack has that lists one host."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runtime, "SystemClock", HastyClock)
        return ports_of(Environment({**function_environment, "S3AM_CLOUD_ALLOWED_HOSTS": "data.example.org"}))


LEADING_AWAY = {
    "plain": f"{FOUND}Location: http://AWAY/y\r\n{END}",
    "no space": f"{FOUND}Location:http://AWAY/y\r\n{END}",
    "spaces and tabs around": f"{FOUND}Location: \t http://AWAY/y \t\r\n{END}",
    "name in capitals": f"{FOUND}LOCATION: http://AWAY/y\r\n{END}",
    "scheme in capitals": f"{FOUND}Location: HTTP://AWAY/y\r\n{END}",
    "protocol-relative": f"{FOUND}Location: //AWAY/y\r\n{END}",
    "three slashes": f"{FOUND}Location: http:///AWAY/y\r\n{END}",
    "one slash": f"{FOUND}Location: http:/AWAY/y\r\n{END}",
    "no slash": f"{FOUND}Location: http:AWAY/y\r\n{END}",
    "backslashes": f"{FOUND}Location: http:\\\\AWAY/y\r\n{END}",
    "a backslash before the host": f"{FOUND}Location: http://data.example.org\\@AWAY/y\r\n{END}",
    "the listed host as a user": f"{FOUND}Location: http://data.example.org@AWAY/y\r\n{END}",
    "the listed host as a user with a port": f"{FOUND}Location: http://data.example.org:80@AWAY/y\r\n{END}",
    "two users": f"{FOUND}Location: http://a@data.example.org@AWAY/y\r\n{END}",
    "an encoded slash": f"{FOUND}Location: http://data.example.org%2F@AWAY/y\r\n{END}",
    "a fragment before the host": f"{FOUND}Location: http://AWAY#@data.example.org/y\r\n{END}",
    "a question mark before the host": f"{FOUND}Location: http://AWAY?@data.example.org/y\r\n{END}",
    "a dot at the end": f"{FOUND}Location: http://evil.example.net.:PORT/y\r\n{END}",
    "an address": f"{FOUND}Location: http://127.0.0.1:PORT/y\r\n{END}",
    "a number": f"{FOUND}Location: http://2130706433:PORT/y\r\n{END}",
    "an IPv6 address": f"{FOUND}Location: http://[::ffff:127.0.0.1]:PORT/y\r\n{END}",
    "an encoded dot": f"{FOUND}Location: http://evil%2Eexample.net:PORT/y\r\n{END}",
    "two of them": f"{FOUND}Location: /y\r\nLocation: http://AWAY/y\r\n{END}",
    "two of them, the other way round": f"{FOUND}Location: http://AWAY/y\r\nLocation: /y\r\n{END}",
    "in a folded line": f"{FOUND}Location:\r\n http://AWAY/y\r\n{END}",
    "folded in the middle": f"{FOUND}Location: http://evil.example.net\r\n :PORT/y\r\n{END}",
    "behind a header that looks like a status": f"HTTP/1.1 302 Found\r\nHTTP/1.1 200 OK\r\nLocation: http://AWAY/\r\n{END}",
    "behind a page of headers": f"{FOUND}" + "X-A: b\r\n" * 500 + f"Location: http://AWAY/y\r\n{END}",
    "in an interim answer": f"HTTP/1.1 103 Early Hints\r\nLocation: http://AWAY/y\r\n\r\n{FOUND}Location: /y\r\n{END}",
    "in HTTP/1.0": f"HTTP/1.0 302 Found\r\nLocation: http://AWAY/y\r\n{END}",
    "permanently": f"HTTP/1.1 308 Permanent Redirect\r\nLocation: http://AWAY/y\r\n{END}",
    "of several": f"HTTP/1.1 300 Multiple Choices\r\nLocation: http://AWAY/y\r\n{END}",
    "by a proxy": f"HTTP/1.1 305 Use Proxy\r\nLocation: http://AWAY/y\r\n{END}",
    "not modified": "HTTP/1.1 304 Not Modified\r\nLocation: http://AWAY/y\r\n\r\n",
    "refused": f"HTTP/1.1 404 Not Found\r\nLocation: http://AWAY/y\r\n{END}",
    "with a login": f"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nLocation: http://AWAY/y\r\n{END}",
    "without a status": f"Location: http://AWAY/y\r\n{END}",
    "a carriage return": f"{FOUND}Location: /y\rLocation: http://AWAY/y\r\n{END}",
    "a tab in the host": f"{FOUND}Location: http://evil.\texample.net:PORT/y\r\n{END}",
    "a NUL": f"{FOUND}Location: http://AWAY\x00data.example.org/y\r\n{END}",
    "to FTP": f"{FOUND}Location: ftp://AWAY/y\r\n{END}",
    "to a script": f"{FOUND}Location: javascript://AWAY/y\r\n{END}",
}


@pytest.mark.parametrize("name", LEADING_AWAY)
def test_no_head_leads_to_a_host_that_is_not_listed(
    name: str, listed: Ports, away: Trap, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    head = LEADING_AWAY[name].replace("AWAY", "evil.example.net:PORT").replace("PORT", str(away.port))
    take_for_public(monkeypatch)
    with serving(at_home(head.encode("iso-8859-1"))) as home:
        resolve(
            monkeypatch,
            f"data.example.org:{home.port}:{PUBLIC}",
            f"evil.example.net:{away.port}:{PUBLIC}",
            f"AWAY:80:{PUBLIC}",
        )
        url = f"http://data.example.org:{home.port}/x"
        for attempt in (
            lambda: listed.source.probe(parse_source(url)),
            lambda: move(listed, url, tmp_path),
        ):
            with pytest.raises(TransferError):
                attempt()
        assert rate_probe(listed, url) is None
        assert home.accepted >= 3
    assert not away.sprung


STAYING = {
    "in an answer that has the file": "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes RANGE/10\r\n"
    "Location: http://AWAY/y\r\nContent-Length: LENGTH\r\n\r\nDATA",
    "as a relative path": f"{FOUND}Location: y\r\n{END}",
    "as an absolute path": f"{FOUND}Location: /y\r\n{END}",
    "as an absolute path that looks like a host": f"{FOUND}Location: /\\AWAY/y\r\n{END}",
    "as a query": f"{FOUND}Location: ?url=http://AWAY/y\r\n{END}",
    "twice the same": f"{FOUND}Location: /y\r\nLocation: /y\r\n{END}",
    "in another header": f"{FOUND}Content-Location: http://AWAY/y\r\nLocation: /y\r\nRefresh: 0; http://AWAY/\r\n{END}",
}


@pytest.mark.parametrize("name", STAYING)
def test_a_redirect_that_stays_is_followed_whatever_else_the_head_says(
    name: str, listed: Ports, away: Trap, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    head = STAYING[name].replace("AWAY", f"evil.example.net:{away.port}")
    first = head.replace("RANGE", "0-0").replace("LENGTH", "1").replace("DATA", "0")
    all_of_it = head.replace("RANGE", "0-9").replace("LENGTH", "10").replace("DATA", DATA.decode())

    def answer(request: bytes) -> bytes:
        return at_home((first if b"bytes=0-0" in request else all_of_it).encode())(request)

    take_for_public(monkeypatch)
    with serving(answer) as home:
        resolve(monkeypatch, f"data.example.org:{home.port}:{PUBLIC}", f"evil.example.net:{away.port}:{PUBLIC}")
        url = f"http://data.example.org:{home.port}/x"
        assert listed.source.probe(parse_source(url)).size == len(DATA)
        assert len(move(listed, url, tmp_path)) == 1
        assert (tmp_path / "moved").read_bytes() == DATA
    assert not away.sprung


@pytest.fixture
def netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Writes the user's ~/.netrc."""
    monkeypatch.setenv("HOME", str(tmp_path))

    def write(text: str) -> None:
        (tmp_path / ".netrc").write_text(text)
        (tmp_path / ".netrc").chmod(0o600)

    return write


LOGIN = b"Basic " + base64.b64encode(b"ann:s3cret")
FIRST_HEADS = {
    "of the URL": ("ann:s3cret@", ""),
    "of a machine in .netrc": ("", "machine 127.0.0.1 login ann password s3cret\n"),
    "of .netrc's default": ("", "default login ann password s3cret\n"),
}


def _sent(server: EndlessServer, header: bytes) -> list[bytes]:
    """What requests sent under that header, one entry for each request."""
    found = []
    for head in server.messages:
        lines = [line.partition(b": ") for line in head.split(b"\r\n")]
        found.append(b", ".join(value for name, _, value in lines if name.lower() == header))
    return found


@pytest.mark.parametrize("login", FIRST_HEADS)
def test_a_login_stays_with_scheme_host_and_port(
    login: str, netrc: Callable[[str], None], curl_settings: CurlSettings, clock: FakeClock
) -> None:
    before, text = FIRST_HEADS[login]
    netrc(text)
    settings = msgspec.structs.replace(curl_settings, netrc=bool(text))
    with serving(at_home(b"")) as other:
        for host in ("127.0.0.1", "localhost"):
            to = f"{FOUND}Location: http://{host}:{other.port}/y\r\n{END}".encode()
            with serving(at_home(to)) as home:
                url = f"http://{before}127.0.0.1:{home.port}/x"
                info = CurlSource(settings, clock).probe(parse_source(url))
                assert info.final_url == f"http://{host}:{other.port}/y"
                assert _sent(home, b"authorization") == [LOGIN]
        assert _sent(other, b"authorization") == [b"", b""]


@pytest.mark.parametrize("login", FIRST_HEADS)
def test_a_login_goes_along_on_its_own_server(
    login: str, netrc: Callable[[str], None], curl_settings: CurlSettings, clock: FakeClock
) -> None:
    before, text = FIRST_HEADS[login]
    netrc(text)
    settings = msgspec.structs.replace(curl_settings, netrc=bool(text))
    with serving(at_home(f"{FOUND}Location: /y?token=hidden\r\n{END}".encode())) as home:
        info = CurlSource(settings, clock).probe(parse_source(f"http://{before}127.0.0.1:{home.port}/x"))
        assert info.final_url == f"http://127.0.0.1:{home.port}/y?..."
        assert _sent(home, b"authorization") == [LOGIN, LOGIN]


@pytest.mark.parametrize("to", ["/private/x", "/runs/../private/x", "/runs/%2e%2e/private/x", "/runs-evil/x", "//{}/y"])
def test_the_login_of_a_secret_follows_no_redirect_out_of_its_folder(
    to: str, curl_settings: CurlSettings, clock: FakeClock
) -> None:
    """Nor is anything fetched there, though it is the same server: some pages redirect wherever they are asked to."""
    heads = {b"GET /runs/x ": b"", b"GET /runs/stays ": f"{FOUND}Location: /runs/y\r\n{END}".encode()}

    def answer(head: bytes) -> bytes:
        return next((reply for start, reply in heads.items() if head.startswith(start)), at_home(b"")(head))

    with serving(answer) as home:
        own = f"127.0.0.1:{home.port}"
        heads[b"GET /runs/x "] = f"{FOUND}Location: {to.format(own)}\r\n{END}".encode()
        settings = msgspec.structs.replace(curl_settings, login_within=(f"http://{own}/runs/",))
        source = CurlSource(settings, clock)
        with pytest.raises(SecretElsewhere, match=r"redirects to http://127\.0\.0\.1"):
            source.probe(parse_source(f"http://ann:s3cret@{own}/runs/x"))
        assert _sent(home, b"authorization") == [LOGIN]
        assert source.probe(parse_source(f"http://ann:s3cret@{own}/runs/stays")).final_url == f"http://{own}/runs/y"
        # Without a login, as for a file of digests, there is none to keep.
        source.probe(parse_source(f"http://{own}/runs/x"))


def test_a_login_that_a_redirect_brings_is_dropped(curl_settings: CurlSettings, clock: FakeClock) -> None:
    with serving(at_home(b"")) as other:
        to = f"{FOUND}Location: http://eve:other@127.0.0.1:{other.port}/y\r\n{END}".encode()
        with serving(at_home(to)) as home:
            CurlSource(curl_settings, clock).probe(parse_source(f"http://127.0.0.1:{home.port}/x"))
        assert _sent(other, b"authorization") == [b""]


def test_a_cookie_goes_back_to_the_server_that_set_it_and_to_no_other(
    curl_settings: CurlSettings, clock: FakeClock
) -> None:
    """Cookies know hosts, but no ports: libcurl alone would give it to both."""
    cookie = "Set-Cookie: session=ok; Path=/\r\n"

    def answer(head: bytes) -> bytes:
        if b"session=ok" not in head:
            return f"{FOUND}{cookie}Location: /x\r\n{END}".encode()
        return f"{FOUND}Location: http://127.0.0.1:{other.port}/y\r\n{END}".encode()

    with serving(at_home(b"")) as other, serving(answer) as home:
        CurlSource(curl_settings, clock).probe(parse_source(f"http://127.0.0.1:{home.port}/x"))
        assert _sent(home, b"cookie") == [b"", b"session=ok"]
        assert _sent(other, b"cookie") == [b""]


def test_an_encrypted_source_is_not_fetched_in_clear(
    tmp_path: Path, curl_settings: CurlSettings, clock: FakeClock, away: Trap
) -> None:
    certificate = make_certificate(tmp_path)
    settings = msgspec.structs.replace(curl_settings, ca_file=str(certificate.file))
    with FaultyHttp(certificate) as server:
        url = server.add("/x", DATA, Redirect(to=f"http://127.0.0.1:{away.port}/y?token=hidden"))
        server.add("/y", DATA, Redirect(to="/z"))
        server.add("/z", DATA)
        with pytest.raises(BadSource, match="not encrypted") as caught:
            CurlSource(settings, clock).probe(parse_source(url))
        assert CurlSource(settings, clock).probe(parse_source(server.url("/y"))).size == len(DATA)
    assert "hidden" not in caught.value.message
    assert not away.sprung


def test_redirects_have_an_end(curl_settings: CurlSettings, clock: FakeClock) -> None:
    with serving(at_home(f"{FOUND}Location: /x\r\n{END}".encode())) as home:
        with pytest.raises(BadSource, match="10 redirects"):
            CurlSource(curl_settings, clock).probe(parse_source(home.url().replace("x.bin", "x")))
        assert len(home.messages) == 11


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_of_a_control_call_is_refused_at_once(status: int, s3_environment: None) -> None:
    """botocore would ask for the bucket's region again and again."""
    said = f"HTTP/1.1 {status} Moved\r\nLocation: http://127.0.0.1:1/b\r\n{END}".encode()
    with serving(lambda head: said) as store:
        access = S3Access(S3Settings(endpoint_url=f"http://127.0.0.1:{store.port}", region="us-east-1"))
        with pytest.raises(BadDestination, match=f"the answer was {status}") as caught:
            S3Store(access, FakeClock()).head(S3Url("b", "x"))
        assert "redirect" in caught.value.hint
        assert len(store.messages) <= 2


@pytest.mark.parametrize("status", [301, 307, 400])
def test_the_region_of_a_bucket_is_taken_from_a_redirect(status: int, s3_environment: None) -> None:
    said = f"HTTP/1.1 {status} Moved\r\nx-amz-bucket-region: eu-west-3\r\n{END}".encode()
    with serving(lambda head: said) as store:
        access = S3Access(S3Settings(endpoint_url=f"http://127.0.0.1:{store.port}", region="us-east-1"))
        assert access.endpoint("b").region == "eu-west-3"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_signed_request_follows_a_redirect(
    status: int, s3_environment: None, curl_settings: CurlSettings, hasty_clock: HastyClock, away: Trap
) -> None:
    """A store, or who is in its place, would get the encryption key and the session token to another host."""
    said = f"HTTP/1.1 {status} Moved\r\nLocation: http://127.0.0.1:{away.port}/b/x\r\n{END}".encode()
    found = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    info, part = SourceInfo(size=10, ranges=True, etag='"e"'), Part(1, 0, 10)
    with serving(lambda head: found if head.startswith(b"HEAD /b ") else said) as store:
        settings = S3Settings(endpoint_url=f"http://127.0.0.1:{store.port}", region="us-east-1")
        access = S3Access(settings, KeyRing(SseKey(b"k" * 32)))
        movers = CurlMovers(curl_settings, access, hasty_clock)
        origin, sink = (
            PinnedSource(source=parse_source("s3://b/x"), info=info),
            ObjectSink(S3Url("b", "y"), overwrite=True),
        )
        file = PinnedSource(source=parse_source(__file__), info=SourceInfo(size=10, ranges=True))
        with pytest.raises((BadSource, BadDestination, AccessDenied)):
            S3Source(S3Store(access, hasty_clock)).probe(parse_source("s3://b/x"))
        with pytest.raises(BadSource, match=str(status)) as caught:
            list(CurlReaders(curl_settings, access, hasty_clock)(origin, 1, lambda count: None).read())
        assert "redirect" in caught.value.hint
        for start in (origin, file):
            with pytest.raises(TransferError):
                list(movers(start, sink, 1, lambda count: None).move([part]))
        methods = {head.split()[0] for head in store.messages}
        assert {b"HEAD", b"GET", b"PUT"} <= methods
    assert not away.sprung
