"""Who may read what, and whom we trust."""

from __future__ import annotations

import os
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import asyncssh
import msgspec
import pytest

from contract.conftest import HastyClock
from contract.file_servers import FileServer
from contract.routes import NAME, Route
from s3am_cloud.adapters.curl.movers import CurlMovers
from s3am_cloud.adapters.curl.source.probe import CurlSource
from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.errors import AccessDenied, BadSource, SourceNotFound
from s3am_cloud.model import PinnedSource
from s3am_cloud.urls import parse_source
from servers.ftp import PASSWORD, USER, FtpServer
from servers.sftp import SftpServer
from support.fakes import FakeClock

if TYPE_CHECKING:
    pass

from contract.file_transfer.moving import ALL, DATA, SIZE, Probe, check, for_kinds, move

# --- what is refused ---


@for_kinds(*ALL)
@pytest.mark.parametrize("name", ["missing", "no/such/folder"])
def test_what_is_not_there_is_not_found(server: FileServer, probe: Probe, name: str) -> None:
    with pytest.raises(SourceNotFound):
        probe(server.url(f"/~/{name}" if isinstance(server, SftpServer) else name))


@for_kinds("ftp")
def test_a_file_that_may_not_be_read_is_denied(server: FtpServer, probe: Probe) -> None:
    url = server.add(NAME, DATA)
    server.rules.denied = frozenset({NAME})
    with pytest.raises(AccessDenied):
        probe(url)


@for_kinds(*ALL)
def test_a_folder_is_no_source(server: FileServer, probe: Probe) -> None:
    with pytest.raises(BadSource, match="folder"):
        probe(server.url("/home/"))


@for_kinds(*ALL)
def test_a_wrong_password_is_refused_and_never_shown(server: FileServer, probe: Probe) -> None:
    server.add(NAME, DATA)
    with pytest.raises(AccessDenied) as caught:
        probe(server.url(f"/home/{NAME}", login=f"{USER}:wr0ng"))
    told = f"{caught.value!r} {caught.value.hint}"
    assert "wr0ng" not in told
    assert USER not in told


@for_kinds("ftps")
def test_a_certificate_that_nobody_vouches_for_is_refused(server: FtpServer, curl_settings: CurlSettings) -> None:
    with pytest.raises(BadSource, match="certificate"):
        CurlSource(curl_settings, FakeClock()).probe(parse_source(server.add(NAME, DATA)))
    assert server.commands("PASS") == []


# --- whom an SFTP client trusts, and as whom it comes ---


@for_kinds("sftp")
def test_an_unknown_ssh_server_is_refused_with_a_way_out(server: SftpServer, probe: Probe) -> None:
    url = server.add(NAME, DATA)
    server.know()
    with pytest.raises(BadSource, match="not in known_hosts") as caught:
        probe(url)
    assert "S3AM_CLOUD_SSH_KNOWN_HOSTS" in caught.value.hint
    assert server.logins == []


@for_kinds("sftp")
def test_without_a_known_hosts_file_no_ssh_server_is_known(server: SftpServer, probe: Probe) -> None:
    url = server.add(NAME, DATA)
    server.known_hosts.unlink()
    with pytest.raises(BadSource, match="not in known_hosts"):
        probe(url)


@for_kinds("sftp")
@pytest.mark.parametrize(
    ("kind", "words"), [("ssh-ed25519", "another server"), ("ecdsa-sha2-nistp256", "of the kind that known_hosts has")]
)
def test_an_ssh_server_with_another_key_than_it_had_is_refused(
    server: SftpServer, probe: Probe, kind: str, words: str
) -> None:
    url = server.add(NAME, DATA)
    server.know(asyncssh.generate_private_key(kind))
    with pytest.raises(BadSource, match=words):
        probe(url)
    assert server.logins == []


