"""Which hosts a list of names stands for, and how a URL's host is read."""

from __future__ import annotations

import pytest

from s3am_cloud.adapters.curl.transport.hosts import parse_hosts, refused_host

LIST = parse_hosts("Data.example.org, *.example.com,files.example.net.,8.8.8.8,")


def test_a_list_is_read_without_spaces_capitals_and_last_dots() -> None:
    assert LIST == ("data.example.org", "*.example.com", "files.example.net", "8.8.8.8")
    assert parse_hosts("") == ()


@pytest.mark.parametrize("url", ["http://anywhere/x", "ftp://[::1]/x", "http://a@b@c/", ""])
def test_an_empty_list_stands_for_every_host(url: str) -> None:
    assert refused_host(url, ()) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://data.example.org",
        "http://data.example.org/x",
        "https://DATA.EXAMPLE.ORG:8443/x",
        "ftp://me:word@data.example.org/x@y",
        "sftp://data.example.org:/x",
        "http://data.example.org.?x",
        "http://data.example.org#x",
        "http://a.example.com/",
        "http://a.b.example.com/",
        "http://files.example.net/",
        "http://8.8.8.8/",
    ],
)
def test_a_listed_host_is_let_in(url: str) -> None:
    assert refused_host(url, LIST) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "http://example.com/",
        "http://a.data.example.org/",
        "http://badexample.com/",
        "http://data.example.org.evil.net/",
        "http://data.example.org@evil.net/",
        "http://data.example.org\\@evil.net/",
        "http://evil.net\\@data.example.org/",
        "http://evil.net%2f@@data.example.org/",
        "http://evil.net\t@data.example.org/",
        "http://data.example.org:80@evil.net/",
        "http://data.example.org:80:90/",
        "http://data.example.org%00.evil.net/",
        "http://data%2Eexample.org/",
        "http://[2600::1]/",
        "http:///data.example.org/",
        "http:data.example.org/",
        "http:/data.example.org/",
        "http://",
        "http://134744072/",
    ],
)
def test_a_host_that_is_not_listed_or_not_plainly_spelled_is_refused(url: str) -> None:
    assert refused_host(url, LIST)
