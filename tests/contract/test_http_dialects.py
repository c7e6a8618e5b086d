"""Probing HTTP servers that want a cookie or a login by Digest back, call a .gz an encoding, or have many machines."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import pytest

from s3am_cloud.adapters.curl.source.probe import CurlSource
from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.errors import BadSource
from s3am_cloud.limits import SMALL_OBJECT
from s3am_cloud.model import SourceInfo
from s3am_cloud.urls import parse_source
from servers.content import Pattern, pattern
from servers.faults import Fault, IgnoreRanges, Redirect, WrongContentRange
from servers.faulty_http import FaultyHttp
from servers.http_model import Answer, Request, plain
from support.fakes import FakeClock

LARGE = Pattern(SMALL_OBJECT + 100)


@dataclass(frozen=True, kw_only=True)
class Cookied(Fault):
    """Sets a cookie with a redirect to `to`, and goes on only for who brings it back."""

    to: str

    def change_answer(self, request: Request, answer: Answer) -> Answer:
        if "session=ok" in request.headers.get("cookie", ""):
            return answer
        return plain(302, Location=self.to, Set_Cookie="session=ok; Path=/")


@dataclass(frozen=True, kw_only=True)
class WantsDigest(Fault):
    """Takes logins by Digest only; whether they are right is not looked at."""

    def change_answer(self, request: Request, answer: Answer) -> Answer:
        if request.headers.get("authorization", "").startswith('Digest username="ann"'):
            return answer
        return plain(401, WWW_Authenticate='Digest realm="r", qop="auth", nonce="n", algorithm=MD5')


@dataclass(frozen=True, kw_only=True)
class Sends(Fault):
    """Adds headers, or puts them in the place of others."""

    etag: str | None = None
    encoding: str | None = None
    kind: str | None = None

    methods: ClassVar[tuple[str, ...]] = ("GET",)

    def change_answer(self, request: Request, answer: Answer) -> Answer:
        given = {"ETag": self.etag, "Content-Encoding": self.encoding, "Content-Type": self.kind}
        found = {name: value for name, value in given.items() if value is not None}
        return replace(answer, headers={**answer.headers, **found})


def probe(url: str, settings: CurlSettings) -> SourceInfo:
    return CurlSource(settings, FakeClock()).probe(parse_source(url))


def test_a_cookie_is_brought_back_to_its_own_host(http_server: FaultyHttp, curl_settings: CurlSettings) -> None:
    url = http_server.add("/data", pattern(7), Cookied(to="/data"))
    assert probe(url, curl_settings).size == 7


def test_a_cookie_is_not_brought_to_another_host(http_server: FaultyHttp, curl_settings: CurlSettings) -> None:
    http_server.add("/there", pattern(7))
    url = http_server.add("/data", pattern(8), Cookied(to=http_server.url("/there").replace("127.0.0.1", "localhost")))
    assert probe(url, curl_settings).size == 7
    assert all("cookie" not in one.headers for one in http_server.requests)


def test_a_login_by_digest_is_found_and_kept_in_mind(http_server: FaultyHttp, curl_settings: CurlSettings) -> None:
    http_server.add("/data", pattern(7), WantsDigest())
    info = probe(http_server.url("/data", login="ann:s3cret"), curl_settings)
    assert (info.size, info.digest_login) == (7, True)


@pytest.mark.parametrize(
    ("path", "sends"),
    [
        ("/reads.fastq.gz", Sends(encoding="x-gzip")),
        ("/reads.tgz", Sends(encoding="gzip")),
        ("/old.Z", Sends(encoding="x-compress")),
        ("/a.bz2", Sends(encoding="x-bzip2")),
        ("/get", Sends(encoding="gzip", kind="application/x-gzip")),
    ],
)
def test_a_file_that_is_stored_packed_is_the_file(
    http_server: FaultyHttp, curl_settings: CurlSettings, path: str, sends: Sends
) -> None:
    info = probe(http_server.add(path, pattern(7), sends), curl_settings)
    assert (info.size, info.ranges) == (7, True)
    assert info.encoding is not None


@pytest.mark.parametrize("path", ["/reads.fastq", "/reads.gz.txt", "/a.bz2"])
def test_what_is_packed_on_its_way_is_refused(http_server: FaultyHttp, curl_settings: CurlSettings, path: str) -> None:
    with pytest.raises(BadSource, match="encoded"):
        probe(http_server.add(path, pattern(7), Sends(encoding="gzip")), curl_settings)


def test_a_redirect_to_a_packed_file_names_it(http_server: FaultyHttp, curl_settings: CurlSettings) -> None:
    http_server.add("/reads.gz", pattern(7), Sends(encoding="gzip"))
    assert probe(http_server.add("/latest", pattern(8), Redirect(to="/reads.gz")), curl_settings).size == 7


@pytest.mark.parametrize("fault", [Sends(etag='"other"', skip=1), WrongContentRange(total_shift=1, skip=1)])
def test_a_large_file_that_answers_twice_differently_comes_whole(
    http_server: FaultyHttp, curl_settings: CurlSettings, fault: Fault
) -> None:
    info = probe(http_server.add("/large", LARGE, fault), curl_settings)
    assert (info.size, info.ranges) == (LARGE.size, False)


def test_the_end_of_a_large_file_is_looked_at(http_server: FaultyHttp, curl_settings: CurlSettings) -> None:
    info = probe(http_server.add("/large", LARGE, WrongContentRange(total_shift=-10)), curl_settings)
    assert (info.size, info.ranges) == (LARGE.size, False)


def test_a_large_file_in_order_keeps_its_ranges(http_server: FaultyHttp, curl_settings: CurlSettings) -> None:
    info = probe(http_server.add("/large", LARGE), curl_settings)
    assert (info.size, info.ranges, info.pinned) == (LARGE.size, True, "strong")
    assert probe(http_server.add("/x", LARGE, IgnoreRanges()), curl_settings).ranges is False
