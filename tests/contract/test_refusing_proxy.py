"""A proxy that lets control calls through and refuses the data's connections is named, and not the store behind it."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.conftest import HastyClock
from s3am_cloud.adapters.curl.movers import CurlMovers
from s3am_cloud.adapters.curl.reading.factory import CurlReaders
from s3am_cloud.adapters.curl.source.probe import CurlSource
from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.adapters.files.local_file import FileSource
from s3am_cloud.adapters.s3.access import S3Access, S3Settings
from s3am_cloud.adapters.s3.signer import Endpoint
from s3am_cloud.errors import AccessDenied, StoreUnavailable, TransferError
from s3am_cloud.model import Part, PinnedSource, SourceInfo
from s3am_cloud.ports.transfer import FileSink, ObjectSink
from s3am_cloud.sse import KeyRing, SseKey
from s3am_cloud.urls import S3Url, parse_source
from servers.endless import serving

SIZE = 10
STORED = PinnedSource(source=parse_source("s3://b/x"), info=SourceInfo(size=SIZE, ranges=True, etag='"e"'))
WORDS = {403: "refused the connection (403)", 407: "asks for a login (407)", 502: "made no connection (502)"}


@pytest.fixture
def access(s3_environment: None) -> S3Access:
    """With a bucket that has been found: a key of the customer's has another hint for what is denied."""
    made = S3Access(S3Settings(region="us-east-1"), KeyRing(SseKey(b"k" * 32)))
    made._endpoints["b"] = Endpoint("https://b.s3.example.org", "us-east-1")
    return made


def _through(port: int, patch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        patch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy"):
        patch.setenv(name, f"http://127.0.0.1:{port}")


@pytest.mark.parametrize("way", ["put", "copy", "get", "read"])
@pytest.mark.parametrize("status", WORDS)
def test_a_refused_tunnel_to_s3_is_the_proxys(
    way: str,
    status: int,
    access: S3Access,
    curl_settings: CurlSettings,
    hasty_clock: HastyClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / "data"
    file.write_bytes(bytes(SIZE))
    origin = (
        PinnedSource(source=parse_source(str(file)), info=FileSource().probe(parse_source(str(file))))
        if way == "put"
        else STORED
    )
    sink = FileSink(file) if way == "get" else ObjectSink(S3Url("b", "y"), overwrite=True)

    def attempt() -> object:
        if way == "read":
            return list(CurlReaders(curl_settings, access, hasty_clock)(origin, 1, lambda count: None).read())
        mover = CurlMovers(curl_settings, access, hasty_clock)(origin, sink, 1, lambda count: None)
        return list(mover.move([Part(1, 0, SIZE)]))

    with serving(lambda _: f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode()) as proxy:
        _through(proxy.port, monkeypatch)
        with pytest.raises(TransferError) as caught:
            attempt()
        assert f"the proxy 127.0.0.1:{proxy.port} {WORDS[status]}" in caught.value.message
        assert "PROXY" in caught.value.hint
        assert isinstance(caught.value, AccessDenied) == (status < 500)
        assert len(proxy.messages) == 1 or status == 502


def test_a_login_that_a_proxy_wants_in_the_place_of_a_server_is_the_proxys(
    access: S3Access, curl_settings: CurlSettings, hasty_clock: HastyClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    access._endpoints["b"] = Endpoint("http://b.s3.example.org", "us-east-1")
    info = SourceInfo(size=SIZE, ranges=True, etag='"e"')
    readers = CurlReaders(curl_settings, access, hasty_clock)
    with serving(lambda _: b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n") as proxy:
        _through(proxy.port, monkeypatch)
        with pytest.raises(AccessDenied, match="asks for a login") as caught:
            CurlSource(curl_settings, hasty_clock).probe(parse_source("http://example.org/x"))
        assert "HTTP_PROXY" in caught.value.hint
        for url in ("http://example.org/x", "s3://b/x"):
            with pytest.raises(AccessDenied, match="asks for a login"):
                list(readers(PinnedSource(source=parse_source(url), info=info), 1, lambda count: None).read())


def test_a_proxy_that_nobody_runs_is_named_on_the_way_to_s3(
    access: S3Access, curl_settings: CurlSettings, hasty_clock: HastyClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(lambda _: b"") as proxy:
        port = proxy.port
    _through(port, monkeypatch)
    sink = ObjectSink(S3Url("b", "y"), overwrite=True)
    mover = CurlMovers(curl_settings, access, hasty_clock)(STORED, sink, 1, lambda count: None)
    with pytest.raises(StoreUnavailable, match=r"the proxy .* can't be reached"):
        list(mover.move([Part(1, 0, SIZE)]))
