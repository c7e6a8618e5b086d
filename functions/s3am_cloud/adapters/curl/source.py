"""Probing sources over libcurl."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import msgspec
import pycurl

from s3am_cloud.adapters.curl.crowd import patience
from s3am_cloud.adapters.curl.easy import (
    CurlSettings,
    Response,
    as_source,
    guard_of,
    listen,
    new_easy,
    set_headers,
    use_netrc,
)
from s3am_cloud.adapters.curl.file_probe import AnsweredByHttp, Crowded, check_run, probe_file
from s3am_cloud.adapters.curl.hosts import foreign, refused_first
from s3am_cloud.adapters.curl.retry import Retry
from s3am_cloud.adapters.curl.single import perform
from s3am_cloud.adapters.curl.source_answers import UNENCODED, check_status, parse_content_range
from s3am_cloud.errors import BadSource, SourceBusy, SourceChanged
from s3am_cloud.limits import CROWD_SECONDS, PROBE_ATTEMPTS
from s3am_cloud.model import Attributes, SourceInfo
from s3am_cloud.ports import Clock
from s3am_cloud.source_digests import in_headers
from s3am_cloud.urls import SourceUrl


class CurlSource:
    """A `Source` for http, https, ftp, ftps and sftp."""

    def __init__(self, settings: CurlSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock

    def probe(self, url: SourceUrl) -> SourceInfo:
        """Asks for the first byte, as only that shows that ranges are served; HEAD is often refused or wrong."""
        host = refused_first(url.url, self._settings.hosts)
        if host is not None:
            raise foreign(url.display, host)
        ask = self._ask_http if url.scheme in {"http", "https"} else self._ask_file
        return self._insist(lambda: ask(url))

    def _insist(self, ask: Callable[[], SourceInfo]) -> SourceInfo:
        retry = Retry(self._clock, PROBE_ATTEMPTS, patience=self._settings.patience)
        crowd = patience(self._clock)
        while True:
            asked = self._clock.monotonic()
            try:
                return ask()
            except Crowded as error:
                wait, last = crowd.wait(CROWD_SECONDS), SourceBusy(error.message, error.hint)
            except SourceBusy as error:
                # All that a probe asks for is an answer, so all of its time has passed in vain.
                wait, last = retry.wait(silent=self._clock.monotonic() - asked), error
            if wait is None:
                raise last
            self._clock.sleep(wait)

    def _ask_http(self, url: SourceUrl) -> SourceInfo:
        response = Response()
        easy = new_easy(self._settings)
        set_headers(easy, {"Accept-Encoding": "identity"})
        easy.setopt(pycurl.RANGE, "0-0")
        # One byte is enough: a server without ranges would send all of them, and a refusal's text may have no end.
        easy.setopt(pycurl.WRITEFUNCTION, lambda data: 0)
        self._perform(easy, url, response)
        return _http_info(response, url.display)

    def _ask_file(self, url: SourceUrl) -> SourceInfo:
        try:
            return probe_file(url, self._settings, self._clock)
        except AnsweredByHttp:
            return msgspec.structs.replace(self._ask_http(url), reached="http")

    def _perform(self, easy: pycurl.Curl, url: SourceUrl, response: Response) -> None:
        guard = guard_of(self._settings)
        listen(easy, response, guard)
        with closing(as_source(easy, self._settings, guard)):
            use_netrc(easy, self._settings)
            easy.setopt(pycurl.URL, url.url)
            number, message = perform(easy, self._clock, patience=self._settings.patience)
        if number != pycurl.E_WRITE_ERROR or guard.foreign or not response.status:
            check_run(number, message, response, guard, url.display)


def _http_info(response: Response, name: str) -> SourceInfo:
    if response.header("Content-Encoding") not in UNENCODED:
        raise BadSource(f"{name} serves only an encoded form ({response.header('Content-Encoding')})")
    size, ranges = _http_size(response, name)
    return SourceInfo(
        size=size,
        ranges=ranges,
        etag=response.header("ETag"),
        last_modified=response.header("Last-Modified"),
        # The answer about an empty source (416) has a body of its own, and its type is that body's.
        attributes=Attributes(content_type=response.header("Content-Type") if response.status < 400 else None),
        version=response.header("x-amz-version-id"),
        claims=in_headers(response.all, response.status == 200) if response.status < 400 else {},
    )


def _http_size(response: Response, name: str) -> tuple[int | None, bool]:
    """The size where it is told, and whether ranges are served."""
    content_range = response.header("Content-Range")
    if response.status == 416 and content_range == "bytes */0":
        return 0, True
    error = check_status(response.status, name)
    if error is not None:
        raise error
    if response.status == 206:
        there = parse_content_range(content_range)
        if there is None or there[:2] != (0, 0):
            raise SourceChanged(f"{name} answered range {content_range!r} where the first byte was asked for")
        return there[2], there[2] is not None
    length = response.header("Content-Length")
    return (int(length) if length is not None and length.isdigit() else None), False
