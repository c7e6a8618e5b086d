"""The end of a file is looked at: sizes are claims, and what REST does is seen."""

from __future__ import annotations

import pycurl
import pytest

from contract.conftest import HastyClock
from contract.file_servers import FileServer
from contract.file_transfer.moving import Probe, for_kinds
from contract.routes import NAME
from s3am_cloud.adapters.curl.reading.factory import CurlReaders
from s3am_cloud.adapters.curl.source.answers import curl_error
from s3am_cloud.adapters.curl.source.ftp import is_over_capacity
from s3am_cloud.adapters.curl.source.probe import CurlSource
from s3am_cloud.adapters.curl.transport.easy import CurlSettings, Response
from s3am_cloud.adapters.s3.access import S3Access, S3Settings
from s3am_cloud.errors import AccessDenied, BadSource, SourceChanged, SourceNotFound, SourceUnavailable
from s3am_cloud.model import PinnedSource
from s3am_cloud.urls import parse_source
from servers.content import pattern
from servers.ftp import FtpServer

DATA = pattern(100_000)
TOO_SMALL, TOO_LARGE, NONE = "213 99999", "213 100001", "213 0"


def content(url: str, probe: Probe, settings: CurlSettings) -> bytes:
    """What comes of a source that is read in order."""
    readers = CurlReaders(settings, S3Access(S3Settings()), HastyClock())
    reader = readers(PinnedSource(source=parse_source(url), info=probe(url)), 2, lambda count: None)
    return b"".join(map(bytes, reader.read()))


@pytest.mark.parametrize(
    "refusal", ["550 not allowed", "550 No such file.", "502 unknown", "553 no", *(TOO_SMALL, NONE)]
)
def test_a_file_without_a_size_to_rely_on_is_streamed(
    server: FtpServer, probe: Probe, settings: CurlSettings, refusal: str
) -> None:
    url = server.add(NAME, DATA)
    server.rules.answers["SIZE"] = refusal
    assert (probe(url).size, probe(url).ranges) == (None, False)
    assert content(url, probe, settings) == DATA


def test_a_file_that_ends_before_its_size_is_refused(server: FtpServer, probe: Probe) -> None:
    """It may have been cut short: no object must come of it."""
    url = server.add(NAME, DATA)
    server.rules.answers["SIZE"] = TOO_LARGE
    with pytest.raises(BadSource, match="ends before"):
        probe(url)


def test_a_rest_that_is_accepted_and_ignored_gives_no_ranges(
    server: FtpServer, probe: Probe, settings: CurlSettings
) -> None:
    url = server.add(NAME, DATA)
    server.rules.answers["REST"] = "350 restarting"
    assert (probe(url).size, probe(url).ranges) == (len(DATA), False)
    assert content(url, probe, settings) == DATA


def test_the_words_of_reply_150_are_no_size(server: FtpServer, probe: Probe, settings: CurlSettings) -> None:
    url = server.add(NAME, DATA)
    server.rules.unknown = frozenset({"SIZE", "REST"})
    server.rules.words_of = dict.fromkeys(("125", "150"), "150 Opening BINARY mode data connection (1000 bytes).")
    assert content(url, probe, settings) == DATA


@pytest.mark.parametrize("size", [TOO_SMALL, TOO_LARGE])
def test_a_wrong_size_that_ranges_can_not_show_is_found_at_the_end(
    server: FtpServer, probe: Probe, settings: CurlSettings, size: str
) -> None:
    url = server.add(NAME, DATA)
    server.rules.unknown, server.rules.answers["SIZE"] = frozenset({"REST"}), size
    with pytest.raises((SourceChanged, SourceUnavailable)):
        content(url, probe, settings)


@pytest.mark.parametrize("refused", [{}, {"SIZE": "502 unknown"}, {"SIZE": "550 no"}])
def test_an_empty_file_has_no_bytes(server: FtpServer, probe: Probe, refused: dict[str, str]) -> None:
    url = server.add(NAME, b"")
    server.rules.answers = refused
    assert probe(url).size == 0


