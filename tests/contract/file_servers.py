"""FTP, FTPS and SFTP servers as sources under contract."""

from __future__ import annotations

import msgspec

from s3am_cloud.adapters.curl.source.probe import CurlSource
from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.ports.transfer import Clock
from s3am_cloud.urls import SourceUrl, parse_source
from servers.ftp import START, FtpServer
from servers.sftp import SftpServer

FileServer = FtpServer | SftpServer


class FileServerCase:
    """Every content put has its own second of modification: servers tell no finer."""

    def __init__(self, source: CurlSource, server: FileServer) -> None:
        self.source = source
        self._server = server
        self._modified = START

    def put(self, name: str, data: bytes) -> SourceUrl:
        self._modified += 1
        return parse_source(self._server.add(name, data, self._modified))

    def missing(self) -> SourceUrl:
        return parse_source(self._server.url("/~/missing" if isinstance(self._server, SftpServer) else "missing"))


def trusting(settings: CurlSettings, server: FileServer) -> CurlSettings:
    """These settings, with what shows that the server is the right one."""
    if isinstance(server, SftpServer):
        return msgspec.structs.replace(settings, known_hosts=str(server.known_hosts))
    if server.certificate is not None:
        return msgspec.structs.replace(settings, ca_file=str(server.certificate.file))
    return settings


def file_server_case(server: FileServer, settings: CurlSettings, clock: Clock) -> FileServerCase:
    return FileServerCase(CurlSource(trusting(settings, server), clock), server)
