"""The keys by which SSH servers are known."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from s3am_cloud.errors import BadRequest
from s3am_cloud.ingest.accept import decode_request
from s3am_cloud.ssh_hosts import host_of, keys_in, lines

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5"


def hashed(host: str) -> str:
    salt = b"0123456789abcdefghij"
    digest = hmac.new(salt, host.encode(), hashlib.sha1).digest()
    return f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(digest).decode()}"


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("sftp://Host.example/x", "host.example"),
        ("sftp://user:word@host:22/x", "host"),
        ("sftp://host:2222/x", "[host]:2222"),
        ("sftp://[fd00::1]:2222/x", "[fd00::1]:2222"),
    ],
)
def test_a_server_is_looked_up_by_its_host_and_an_unusual_port(url: str, host: str) -> None:
    """A server is looked up by its host and by a port that is not SSH's own."""
    assert host_of(url) == host


@pytest.mark.parametrize(
    ("line", "known"),
    [
        (f"host {KEY}", True),
        (f"other,HOST {KEY} comment", True),
        (f"ho* {KEY}", True),
        (f"h?st,!other {KEY}", True),
        (f"*,!host {KEY}", False),
        (f"{hashed('host')} {KEY}", True),
        (f"{hashed('other')} {KEY}", False),
        (f"|1|?|? {KEY}", False),
        (f"[host]:2222 {KEY}", False),
        (f"# host {KEY}", False),
        (f"@revoked host {KEY}", False),
        (f"@cert-authority host {KEY}", False),
        ("host ssh-ed25519", False),
    ],
)
def test_a_line_of_known_hosts_means_the_hosts_that_it_means_to_openssh(line: str, known: bool) -> None:
    assert keys_in(f"another {KEY}\n{line}\n", "sftp://host/x") == ((KEY,) if known else ())


def test_a_port_is_part_of_the_name_and_its_brackets_are_no_pattern() -> None:
    assert keys_in(f"[host]:2222 {KEY}\nh {KEY}\n", "sftp://host:2222/x") == (KEY,)
    assert keys_in(f"{hashed('[host]:2222')} {KEY}\n", "sftp://host:2222/x") == (KEY,)


def test_keys_that_go_with_a_job_are_for_its_server_alone() -> None:
    text = lines("sftp://host:2222/x", (KEY, KEY))
    assert text == f"[host]:2222 {KEY}\n" * 2
    assert keys_in(text, "sftp://host/x") == ()


def test_a_request_for_an_sftp_source_says_how_its_server_is_known() -> None:
    asked = {"source": "sftp://host/x", "destination": "s3://b/k"}
    with pytest.raises(BadRequest, match="host_keys"):
        decode_request(asked)
    assert decode_request({**asked, "host_keys": [KEY]}).host_keys == (KEY,)
