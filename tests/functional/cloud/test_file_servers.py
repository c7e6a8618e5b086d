"""FTP and SFTP as sources of jobs in the cloud."""

from __future__ import annotations

from typing import Any

from servers.content import Pattern, crc64nvme
from servers.ftp import PASSWORD, FtpServer
from servers.sftp import SftpServer
from support.command import Command

CONTENT = Pattern((12 << 20) + 7)


def _crc(s3: Any, bucket: str, key: str) -> str:
    return str(s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")["ChecksumCRC64NVME"])


def test_a_job_reads_from_an_ftp_server_that_lets_two_connections_in(
    command: Command, s3: Any, destination: str, ftp_server: FtpServer
) -> None:
    url = ftp_server.add("Mäuse + co.bin", CONTENT)
    ftp_server.rules.limit = 2
    command.run("submit", "--wait", url, f"s3://{destination}/to/", "--part-size", "5MB").ended(0)
    assert _crc(s3, destination, "to/Mäuse + co.bin") == crc64nvme(CONTENT)
    assert ftp_server.most_at_once <= 2


def test_a_job_knows_an_sftp_server_by_the_keys_that_its_user_knows_it_by(
    command: Command, s3: Any, destination: str, sftp_server: SftpServer
) -> None:
    url, target = sftp_server.add("x", CONTENT), f"s3://{destination}/x"
    refused = command.run("submit", url, target).ended(5)
    assert "is not in" in refused.error_line
    assert PASSWORD not in refused.stderr
    known = {"S3AM_CLOUD_SSH_KNOWN_HOSTS": str(sftp_server.known_hosts)}
    command.run("submit", "--wait", url, target, "--part-size", "5MB", **known).ended(0)
    assert _crc(s3, destination, "x") == crc64nvme(CONTENT)
