"""Logins from ~/.netrc, looked up where the file is."""

from __future__ import annotations

from pathlib import Path

import pytest

from s3am_cloud.errors import Usage
from s3am_cloud_client.remote.netrc_logins import with_login


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "netrc"
    path.write_text("machine host login a@nn password hunter/2\nmachine other login bob password x\n")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://host:81/x?y#z", "https://a%40nn:hunter%2F2@host:81/x?y#z"),
        ("ftp://host/x", "ftp://a%40nn:hunter%2F2@host/x"),
        ("https://carol@host/x", "https://carol@host/x"),
        ("https://elsewhere/x", "https://elsewhere/x"),
        ("s3://host/x", "s3://host/x"),
        ("/a/file", "/a/file"),
    ],
)
def test_a_url_without_a_login_gets_that_of_its_host(url: str, found: str, file: Path) -> None:
    assert with_login(url, file) == found


def test_without_a_file_there_is_no_login(tmp_path: Path) -> None:
    assert with_login("https://host/x", tmp_path / "none") == "https://host/x"


def test_a_file_that_cannot_be_read_is_told_of_without_its_words(file: Path) -> None:
    file.write_text("machine host login ann hunter2 hunter3\n")
    with pytest.raises(Usage) as refused:
        with_login("https://host/x", file)
    assert "hunter" not in f"{refused.value} {refused.value.hint}"
    assert refused.value.__suppress_context__
