"""What an HTTP server says of a file: its size, whether it serves ranges, and what pins its version.

The first byte is asked for, as only that shows that ranges are served; HEAD is often refused or wrong. Of a larger file
the last byte is asked for as well: where that answer is of another version, though nothing may have changed, and where
ranges are refused or answered wrongly, the file is to be fetched whole, in one answer.
"""

from __future__ import annotations

from contextlib import closing

import msgspec
import pycurl

from s3am_cloud.adapters.curl.source.answers import (
    PROXY_LOGIN,
    encoding,
    parse_content_range,
    plain_number,
    refused_by_proxy,
    retry_after,
    status_error,
    tells_its_end,
)
from s3am_cloud.adapters.curl.source.encodings import is_stored_so
from s3am_cloud.adapters.curl.source.file_probe import check_run
from s3am_cloud.adapters.curl.source.validators import shown_header, version_error
from s3am_cloud.adapters.curl.transport.easy import (
    CurlSettings,
    Response,
    as_source,
    guard_of,
    listen,
    new_easy,
    set_source_headers,
)
from s3am_cloud.adapters.curl.transport.perform import perform
from s3am_cloud.adapters.curl.transport.redirects import Redirects
from s3am_cloud.checksums.published import in_headers
from s3am_cloud.errors import AccessDenied, BadSource, SourceBusy, SourceUnavailable, TransferError
from s3am_cloud.limits import SMALL_OBJECT
from s3am_cloud.model import Attributes, SourceInfo
from s3am_cloud.ports.transfer import Clock
from s3am_cloud.urls import SourceUrl

_DENIED = {401, 403}
# Answers that have nothing to do with the range that was asked for: without it they would be the same.
_OF_THE_FILE = {401, 404, 407, 408, 410, 421, 425, 429, 502, 503, 504}


class Postponed(SourceBusy):
    """The server names the seconds to wait before it is asked again. Nobody outside meets this."""

    def __init__(self, message: str, hint: str, seconds: float) -> None:
        super().__init__(message, hint)
        self.seconds = seconds


class _Answer(msgspec.Struct, frozen=True):
    """The head of an answer, and the way to it."""

    response: Response
    way: Redirects
    digest_login: bool

    @property
    def status(self) -> int:
        return self.response.status

    @property
    def range(self) -> tuple[int, int, int | None] | None:
        return parse_content_range(self.response.header("Content-Range"))


