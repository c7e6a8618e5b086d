"""FTP, FTPS and SFTP as sources of the command."""

from pathlib import Path

import pytest

from servers.content import Pattern
from servers.ftp import PASSWORD, START, USER, FtpServer
from servers.sftp import SftpServer
from support.command import Command
from support.stored import Stored

MIB = 1 << 20
CONTENT = Pattern(38 * MIB + 7)


def test_a_file_comes_from_an_ftp_server_that_lets_two_connections_in(
    command: Command, ftp_server: FtpServer, stored: Stored
) -> None:
    url = ftp_server.add("Mäuse + co.bin", CONTENT)
    ftp_server.rules.limit = 2
    done = command.run("upload", url, stored.url("to/"), "--part-size", "5MB", "--json").ended(0).document
    assert (done["size"], done["proof"]) == (CONTENT.size, "full-object")
    stored.assert_holds("to/Mäuse + co.bin", CONTENT)
    assert ftp_server.most_at_once == 2


def test_a_file_comes_from_an_ftps_server(command: Command, ftps_server: FtpServer, stored: Stored) -> None:
    url = ftps_server.add("x", CONTENT)
    command.run("upload", url, stored.url("x")).ended(5)
    assert ftps_server.certificate is not None
    command.run("upload", url, stored.url("x"), SSL_CERT_FILE=str(ftps_server.certificate.file)).ended(0)
    stored.assert_holds("x", CONTENT)


def test_a_file_comes_from_an_sftp_server_that_is_known(
    command: Command, sftp_server: SftpServer, stored: Stored
) -> None:
    url = sftp_server.add("x", CONTENT)
    refused = command.run("upload", url, stored.url("x")).ended(5)
    assert "not in known_hosts" in refused.error_line
    assert PASSWORD not in refused.stderr
    known = str(sftp_server.known_hosts)
    command.run("upload", url, stored.url("x"), S3AM_CLOUD_SSH_KNOWN_HOSTS=known).ended(0)
    stored.assert_holds("x", CONTENT)


def test_an_sftp_server_is_entered_with_the_users_own_key(
    command: Command, sftp_server: SftpServer, stored: Stored, home: Path
) -> None:
    sftp_server.add("x", CONTENT)
    (home / ".ssh").mkdir()
    for path in (sftp_server.known_hosts, sftp_server.client_key):
        (home / ".ssh" / path.name).write_bytes(path.read_bytes())
    command.run("upload", sftp_server.url("/~/x", login=USER), stored.url("x")).ended(0)
    stored.assert_holds("x", CONTENT)
    assert set(sftp_server.logins) == {"key"}


def test_a_password_comes_from_netrc_where_that_is_wanted(
    command: Command, ftp_server: FtpServer, stored: Stored, home: Path
) -> None:
    ftp_server.add("x", CONTENT)
    url = ftp_server.url("x", login=None)
    (home / ".netrc").write_text(f'machine 127.0.0.1 login {USER} password "{PASSWORD}"\n')
    command.run("upload", url, stored.url("x")).ended(14)
    command.run("upload", url, stored.url("x"), "--netrc").ended(0)
    stored.assert_holds("x", CONTENT)


def test_a_wrong_password_is_refused_and_shown_nowhere(command: Command, ftp_server: FtpServer, stored: Stored) -> None:
    ftp_server.add("x", CONTENT)
    url = ftp_server.url("x", login=f"{USER}:wr0ng")
    for options in ([], ["--debug"], ["--verbose"], ["--json"]):
        refused = command.run("upload", url, stored.url("x"), *options).ended(14)
        assert "wr0ng" not in refused.stdout + refused.stderr


@pytest.mark.parametrize("size", [9 * MIB, 38 * MIB])
def test_a_file_that_changes_while_it_is_moved_becomes_no_object(
    size: int, command: Command, ftp_server: FtpServer, stored: Stored
) -> None:
    """Neither a small one, which is put in one request, nor one in parts."""
    url = ftp_server.add("x", Pattern(size))

    def replace() -> None:
        ftp_server.add("x", Pattern(size, 1), START + 1000)

    ftp_server.when_sent(size - 100, replace)
    command.run("upload", url, stored.url("x")).ended(20)
    assert stored.keys() == []


def test_a_server_without_size_and_rest_is_streamed(command: Command, ftp_server: FtpServer, stored: Stored) -> None:
    ftp_server.rules.unknown = frozenset({"SIZE", "REST"})
    command.run("upload", ftp_server.add("x", CONTENT), stored.url("x")).ended(0)
    stored.assert_holds("x", CONTENT)
