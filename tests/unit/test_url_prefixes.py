"""What is below a URL, and that no spelling of another one is taken for it."""

from __future__ import annotations

import pytest

from s3am_cloud.url_prefixes import covers, is_prefix

FOLDER = "https://host/runs/"
BELOW = [
    (FOLDER, "https://host/runs/a"),
    (FOLDER, "https://host/runs/a/b.bin?id=7"),
    (FOLDER, "https://HOST:443/runs/a"),
    (FOLDER, "HTTPS://host/runs/a%20b"),
    (FOLDER, "https://host/%72uns/a"),
    ("https://host/runs", "https://host/runs"),
    ("https://host/runs", "https://host/runs/a"),
    ("https://host", "https://host/any/../thing"),
    ("https://host:8443/", "https://host:8443/a"),
    ("https://bücher.example/a", "https://xn--bcher-kva.example/a/b"),
    ("sftp://host/runs", "sftp://host:22/runs/a"),
    ("http://[::1]:80/a", "http://[::1]/a/b"),
    ("s3://bucket", "s3://bucket/any"),
    ("s3://bucket/", "s3://bucket/any/thing"),
    ("s3://bucket/runs", "s3://bucket/runs/a%2Fb"),
    ("s3://bucket/runs/", "s3://bucket/runs/a b"),
]
ELSEWHERE = [
    # Another server.
    (FOLDER, "http://host/runs/a"),
    (FOLDER, "https://host:444/runs/a"),
    (FOLDER, "https://host:0/runs/a"),
    (FOLDER, "https://host.evil/runs/a"),
    (FOLDER, "https://evilhost/runs/a"),
    (FOLDER, "https://host./runs/a"),
    (FOLDER, "https://evil/https://host/runs/a"),
    (FOLDER, "https://host@evil/runs/a"),
    (FOLDER, "https://ann@host/runs/a"),
    (FOLDER, "https://ann:pw@host/runs/a"),
    (FOLDER, r"https://evil\@host/runs/a"),
    (FOLDER, "https://evil#@host/runs/a"),
    (FOLDER, "https://evil?@host/runs/a"),
    (FOLDER, "https://evil%2f@host/runs/a"),
    (FOLDER, "ftp://host/runs/a"),
    ("https://127.0.0.1/", "https://2130706433/"),
    # Another name.
    (FOLDER, "https://host/runs"),
    (FOLDER, "https://host/runs-evil/a"),
    ("https://host/runs", "https://host/runs-evil"),
    ("https://host/runs", "https://host/runs.evil/a"),
    (FOLDER, "https://host/RUNS/a"),
    (FOLDER, "https://host//runs/a"),
    (FOLDER, "https://host/private/runs/a"),
    (FOLDER, "https://host/?/runs/a"),
    (FOLDER, "https://host/#/runs/a"),
    (FOLDER, "https://host/runs;x/a"),
    (FOLDER, "https://host/%2572uns/a"),
    # A way up.
    *(
        (FOLDER, f"https://host/runs/{up}/private")
        for up in (
            *(
                "..",
                ".",
                "%2e%2e",
                "%2E.",
                ".%2e",
                "%252e%252e",
                "%25252e%25252e",
                "..;",
                "..;x=1",
                "%2e%2e;a",
                "..%20",
            ),
            *(
                "..%2fprivate",
                "..%5cprivate",
                r"..\private",
                "a%2f..%2f..",
                "%2Fetc",
                "%c0%ae%c0%ae",
                "..%00",
                "\uff0e\uff0e",
            ),
            *("\u2025", "a%0a", "%2525252525252e"),
        )
    ),
    (FOLDER, "https://host/private/../runs/a"),
    (FOLDER, "https://host/runs/.."),
    (FOLDER, "https://host/runs%2f..%2fprivate"),
    (FOLDER, "https://host/runs%2Fa"),
    # S3.
    ("s3://bucket/runs", "s3://bucket/runs-evil/a"),
    ("s3://bucket/runs/", "s3://bucket/runs"),
    ("s3://bucket/runs", "s3://bucket/RUNS/a"),
    ("s3://bucket/runs", "s3://bucket//runs/a"),
    ("s3://bucket/runs", "s3://bucket/runs/../private"),
    ("s3://bucket/runs", "s3://bucket/runs/%2e%2e/private"),
    ("s3://bucket/runs", "s3://bucket/runs/./a"),
    ("s3://bucket", "s3://bucket-evil/runs"),
    ("s3://bucket", "https://bucket/runs"),
    ("s3://bucket", "S3://bucket/runs"),
    # What can't be read.
    (FOLDER, ""),
    (FOLDER, "https:///runs/a"),
    (FOLDER, "https://host:x/runs/a"),
    (FOLDER, "/runs/a"),
    ("", "https://host/runs/a"),
    ("https://host/runs/../", "https://host/runs/../a"),
]


@pytest.mark.parametrize(("prefix", "url"), BELOW)
def test_what_is_below_a_url(prefix: str, url: str) -> None:
    assert covers(prefix, url)


@pytest.mark.parametrize(("prefix", "url"), ELSEWHERE)
def test_what_is_elsewhere_however_it_is_spelled(prefix: str, url: str) -> None:
    assert not covers(prefix, url)


@pytest.mark.parametrize(
    "text", ["", "host/runs", "https://ann@host/", "https://host/a?b", "https://host/../a", "s3:/b"]
)
def test_what_nothing_can_be_below(text: str) -> None:
    assert not is_prefix(text)


@pytest.mark.parametrize("text", ["https://host", "https://host/", FOLDER, "s3://bucket", "s3://bucket/runs/"])
def test_what_something_can_be_below(text: str) -> None:
    assert is_prefix(text)