class HttpProbe:
    """Asks one server; what may pass is tried again by whoever asks."""

    def __init__(self, settings: CurlSettings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock

    def ask(self, url: SourceUrl) -> SourceInfo:
        """Raises a named error for whatever is not the file."""
        answer = self._get(url, "0-0")
        if answer.status == 206:
            return self._of_range(answer, url)
        if answer.status == 416 and answer.response.header("Content-Range") == "bytes */0":
            return SourceInfo(size=0, ranges=True, etag=answer.response.header("ETag"), final_url=answer.way.led_to)
        if answer.status == 200:
            return _whole(answer, url)
        if answer.status < 400 or answer.status in _OF_THE_FILE:
            raise self._error(answer, url)
        return self._refused(answer, url)

    def _refused(self, answer: _Answer, url: SourceUrl) -> SourceInfo:
        """A file whose range was refused: served whole, it has no ranges, if it was not a trouble that has passed."""
        plain = self._plain(url)
        again = self._get(url, "0-0") if answer.status != 416 else answer
        return self._of_range(again, url) if again.status == 206 else plain

    def _of_range(self, answer: _Answer, url: SourceUrl) -> SourceInfo:
        found = answer.range
        if found is not None and found[2] == 0:
            raise BadSource(f"{url.display} answered range 0-0/0: a byte of a file that has none")
        if found is None or found[:2] != (0, 0) or found[2] is None:
            return self._plain(url)
        info = _info(answer, url, size=found[2], ranges=True)
        return info if found[2] <= SMALL_OBJECT else self._seen_to_its_end(info, found[2], url)

    def _seen_to_its_end(self, info: SourceInfo, size: int, url: SourceUrl) -> SourceInfo:
        """Whether another request, for the last byte, is answered from the same version; else the file comes whole."""
        # Without an end: what has more bytes than it said would answer with them.
        last = self._get(url, f"{size - 1}-", info.digest_login)
        if last.status >= 400 and last.status != 416:
            return info  # too busy, perhaps: the transfer itself knows what to do about that
        error = version_error(last.response, info, url.display)
        if (
            last.status == 206
            and error is None
            and last.range in {(size - 1, size - 1, size), (size - 1, size - 1, None)}
        ):
            return info
        plain = self._plain(url)
        # What differs between two answers pins nothing.
        return plain if error is None else msgspec.structs.replace(plain, etag=None, last_modified=None)

    def _plain(self, url: SourceUrl) -> SourceInfo:
        """The file as it is served to whoever asks for all of it."""
        answer = self._get(url, None)
        if answer.status != 200:
            raise self._error(answer, url)
        return _whole(answer, url)

    def _error(self, answer: _Answer, url: SourceUrl) -> TransferError:
        status = answer.status
        error = status_error(status, url.display)
        if error is None:
            return BadSource(f"{url.display} answered {status} where no part was asked for")
        if status in _DENIED:
            return AccessDenied(error.message, answer.way.denied_hint)
        if type(error) is SourceBusy:
            wait = retry_after(answer.response.header("Retry-After"), self._clock.now())
            return Postponed(error.message, error.hint, wait)
        return error

    def _get(self, url: SourceUrl, wanted: str | None, digest: bool = False) -> _Answer:
        """The head of the answer at the end of all redirects, which share the time that an answer may take."""
        way, until = Redirects(url.url, url.display, self._settings), self._clock.monotonic() + self._settings.patience
        response = self._asked(way, wanted, digest, until)
        while response.redirects:
            response = self._asked(way, wanted, digest, until)
        if response.status == 401 and not digest and "digest" in response.all("WWW-Authenticate").lower():
            return self._get(url, wanted, digest=True)
        return _Answer(response, way, digest)

    def _asked(self, way: Redirects, wanted: str | None, digest: bool, until: float) -> Response:
        """One answer. Its body ends at the first byte, as a server without ranges would send all of it."""
        response, guard = Response(), guard_of(self._settings)
        with closing(as_source(new_easy(self._settings), self._settings, guard)) as easy:
            way.prepare(easy, digest)
            set_source_headers(easy, {"Accept-Encoding": "identity"}, way.headers)
            if wanted is not None:
                easy.setopt(pycurl.RANGE, wanted)
            easy.setopt(pycurl.WRITEFUNCTION, lambda data: 0)
            listen(easy, response)
            number, message = perform(easy, self._clock, patience=until - self._clock.monotonic())
            if response.status == PROXY_LOGIN and (refused := refused_by_proxy(0, "", PROXY_LOGIN, way.name, way.url)):
                raise refused
            if number != pycurl.E_WRITE_ERROR or response.endless or not response.status:
                check_run(number, message, response, guard, way.name)
            if not response.status:
                raise SourceUnavailable(f"{way.name} answered without an HTTP status")
            way.follow(easy, response)
        return response


def _whole(answer: _Answer, url: SourceUrl) -> SourceInfo:
    return _info(answer, url, size=plain_number(answer.response.header("Content-Length")), ranges=False)


def _info(answer: _Answer, url: SourceUrl, size: int | None, ranges: bool) -> SourceInfo:
    info = info_of(answer.response, answer.way, url, size)
    return msgspec.structs.replace(info, ranges=ranges, digest_login=answer.digest_login)


def info_of(response: Response, way: Redirects, url: SourceUrl, size: int | None) -> SourceInfo:
    """What the answer at the end of `way` says of the file. Raises BadSource where it is in an encoding."""
    coding = encoding(response)
    if coding is not None and not is_stored_so(coding, url, way.url, response):
        raise BadSource(
            f"{url.display} serves only an encoded form ({shown_header(coding)})",
            "its server compresses the file on its way: ask for it under a URL where it does not",
        )
    return SourceInfo(
        size=size,
        ranges=False,
        etag=response.header("ETag"),
        last_modified=response.header("Last-Modified"),
        attributes=Attributes(content_type=_content_type(response)),
        version=response.header("x-amz-version-id"),
        claims=in_headers(response.all, response.status == 200),
        encoding=coding,
        end_told=size is not None or tells_its_end(response),
        final_url=way.led_to,
    )


def _content_type(response: Response) -> str | None:
    """The type, without parameters that S3 would refuse: it takes no characters beyond ASCII."""
    text = response.header("Content-Type")
    if text is None or (text.isascii() and text.isprintable()):
        return text
    kind = text.partition(";")[0].strip()
    return kind if kind.isascii() and kind.isprintable() else None
