"""What a user gives for a server goes with every kind of request to it, and with none to another.

`home` is the server that it was given for; `other` is where that redirects to.
"""

from __future__ import annotations

import base64
import time
from typing import Any

import msgspec
import pytest

from contract.conftest import HastyClock
from contract.test_object_mover import Moves
from contract.test_redirects import END, FOUND, _sent, at_home
from s3am_cloud.adapters.curl.reading.factory import CurlReaders
from s3am_cloud.adapters.curl.source.probe import CurlSource
from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.errors import AccessDenied, SecretElsewhere
from s3am_cloud.logins import HostLogin
from s3am_cloud.model import PinnedSource, SourceInfo
from s3am_cloud.ports.objects import Put, WholeObject
from s3am_cloud.urls import S3Url, parse_source
from servers.endless import EndlessServer, serving
from servers.faults import NeedsHeader, Redirect, Status
from servers.faulty_http import FaultyHttp
from support.fakes import FakeClock

DATA = b"0123456789"
SECRET = "hunter2"
COOKIE = f"127.0.0.1\tFALSE\t/\tFALSE\t{int(time.time()) + 1000}\tsession\t{SECRET}"
# What each kind of login is, and the header that the server gets of it.
KINDS = {
    "header": ({"headers": (("X-Token", SECRET),)}, b"x-token", SECRET.encode()),
    "beyond ASCII": ({"headers": (("X-Token", "schlüssel"),)}, b"x-token", "schlüssel".encode()),
    "bearer": ({"headers": (("Authorization", f"Bearer {SECRET}"),)}, b"authorization", f"Bearer {SECRET}".encode()),
    "basic": (
        {"user": "änn", "password": SECRET},
        b"authorization",
        b"Basic " + base64.b64encode(f"änn:{SECRET}".encode()),
    ),
    "cookie": ({"cookies": (COOKIE,)}, b"cookie", f"session={SECRET}".encode()),
}


def given(settings: CurlSettings, server: EndlessServer, kind: str, **more: Any) -> CurlSettings:
    fields: Any = KINDS[kind][0]
    login = HostLogin(place=f"http://127.0.0.1:{server.port}", **fields, **more)
    return msgspec.structs.replace(settings, logins=(login,))


@pytest.mark.parametrize("kind", KINDS)
def test_a_login_goes_with_every_request_to_its_server(
    kind: str, curl_settings: CurlSettings, s3_access: S3Access, hasty_clock: HastyClock
) -> None:
    """With the probe, and with the requests for ranges."""
    _, header, value = KINDS[kind]
    with serving(at_home(b"")) as home:
        settings = given(curl_settings, home, kind)
        url = parse_source(f"http://127.0.0.1:{home.port}/y")
        assert CurlSource(settings, hasty_clock).probe(url).size == len(DATA)
        origin = PinnedSource(source=url, info=SourceInfo(size=10, ranges=True))
        assert b"".join(CurlReaders(settings, s3_access, hasty_clock)(origin, 1, lambda count: None).read()) == DATA
        assert _sent(home, header) == [value] * len(home.messages)
        assert len(home.messages) >= 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_login_is_not_carried_along_a_redirect(
    kind: str, host: str, curl_settings: CurlSettings, clock: FakeClock
) -> None:
    """To another host, or another port of the same."""
    _, header, value = KINDS[kind]
    with serving(at_home(b"")) as other:
        to = f"{FOUND}Location: http://{host}:{other.port}/y\r\n{END}".encode()
        with serving(at_home(to)) as home:
            CurlSource(given(curl_settings, home, kind), clock).probe(parse_source(f"http://127.0.0.1:{home.port}/x"))
            assert _sent(home, header) == [value]
        assert _sent(other, header) == [b""]


@pytest.mark.parametrize("kind", KINDS)
def test_a_signed_url_that_a_server_redirects_to_gets_no_second_login(
    kind: str, curl_settings: CurlSettings, clock: FakeClock
) -> None:
    """Not even on the server itself: S3 refuses a request with two. Without a signature it gets the same again."""
    _, header, value = KINDS[kind]
    for to, sent in (("/y?X-Amz-Signature=abc", [value, b""]), ("/y?part=1", [value, value])):
        with serving(at_home(f"{FOUND}Location: {to}\r\n{END}".encode())) as home:
            CurlSource(given(curl_settings, home, kind), clock).probe(parse_source(f"http://127.0.0.1:{home.port}/x"))
            assert _sent(home, header) == sent


