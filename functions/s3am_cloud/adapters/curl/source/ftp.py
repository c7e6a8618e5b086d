"""What FTP and SFTP have in place of HTTP's headers: a file's size, its date, and replies to be read by people.

FTP's commands and replies are those of RFC 959, SIZE, MDTM and REST those of RFC 3659, AUTH those of RFC 4217.

A password goes over a connection in clear only where the URL says `ftp` and the server lets it: one that wants TLS is
asked again with TLS, whose certificate has to be right, and never the other way round.
"""

from __future__ import annotations

import os
import re
from email.utils import formatdate

import pycurl

from s3am_cloud.adapters.curl.source.answers import curl_error
from s3am_cloud.adapters.curl.transport.easy import (
    CurlSettings,
    Response,
    as_source,
    go_to,
    listen,
    new_easy,
)
from s3am_cloud.adapters.curl.transport.guard import Guard
from s3am_cloud.adapters.curl.transport.source_login import SourceLogin
from s3am_cloud.errors import (
    AccessDenied,
    BadSource,
    SourceBusy,
    SourceChanged,
    SourceNotFound,
    SourceUnavailable,
    TransferError,
)
from s3am_cloud.limits import SSH_GREETING_SECONDS
from s3am_cloud.model import Reached, SourceInfo
from s3am_cloud.names import KNOWN_HOSTS_VARIABLE
from s3am_cloud.urls import FILE_TRANSFER_SCHEMES, SourceUrl

_KEYS = ("~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa")
# Servers say in their own words that they are full, and use the number of a wrong password for it.
_FULL = re.compile(r"too many|maximum|limit|simultaneous|concurrent|no more|\bfull\b|already (connected|logged)", re.I)
_NOT_FULL = re.compile(r"password|incorrect|attempt|tries|failure", re.I)
_IDLE = re.compile(r"time.?out|timed out|idle|inactiv", re.I)
_DENIED = re.compile(r"permission|denied|not permitted|not allowed|forbidden|privilege", re.I)
# In what numbers and words servers refuse a login, or a data connection, that is not encrypted.
_TLS_CODES = {"421", "503", "521", "522", "530", "534", "550"}
_TLS_WORDS = re.compile(r"\b(tls|ssl|ftps|encrypt\w*|clear-?text|secure)\b|use auth|auth first", re.IGNORECASE)
# Answers to RETR by a server that bears fewer data connections than there are.
_NO_DATA_CONNECTION = {"421", "425", "426", "450", "451"}
_PASSIVE = {"227", "229"}
_UNREACHED = {pycurl.E_COULDNT_CONNECT, pycurl.E_OPERATION_TIMEDOUT}
# What private keys begin with that are under a passphrase: the older form, and OpenSSH's with a cipher named in it.
_LOCKED_KEY = re.compile(rb"ENCRYPTED|^-----BEGIN OPENSSH PRIVATE KEY-----\s+b3BlbnNzaC1rZXktdjEAAAAA(?!BG5vbmU)")
# libcurl's words for libssh2's: the server hung up instead of a greeting, or has no host key of a kind that we know.
_NO_GREETING, _NO_COMMON_KEY = "getting banner", "-5, Unable to exchange encryption keys"
_PAST_THE_END = {pycurl.E_BAD_DOWNLOAD_RESUME, pycurl.E_RANGE_ERROR}
_LOGIN = (
    "check the user name and password; in a URL, characters of them such as @ / # % are percent-encoded (%40); or use "
    "--netrc or a hosts.toml"
)
_KNOW_HOST = (
    "connect with ssh or sftp once and compare the key's fingerprint, or name the file that has it in "
    f"{KNOWN_HOSTS_VARIABLE}"
)


def by_file_transfer(scheme: str, info: SourceInfo) -> bool:
    """Whether a source is read by FTP or SFTP: its URL says so, and no proxy answers in HTTP for it."""
    return scheme in FILE_TRANSFER_SCHEMES and info.reached != "http"


def as_file_source(
    easy: pycurl.Curl, url: SourceUrl, settings: CurlSettings, guard: Guard, reached: Reached | None = None
) -> None:
    """Makes `easy` read the file as its bytes are, ask for its date too, and be careful whom it talks to."""
    # libcurl knows explicit TLS as an option of ftp.
    go_to(easy, "ftp" + url.url[len("ftpes") :] if url.scheme == "ftpes" else url.url)
    easy.setopt(pycurl.OPT_FILETIME, 1)
    if url.scheme == "ftpes" or reached == "tls":
        easy.setopt(pycurl.USE_SSL, pycurl.USESSL_ALL)
        # A proxy that reads along is no TLS.
        easy.setopt(pycurl.HTTPPROXYTUNNEL, 1)
    if url.scheme != "sftp":
        return
    known_hosts = settings.known_hosts or os.path.expanduser("~/.ssh/known_hosts")
    # libcurl itself gives up a server that is silent until then.
    guard.watch_ssh(easy, known_hosts, settings.connect_seconds + SSH_GREETING_SECONDS)
    key = settings.ssh_key or next((path for path in map(os.path.expanduser, _KEYS) if os.path.exists(path)), None)
    if key is not None:
        easy.setopt(pycurl.SSH_PRIVATE_KEYFILE, key)
        guard.locked_key = key if _is_locked(key) else None


def _is_locked(key: str) -> bool:
    """Whether a private key is under a passphrase, which nobody here can be asked for."""
    try:
        with open(key, "rb") as file:
            return _LOCKED_KEY.search(file.read(4096)) is not None
    except OSError:
        return False


