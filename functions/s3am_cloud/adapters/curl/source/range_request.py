"""The requests for one range of a source: each goes where the one before was redirected to."""

from __future__ import annotations

from typing import Protocol

import pycurl

from s3am_cloud.adapters.curl.source.answers import range_error, range_of, stored_error
from s3am_cloud.adapters.curl.source.ftp import as_file_source, by_file_transfer
from s3am_cloud.adapters.curl.source.validators import pins, unproven_error
from s3am_cloud.adapters.curl.transport.easy import (
    CurlSettings,
    Response,
    as_source,
    go_to,
    guard_of,
    listen,
    new_easy,
    set_headers,
    set_source_headers,
)
from s3am_cloud.adapters.curl.transport.guard import Guard
from s3am_cloud.adapters.curl.transport.host_gates import GatePass
from s3am_cloud.adapters.curl.transport.redirects import Redirects
from s3am_cloud.errors import SourceChanged, TransferError
from s3am_cloud.limits import CURL_BUFFER, MAX_REFUSAL
from s3am_cloud.model import Part, PinnedSource


class Address(Protocol):
    """Where a GET goes and what it carries, made anew for each request as signatures age."""

    def __call__(self) -> tuple[str, dict[str, str]]: ...


class RangeRequest:
    """Makes them for `part` of `origin`. `buffer` bytes are taken from the socket at once."""

    def __init__(
        self, settings: CurlSettings, origin: PinnedSource, address: Address, part: Part, buffer: int = CURL_BUFFER
    ) -> None:
        self._settings, self._address = settings, address
        self.info, self.part, self._buffer = origin.info, part, buffer
        self._source = source = origin.source
        self.by_files = by_file_transfer(source.scheme, origin.info)
        self.name, self.scheme, self.stored = source.display, source.scheme, source.scheme == "s3"
        self.gate_pass = GatePass(settings.gates, source)
        self._way: Redirects | None = None
        # Where the last request went.
        self.url = source.url
        # Where S3 answers is the function's own setting, and may be inside a private network.
        self.guard = Guard(allow_private=True)
        self.response = Response(explains=self.stored)
        # What S3 says in the body of an answer that refuses the request.
        self._refusal = b""

    def begin(self, first: int, conditions: bool) -> pycurl.Curl:
        """A request to the source's own URL for the bytes from `first` on; with `conditions` of no other version.

        Raises BadSource for a host where sources may not be.
        """
        self._way = None
        return self._made(first, conditions)

    def follow(self, easy: pycurl.Curl, first: int, conditions: bool) -> pycurl.Curl | None:
        """The request that follows the redirect which ended `easy`; None where that was none. Raises BadSource."""
        if self._way is None or not self._way.follow(easy, self.response):
            return None
        return self._made(first, conditions)

    @property
    def refused(self) -> bool:
        """Whether S3 refuses the request, and says why in the body."""
        return self.stored and self.response.refuses

    @property
    def ends_early(self) -> bool:
        """Whether the answer is judged however its body ends."""
        return self.refused or self.response.ends_at_its_head

    def take_refusal(self, data: bytes) -> int | None:
        """Keeps a piece of the body; 0 ends the request where that is longer than any of S3's."""
        self._refusal += data
        return None if len(self._refusal) <= MAX_REFUSAL else 0

    def answer_error(self, first: int, conditions: bool) -> TransferError | None:
        """What is wrong with the answer to a request for the bytes from `first` on, by its head, or by what it says
        where it refuses. `conditions` are whether the server was asked to refuse another version."""
        if not self.response.status and self.by_files:
            return None  # not HTTP: libcurl has judged
        if self.refused:
            return stored_error(self.response.status, self._refusal, self.name)
        error = range_error(self.response, self.info, self.part, first, self.name, self.stored)
        if error is None and not conditions and pins(self.info):
            return unproven_error(self.response, self.info, self.name)
        return error

    def too_much_error(self) -> SourceChanged:
        """Of a server that sends more bytes than were requested."""
        if self.by_files and not self.info.ranges:
            return SourceChanged(
                f"{self.name} holds more than the {self.part.length:,} bytes that its server says",
                "try again when nobody writes to it",
            )
        return SourceChanged(f"{self.name} sent more than the {self.part.length:,} bytes asked for")

    def _made(self, first: int, conditions: bool) -> pycurl.Curl:
        self.response, self._refusal = Response(explains=self.stored), b""
        self.guard = Guard(allow_private=True) if self.stored else guard_of(self._settings)
        easy = as_source(new_easy(self._settings), self._settings, self.guard)
        headers = self._go(easy)
        easy.setopt(pycurl.BUFFERSIZE, self._buffer)
        if self.by_files:
            as_file_source(easy, self._source, self._settings, self.guard, self.info.reached)
            # A whole file is read to where its data end: neither SIZE nor the words of reply 150 say where that is.
            easy.setopt(pycurl.IGNORE_CONTENT_LENGTH, 0 if self.info.ranges else 1)
        else:
            pinning = pins(self.info) if conditions else {}
            own = {"Accept-Encoding": "identity", **pinning, **headers}
            if self._way is None:
                set_headers(easy, own)
            else:
                set_source_headers(easy, own, self._way.headers)
        if self.info.ranges:
            easy.setopt(pycurl.RANGE, range_of(self.scheme, self.info, first, self.part.last))
        listen(easy, self.response)
        return easy

    def _go(self, easy: pycurl.Curl) -> dict[str, str]:
        """Sets where `easy` goes, and gives the headers that it is to carry: those of a signed request to S3."""
        self.url, headers = self._address()
        if self.stored:
            go_to(easy, self.url)
            return headers
        if self._way is None:
            self._way = Redirects(self.url, self.name, self._settings)
        self.url = self._way.url
        self._way.prepare(easy, self.info.digest_login)
        return headers
