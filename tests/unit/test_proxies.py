"""Which proxy a request goes through, by one rule for both ways out; and what is said of one that refuses."""

from __future__ import annotations

import os
from unittest import mock

import pycurl
import pytest
from botocore.exceptions import ProxyConnectionError

from s3am_cloud.adapters.curl.source.answers import curl_error
from s3am_cloud.adapters.proxies import exceptions_for_curl, proxy_for, shown_proxy
from s3am_cloud.adapters.s3.access import S3Access, S3Settings
from s3am_cloud.adapters.s3.answers import named_client
from s3am_cloud.errors import AccessDenied, SourceUnavailable, StoreUnavailable, Usage
from s3am_cloud_cli.environment import spell_http_proxy

PROXY = "http://user:hidden@proxy.example.org:3128"
URL = "https://data.example.org/x"


@pytest.fixture(autouse=True)
def environment() -> object:
    with mock.patch.dict(os.environ, {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}, clear=True):
        yield os.environ


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_a_proxy_is_named_in_either_case(name: str) -> None:
    os.environ[name] = PROXY
    assert proxy_for(URL) == PROXY
    os.environ[name] = "proxy:3128"
    assert proxy_for(URL) == "http://proxy:3128"


def test_a_scheme_s_own_proxy_goes_before_that_for_all() -> None:
    os.environ |= {"ALL_PROXY": "http://all:1", "HTTP_PROXY": "http://plain:2"}
    assert [proxy_for("https://h/x"), proxy_for("http://h/x")] == ["http://all:1", "http://plain:2"]
    spell_http_proxy()
    assert os.environ["http_proxy"] == "http://plain:2"


@pytest.mark.parametrize(
    ("exceptions", "url", "direct"),
    [
        ("*", URL, True),
        ("example.org", URL, True),
        (".example.org", URL, True),
        ("*.example.org", URL, True),
        ("other.org, Data.Example.ORG", URL, True),
        ("other.org data.example.org", URL, True),
        ("ample.org", URL, False),
        ("data.example.org:443", URL, True),
        ("data.example.org:8443", URL, False),
        (".example.org:9000", "https://data.example.org:9000/x", True),
        ("10.0.0.0/8", "https://10.1.2.3/x", True),
        ("10.0.0.0/8", "https://11.1.2.3/x", False),
        ("10.0.0.0/8:443", "https://10.1.2.3/x", True),
        ("127.0.0.1", "https://127.0.0.1:9000/x", True),
        ("fd00::/8", "https://[fd00::1]/x", True),
        ("[fd00::1]:443", "https://[fd00::1]/x", True),
        ("::1", "https://[fd00::1]/x", False),
        ("10.0.0.0/8", URL, False),
        ("", URL, False),
        (",,", URL, False),
    ],
)
def test_hosts_are_reached_without_a_proxy_as_no_proxy_says(exceptions: str, url: str, direct: bool) -> None:
    os.environ |= {"HTTPS_PROXY": PROXY, "NO_PROXY": exceptions}
    assert (proxy_for(url) is None) is direct


def test_curl_gets_exceptions_without_ports() -> None:
    os.environ["NO_PROXY"] = "plain.org,10.0.0.0/8"
    assert exceptions_for_curl(URL) is None
    os.environ["NO_PROXY"] = "plain.org,*.wild.org,data.example.org:443,other.org:1"
    assert exceptions_for_curl(URL) == "plain.org,wild.org,data.example.org"


@pytest.mark.parametrize(
    ("variables", "proxies"),
    [
        ({"ALL_PROXY": PROXY}, {"http": PROXY}),
        ({"HTTP_PROXY": PROXY, "NO_PROXY": "10.0.0.0/8"}, {}),
        ({"HTTP_PROXY": PROXY, "NO_PROXY": "10.1.2.3:9000"}, None),
        ({"HTTP_PROXY": PROXY, "NO_PROXY": "10.1.2.3:1"}, None),
        ({"ALL_PROXY": "socks5://proxy:1080"}, None),
        ({}, None),
    ],
)
def test_botocore_follows_the_same_rule(variables: dict[str, str], proxies: dict[str, str] | None) -> None:
    os.environ |= variables
    access = S3Access(S3Settings(endpoint_url="http://10.1.2.3:9000"))
    found = getattr(access.client("us-east-1").meta.config, "proxies", None)
    assert found == proxies  # None: as botocore reads the environment by itself


@pytest.mark.parametrize(
    ("message", "kind", "words"),
    [
        ("CONNECT tunnel failed, response 403", AccessDenied, "refused the connection (403)"),
        ("CONNECT tunnel failed, response 407", AccessDenied, "asks for a login (407)"),
        ("CONNECT tunnel failed, response 503", SourceUnavailable, "made no connection (503)"),
        ("Failed to connect", SourceUnavailable, "can't be reached"),
    ],
)
def test_a_proxy_that_refuses_is_named_without_its_password(message: str, kind: type[Exception], words: str) -> None:
    os.environ["HTTPS_PROXY"] = PROXY
    error = curl_error(pycurl.E_COULDNT_CONNECT, message, URL)
    assert type(error) is kind
    assert error.message == f"{URL}: the proxy proxy.example.org:3128 {words}"


@pytest.mark.parametrize("proxy", ["http://[::1", "foo://bar", "http://host:port", "http://", "http://u:pa#hidden@h:1"])
def test_a_proxy_that_is_no_url_is_wrong_usage_and_not_repeated(proxy: str) -> None:
    os.environ["HTTP_PROXY"] = proxy
    access = S3Access(S3Settings(endpoint_url="http://10.1.2.3:9000"))
    with pytest.raises(Usage, match="proxy") as raised:
        access.client("us-east-1")
    assert proxy.rpartition("://")[2] not in raised.value.message or proxy == "http://"


@pytest.mark.parametrize("proxy", ["http://u:pa#hidden@h:1", "http://u:hidden/@h:1", "u:hid?den@h:1/", "h:1"])
def test_a_proxy_is_shown_without_its_login_however_that_is_written(proxy: str) -> None:
    assert shown_proxy(proxy) == "h:1"


def test_without_a_proxy_it_is_the_host_that_is_not_reached() -> None:
    error = curl_error(pycurl.E_COULDNT_CONNECT, "", URL)
    assert "proxy" not in error.message


def test_a_proxy_that_refuses_control_calls_is_named_alike() -> None:
    refused = ProxyConnectionError(proxy_url=PROXY, error=OSError("Tunnel connection failed: 407 Login"))
    silent = ProxyConnectionError(proxy_url=PROXY, error=OSError("refused"))
    errors = [named_client(refused, "s3://b"), named_client(silent, "s3://b")]
    assert [type(error) for error in errors] == [AccessDenied, StoreUnavailable]
    assert all("the proxy proxy.example.org:3128" in error.message for error in errors)
    assert not any("hidden" in error.message for error in errors)