def question(
    url: SourceUrl, settings: CurlSettings, guard: Guard, response: Response, reached: Reached | None = None
) -> pycurl.Curl:
    """A request for the file's size and date, without a byte of its content; `answered` reads the answer."""
    easy = as_source(new_easy(settings), settings, guard)
    as_file_source(easy, url, settings, guard, reached)
    SourceLogin(url, settings).use(easy)
    easy.setopt(pycurl.NOBODY, 1)
    listen(easy, response)
    easy.setopt(pycurl.WRITEFUNCTION, lambda data: None)
    return easy


def answered(easy: pycurl.Curl, url: SourceUrl, response: Response) -> SourceInfo:
    """What the answer to a question says. For libcurl, an SFTP file of no bytes is like one of unknown size."""
    size = int(easy.getinfo(pycurl.CONTENT_LENGTH_DOWNLOAD_T))
    ranges = url.scheme == "sftp" or response.header("Accept-ranges") is not None
    return SourceInfo(size=size if size >= 0 else None, ranges=ranges and size >= 0, last_modified=modified(easy))


def size_refused(number: int, response: Response) -> bool:
    """Whether an FTP server answered SIZE as if the file were not there. It may be, and be sent all the same."""
    return number == pycurl.E_REMOTE_FILE_NOT_FOUND and response.reply.startswith("550")


def known_without_size(easy: pycurl.Curl) -> SourceInfo:
    """What is known where SIZE was refused. The date was asked for before."""
    return SourceInfo(size=None, ranges=False, last_modified=modified(easy))


def modified(easy: pycurl.Curl) -> str | None:
    """The file's time of modification as an HTTP date, None where the server does not state it."""
    seconds = int(easy.getinfo(pycurl.INFO_FILETIME))
    return formatdate(seconds, usegmt=True) if seconds >= 0 else None


def modification_error(now: str | None, info: SourceInfo, name: str) -> TransferError | None:
    if None in {now, info.last_modified} or now == info.last_modified:
        return None
    return SourceChanged(f"{name} was modified {now}, and had been {info.last_modified}")


def needs_tls(reply: str) -> bool:
    """Whether a server's refusal says that it wants an encrypted connection."""
    return reply[:3] in _TLS_CODES and _TLS_WORDS.search(reply[4:]) is not None


def is_over_capacity(number: int, message: str, response: Response, error: TransferError | None = None) -> bool:
    """Whether the server lets no more connections in, as it seems; `number` and `message` are libcurl's, and `error` is
    what they were found to mean."""
    code, words = response.reply[:3], response.reply[4:]
    if needs_tls(response.reply) or isinstance(error, BadSource):
        return False
    if number == pycurl.E_FTP_COULDNT_RETR_FILE:
        return code in _NO_DATA_CONNECTION
    if code == "421":
        return not _IDLE.search(words)
    if code == "530":
        return bool(_FULL.search(words)) and not _NOT_FULL.search(words)
    return number == pycurl.E_FAILED_INIT and _NO_GREETING in message


def failure(number: int, message: str, response: Response, guard: Guard, name: str) -> TransferError:
    """The error that ended a request to any kind of server. Neither libcurl's words nor the server's are repeated."""
    refused = _refused_by_us(number, message, guard, name)
    if refused is not None:
        return refused
    if response.endless:
        return BadSource(f"{name}: the server's reply goes on and on", "check the address")
    if number and needs_tls(response.reply):
        return AccessDenied(f"{name}: the server wants an encrypted connection", "write ftpes:// in place of ftp://")
    if is_over_capacity(number, message, response):
        return _over_capacity(number, response.reply[:3], name)
    if number in _PAST_THE_END:
        return SourceChanged(f"{name} is shorter than it was")
    if number in _UNREACHED and response.reply[:3] in _PASSIVE:
        hint = "see whether a firewall blocks FTP's passive mode"
        return SourceUnavailable(f"{name}: no data connection to the server", hint)
    return _by_reply(response.reply, name) or curl_error(number, message, name)


def _refused_by_us(number: int, message: str, guard: Guard, name: str) -> TransferError | None:
    """What we do not connect to, and whom we have no key for."""
    if guard.refused:
        return BadSource(f"{name} leads to an address that is not public", "use a public address")
    if guard.never_greeted:
        return BadSource(f"{name}: the server sends on and on, but no SSH greeting", "check the address and the port")
    if guard.host_key:
        return BadSource(f"{name}: the server's SSH key {guard.host_key}", _KNOW_HOST)
    if number == pycurl.E_FAILED_INIT and _NO_COMMON_KEY in message:
        return BadSource(f"{name}: the server has no SSH key of the kind that known_hosts has", _KNOW_HOST)
    if number == pycurl.E_LOGIN_DENIED and guard.locked_key:
        return AccessDenied(
            f"{name}: the login was refused; the SSH key {guard.locked_key} is under a passphrase",
            "add the key to ssh-agent with ssh-add, or have a key without a passphrase there",
        )
    return None


def _over_capacity(number: int, code: str, name: str) -> SourceBusy:
    if number != pycurl.E_FTP_COULDNT_RETR_FILE:
        return SourceBusy(f"{name}: the server lets no more connections in")
    if code == "450":
        return SourceBusy(f"{name} is in use on its server")
    return SourceBusy(f"{name}: the server answered {code} where a data connection was asked for")


def _by_reply(reply: str, name: str) -> TransferError | None:
    code, words = reply[:3], reply[4:]
    if code == "530":
        return AccessDenied(f"{name}: the login was refused", _LOGIN)
    if code == "550" and _DENIED.search(words):
        return AccessDenied(f"{name} may not be read")
    if code == "550":
        return SourceNotFound(f"{name} does not exist")
    if code == "450":
        return SourceBusy(f"{name} is in use on its server")
    return None