@pytest.mark.parametrize("url", ["http://ann:x@127.0.0.1:{}/y", "http://127.0.0.1:{}/y?X-Amz-Signature=abc"])
def test_a_login_of_a_list_is_left_out_where_the_url_has_its_own(
    url: str, curl_settings: CurlSettings, clock: FakeClock
) -> None:
    with serving(at_home(b"")) as home:
        for always, sent in ((False, b""), (True, SECRET.encode())):
            settings = given(curl_settings, home, "header", always=always)
            CurlSource(settings, clock).probe(parse_source(url.format(home.port)))
            assert _sent(home, b"x-token")[-1] == sent


def test_a_login_of_a_secret_stays_in_the_folders_that_it_is_for(curl_settings: CurlSettings, clock: FakeClock) -> None:
    """Neither a redirect nor another URL of the job, such as that of a file of digests, gets it elsewhere."""
    with serving(at_home(f"{FOUND}Location: /private/y\r\n{END}".encode())) as home:
        own = f"http://127.0.0.1:{home.port}"
        settings = msgspec.structs.replace(given(curl_settings, home, "header"), login_within=(f"{own}/x",))
        source = CurlSource(settings, clock)
        source.probe(parse_source(f"{own}/private/y"))
        assert _sent(home, b"x-token") == [b""]
        with pytest.raises(SecretElsewhere):
            source.probe(parse_source(f"{own}/x"))
        assert _sent(home, b"x-token") == [b"", SECRET.encode()]


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_object_is_read_with_the_login_of_its_server(
    kind: str,
    curl_settings: CurlSettings,
    s3_access: S3Access,
    hasty_clock: HastyClock,
    bucket: str,
) -> None:
    _, header, value = KINDS[kind]
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n" + DATA
    with serving(lambda head: whole) as home:
        moves = Moves(s3_access, given(curl_settings, home, kind), hasty_clock)
        source = parse_source(f"http://127.0.0.1:{home.port}/x")
        assert isinstance(moves.one(WholeObject(number=1, source=source, target=S3Url(bucket, "x"))), Put)
        assert _sent(home, header) == [value]


@pytest.mark.parametrize(
    ("kind", "login", "advice"),
    [
        (None, "", "--bearer-file"),
        (None, "ann:x@", "user name and password"),
        ("basic", "", "user name and password"),
        ("bearer", "", "header or token"),
        ("cookie", "", "log in anew in the browser"),
    ],
)
@pytest.mark.parametrize("status", [401, 403])
def test_the_hint_of_a_refusal_names_what_is_to_be_checked(
    kind: str | None, login: str, advice: str, status: int, curl_settings: CurlSettings, clock: FakeClock
) -> None:
    with serving(lambda head: f"HTTP/1.1 {status} No\r\n{END}".encode()) as home:
        settings = given(curl_settings, home, kind) if kind else curl_settings
        with pytest.raises(AccessDenied) as refused:
            CurlSource(settings, clock).probe(parse_source(f"http://{login}127.0.0.1:{home.port}/x"))
    assert advice in refused.value.hint
    assert SECRET not in f"{refused.value} {refused.value.hint}"


def test_the_hint_says_that_a_redirect_has_lost_the_login(
    http_server: FaultyHttp, curl_settings: CurlSettings, clock: FakeClock
) -> None:
    with FaultyHttp() as other:
        http_server.add("/x", DATA, NeedsHeader(name="X-Token", value=SECRET), Redirect(to=other.url("/y")))
        other.add("/y", DATA, Status(status=403))
        place = http_server.url("").removesuffix("/")
        login = HostLogin(place=place, headers=(("X-Token", SECRET),))
        settings = msgspec.structs.replace(curl_settings, logins=(login,))
        with pytest.raises(AccessDenied, match="answered 403") as refused:
            CurlSource(settings, clock).probe(parse_source(http_server.url("/x")))
    assert "redirects to http://127.0.0.1" in refused.value.hint