def test_what_is_refused_altogether_is_named_by_its_own_refusal(server: FtpServer, probe: Probe) -> None:
    server.rules.answers["SIZE"] = "550 SIZE not allowed"
    with pytest.raises(SourceNotFound):
        probe(server.url("missing"))


@for_kinds("ftp", "ftps", "ftpes", "sftp")
def test_a_probe_of_a_good_server_takes_one_login(server: FileServer, probe: Probe) -> None:
    url = server.add(NAME, DATA)
    assert probe(url).size == len(DATA)
    logins = len(server.commands("PASS")) if isinstance(server, FtpServer) else server.connections
    assert logins == 1


@pytest.mark.parametrize("kind", [";type=a", ";type=A", ";type=i", ";TYPE=I"])
def test_files_are_sent_as_their_bytes_are(server: FtpServer, probe: Probe, settings: CurlSettings, kind: str) -> None:
    url = server.add(NAME, b"one\ntwo\n") + kind
    assert content(url, probe, settings) == b"one\ntwo\n"
    assert set(server.commands("TYPE")) == {"TYPE I"}


def test_a_listing_is_no_file(server: FtpServer) -> None:
    with pytest.raises(BadSource, match="listing"):
        parse_source(server.url("home") + ";type=d")


@for_kinds("ftpes")
@pytest.mark.parametrize("scheme", ["ftp", "ftpes"])
def test_a_server_that_wants_tls_gets_it(server: FtpServer, probe: Probe, settings: CurlSettings, scheme: str) -> None:
    url = scheme + server.add(NAME, DATA).removeprefix("ftp")
    assert content(url, probe, settings) == DATA
    assert probe(url).reached == ("tls" if scheme == "ftp" else None)


@for_kinds("ftpes")
@pytest.mark.parametrize("scheme", ["ftp", "ftpes"])
def test_no_password_is_sent_to_a_server_whose_certificate_is_wrong(
    server: FtpServer, curl_settings: CurlSettings, scheme: str
) -> None:
    url = scheme + server.add(NAME, DATA).removeprefix("ftp")
    with pytest.raises(BadSource, match="certificate"):
        CurlSource(curl_settings, HastyClock()).probe(parse_source(url))
    assert server.commands("PASS") == []


def test_ftpes_is_never_ftp_in_clear(server: FtpServer, probe: Probe) -> None:
    with pytest.raises(BadSource, match="no TLS"):
        probe("ftpes" + server.add(NAME, DATA).removeprefix("ftp"))
    assert server.commands("PASS") == []


def test_a_firewall_before_the_data_connections_is_named(server: FtpServer, probe: Probe) -> None:
    url = server.add(NAME, DATA)
    server.rules.answers = {"EPSV": "500 no", "PASV": "227 Entering Passive Mode (127,0,0,1,0,1)"}
    with pytest.raises(SourceUnavailable, match="no data connection"):
        probe(url)


@pytest.mark.parametrize("number", [3, 7, 9, 13, 18, 19, 28, 35, 52, 55, 56, 60, 64, 67, 77, 78, 79])
def test_the_common_errors_of_libcurl_have_words(number: int) -> None:
    assert "libcurl" not in curl_error(number, "", "ftp://host/x").message


@pytest.mark.parametrize("words", ["425 Too many", "450 busy", "451 try again later", "426 limit"])
def test_data_connections_that_are_refused_are_a_matter_of_their_number(words: str) -> None:
    response = Response()
    response.take_line(words.encode())
    assert is_over_capacity(pycurl.E_FTP_COULDNT_RETR_FILE, "", response)
    assert not is_over_capacity(pycurl.E_PARTIAL_FILE, "", response)


def test_a_server_that_wants_tls_and_has_none_is_refused(server: FtpServer, probe: Probe) -> None:
    url = server.add(NAME, DATA)
    server.rules.answers["USER"] = "530 Non-anonymous sessions must use encryption."
    with pytest.raises((AccessDenied, BadSource)):
        probe(url)
