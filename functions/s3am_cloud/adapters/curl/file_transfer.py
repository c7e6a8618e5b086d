"""What FTP and SFTP have in place of HTTP's headers: a file's size, its date, and replies to be read by people.

FTP's commands and replies are those of RFC 959, SIZE, MDTM and REST those of RFC 3659.
"""

from __future__ import annotations

import os
import re
from email.utils import formatdate

import pycurl

from s3am_cloud.adapters.curl.easy import CurlSettings, Response, as_source, listen, new_easy, use_netrc
from s3am_cloud.adapters.curl.guard import Guard
from s3am_cloud.adapters.curl.hosts import foreign
from s3am_cloud.adapters.curl.source_answers import check_curl
from s3am_cloud.errors import (
    AccessDenied,
    BadSource,
    SourceBusy,
    SourceChanged,
    SourceNotFound,
    TransferError,
)
from s3am_cloud.model import SourceInfo
from s3am_cloud.urls import SourceUrl

_KEYS = ("~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa")
# Servers say in their own words that they are full, and use the number of a wrong password for it.
_FULL = re.compile(r"too many|maximum|limit|simultaneous|concurrent|no more|\bfull\b|already (connected|logged)", re.I)
_NOT_FULL = re.compile(r"password|incorrect|attempt|tries|failure", re.I)
_IDLE = re.compile(r"time.?out|timed out|idle|inactiv", re.I)
_DENIED = re.compile(r"permission|denied|not permitted|not allowed|forbidden|privilege", re.I)
# libcurl's words for libssh2's: the server hung up instead of a greeting, or has no host key of a kind that we know.
_NO_GREETING, _NO_COMMON_KEY = "getting banner", "-5, Unable to exchange encryption keys"
_PAST_THE_END = {pycurl.E_BAD_DOWNLOAD_RESUME, pycurl.E_RANGE_ERROR}
_KNOW_HOST = (
    "connect with ssh or sftp once and compare the key's fingerprint, or name the file that has it in "
    "S3AM_CLOUD_SSH_KNOWN_HOSTS"
)


def as_file_source(easy: pycurl.Curl, scheme: str, settings: CurlSettings, guard: Guard) -> None:
    """Makes `easy`, which reads from such a source, ask for the file's date too, and be careful whom it talks to."""
    easy.setopt(pycurl.OPT_FILETIME, 1)
    if scheme != "sftp":
        return
    guard.watch_keys(easy, settings.known_hosts or os.path.expanduser("~/.ssh/known_hosts"))
    key = settings.ssh_key or next((path for path in map(os.path.expanduser, _KEYS) if os.path.exists(path)), None)
    if key is not None:
        easy.setopt(pycurl.SSH_PRIVATE_KEYFILE, key)


def question(url: SourceUrl, settings: CurlSettings, guard: Guard, response: Response) -> pycurl.Curl:
    """A request for what there is to know of the file, without a byte of it; `told` reads the answer."""
    easy = as_source(new_easy(settings), settings, guard)
    as_file_source(easy, url.scheme, settings, guard)
    use_netrc(easy, settings)
    easy.setopt(pycurl.URL, url.url)
    easy.setopt(pycurl.NOBODY, 1)
    listen(easy, response, guard)
    easy.setopt(pycurl.WRITEFUNCTION, lambda data: None)
    return easy


def told(easy: pycurl.Curl, url: SourceUrl, response: Response) -> SourceInfo:
    """What a question was answered. libcurl does not tell an SFTP file of no bytes from one of unknown size."""
    size = int(easy.getinfo(pycurl.CONTENT_LENGTH_DOWNLOAD_T))
    ranges = url.scheme == "sftp" or response.header("Accept-ranges") is not None
    return SourceInfo(size=size if size >= 0 else None, ranges=ranges and size >= 0, last_modified=modified(easy))


def modified(easy: pycurl.Curl) -> str | None:
    """The file's time of modification as an HTTP date, None where the server does not tell it."""
    seconds = int(easy.getinfo(pycurl.INFO_FILETIME))
    return formatdate(seconds, usegmt=True) if seconds >= 0 else None


def check_modified(now: str | None, info: SourceInfo, name: str) -> TransferError | None:
    if None in {now, info.last_modified} or now == info.last_modified:
        return None
    return SourceChanged(f"{name} was modified {now}, and had been {info.last_modified}")


def is_crowded(number: int, message: str, response: Response) -> bool:
    """Whether the server lets no more connections in, as it seems; `number` and `message` are libcurl's."""
    code, words = response.reply[:3], response.reply[4:]
    if code == "421":
        return not _IDLE.search(words)
    if code == "530":
        return bool(_FULL.search(words)) and not _NOT_FULL.search(words)
    return number == pycurl.E_FAILED_INIT and _NO_GREETING in message


def failure(number: int, message: str, response: Response, guard: Guard, name: str) -> TransferError:
    """The error that ended a request to any kind of server. Neither libcurl's words nor the server's are repeated."""
    if guard.refused:
        return BadSource(f"{name} leads to an address that is not public", "use a public address")
    if guard.foreign:
        return foreign(name, guard.foreign)
    if response.endless:
        return BadSource(f"{name}: the server's reply goes on and on", "check the address")
    if guard.host_key:
        return BadSource(f"{name}: the server's SSH key {guard.host_key}", _KNOW_HOST)
    if is_crowded(number, message, response):
        return SourceBusy(f"{name}: the server lets no more connections in")
    if number == pycurl.E_FAILED_INIT and _NO_COMMON_KEY in message:
        return BadSource(f"{name}: the server has no SSH key of the kind that known_hosts has", _KNOW_HOST)
    if number in _PAST_THE_END:
        return SourceChanged(f"{name} is shorter than it was")
    return _by_reply(response.reply, name) or check_curl(number, message, name)


def _by_reply(reply: str, name: str) -> TransferError | None:
    code, words = reply[:3], reply[4:]
    if code == "530":
        return AccessDenied(f"{name}: the login was refused", "check the user name and password, or use --netrc")
    if code == "550" and _DENIED.search(words):
        return AccessDenied(f"{name} may not be read")
    if code == "550":
        return SourceNotFound(f"{name} does not exist")
    if code == "450":
        return SourceBusy(f"{name} is in use on its server")
    return None