@for_kinds("sftp")
def test_the_users_own_known_hosts_and_key_are_used_where_none_are_named(
    server: SftpServer, curl_settings: CurlSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.add(NAME, DATA)
    folder = tmp_path / "somebody" / ".ssh"
    folder.mkdir(parents=True)
    for path in (server.known_hosts, server.client_key):
        os.link(path, folder / path.name)
    monkeypatch.setenv("HOME", str(folder.parent))
    url = parse_source(server.url(f"/home/{NAME}", login=USER))
    assert CurlSource(curl_settings, FakeClock()).probe(url).size == SIZE
    assert set(server.logins) == {"key"}


@for_kinds("sftp")
def test_a_key_may_be_named(server: SftpServer, settings: CurlSettings) -> None:
    server.add(NAME, DATA)
    named = msgspec.structs.replace(settings, ssh_key=str(server.client_key))
    assert CurlSource(named, FakeClock()).probe(parse_source(server.url(f"/home/{NAME}", login=USER))).size == SIZE
    assert set(server.logins) == {"key"}


# --- logins from ~/.netrc ---


@pytest.fixture
def netrc(server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".netrc").write_text('machine 127.0.0.1\nlogin ann\npassword "s3cret/@:é"\n')
    monkeypatch.setenv("HOME", str(tmp_path))


@for_kinds(*ALL)
@pytest.mark.usefixtures("netrc")
def test_a_login_is_looked_up_only_if_wanted_and_if_the_url_has_none(
    server: FileServer, settings: CurlSettings, route: Route, s3_access: S3Access
) -> None:
    """A login is looked up where the user wants that and the URL has none."""
    server.add(NAME, DATA)
    path = f"/home/{NAME}"
    url = parse_source(server.url(path, login=None))
    with pytest.raises(AccessDenied):
        CurlSource(settings, FakeClock()).probe(url)
    asking = msgspec.structs.replace(settings, netrc=True)
    info = CurlSource(asking, FakeClock()).probe(url)
    assert info.size == SIZE
    route.movers = CurlMovers(asking, s3_access, HastyClock())
    check(route, move(route, PinnedSource(source=url, info=info)))


@for_kinds("ftp")
@pytest.mark.usefixtures("netrc")
def test_a_login_in_the_url_counts_more_than_one_that_is_looked_up(server: FtpServer, settings: CurlSettings) -> None:
    server.add(NAME, DATA)
    asking = msgspec.structs.replace(settings, netrc=True)
    with pytest.raises(AccessDenied):
        CurlSource(asking, FakeClock()).probe(parse_source(server.url(NAME, login=f"{USER}:wr0ng")))


@for_kinds("sftp")
@pytest.mark.parametrize("form", ["OpenSSH's", "PKCS #8"])
def test_a_key_under_a_passphrase_is_named_where_nothing_else_lets_in(
    server: SftpServer, settings: CurlSettings, tmp_path: Path, form: str
) -> None:
    url = server.add(NAME, DATA).replace(f":{quote(PASSWORD, safe='')}@", "@")
    server.rules.passwords = False
    locked = tmp_path / "locked"
    if form == "PKCS #8":
        asyncssh.generate_private_key("ssh-ed25519").write_private_key(locked, "pkcs8-pem", passphrase="secret")
    else:
        # The magic word, then aes256-ctr and bcrypt, which nobody here can make a whole key with.
        beginning = b64encode(b"openssh-key-v1\0\0\0\0\naes256-ctr\0\0\0\6bcrypt" + bytes(200)).decode()
        locked.write_text(f"-----BEGIN OPENSSH PRIVATE KEY-----\n{beginning}\n-----END OPENSSH PRIVATE KEY-----\n")
    keyed = msgspec.structs.replace(settings, ssh_key=str(locked))
    with pytest.raises(AccessDenied, match="passphrase") as caught:
        CurlSource(keyed, FakeClock()).probe(parse_source(url))
    assert "ssh-add" in caught.value.hint


@for_kinds("sftp")
def test_another_key_is_not_taken_for_one_under_a_passphrase(
    server: SftpServer, settings: CurlSettings, tmp_path: Path
) -> None:
    url = server.add(NAME, DATA).replace(f":{quote(PASSWORD, safe='')}@", "@")
    server.rules.passwords = False
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(tmp_path / "key")
    keyed = msgspec.structs.replace(settings, ssh_key=str(tmp_path / "key"))
    with pytest.raises(AccessDenied, match=r"login was refused$"):
        CurlSource(keyed, FakeClock()).probe(parse_source(url))
