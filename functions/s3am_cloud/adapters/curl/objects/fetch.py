"""One small file from a web server, whole, with one plain GET.

Whatever is not a plain, complete answer of known length is left to the thorough way of single transfers: it knows the
servers' oddities, and names the errors.
"""

from __future__ import annotations

from collections.abc import Callable

import pycurl

from s3am_cloud.adapters.curl.objects.bodies import IN_MEMORY, MemoryContent
from s3am_cloud.adapters.curl.objects.repeats import Answer, Repeats
from s3am_cloud.adapters.curl.source.answers import BUSY, encoding, plain_number, retry_after
from s3am_cloud.adapters.curl.source.http_probe import info_of
from s3am_cloud.adapters.curl.transport.context import CurlContext
from s3am_cloud.adapters.curl.transport.easy import Response, as_source, guard_of, listen, new_easy, set_source_headers
from s3am_cloud.adapters.curl.transport.host_gates import GatePass
from s3am_cloud.adapters.curl.transport.redirects import Redirects
from s3am_cloud.errors import TransferError
from s3am_cloud.limits import OBJECT_CONNECTIONS
from s3am_cloud.urls import SourceUrl

OnContent = Callable[[MemoryContent | None], None]


class WholeGet:
    """Reports the file's content when it is there, or None where the answer is not one of this kind."""

    def __init__(self, context: CurlContext, source: SourceUrl, repeats: Repeats, on_content: OnContent) -> None:
        self._context, self._source, self._on_content = context, source, on_content
        self._repeats = repeats
        self._response, self._data = Response(), bytearray()
        self._easy: pycurl.Curl | None = None
        self._way: Redirects | None = None
        self._judged = self._stopped = False
        self._pass = GatePass(context.settings.gates, source)

    def start(self) -> None:
        if self._stopped:
            return
        if wait := self._pass.wait():
            self._context.loop.later(wait, self.start)
            return
        try:
            self._way = Redirects(self._source.url, self._source.display, self._context.settings)
        except TransferError:
            self._give_up()
            return
        self._ask(self._way)

    def stop(self) -> None:
        self._stopped = True
        self._pass.leave()
        if self._easy is not None:
            self._context.loop.stop(self._easy)
            self._easy = None

    def _ask(self, way: Redirects) -> None:
        settings = self._context.settings
        self._response, self._data, self._judged = Response(), bytearray(), False
        easy = as_source(new_easy(settings), settings, guard_of(settings))
        way.prepare(easy, digest=False)
        set_source_headers(easy, {"Accept-Encoding": "identity"}, way.headers)
        easy.setopt(pycurl.WRITEFUNCTION, self._take)
        easy.setopt(pycurl.TIMEOUT, int(settings.patience + self._held_seconds))
        listen(easy, self._response)
        self._easy = easy
        self._context.loop.start(easy, self._done)

    def _take(self, data: bytes) -> int | None:
        if not self._judged:
            self._judged = True
            self._response.begin_body()
            if not self._fits:
                return 0
        throttle = self._context.loop.throttle
        if throttle is not None and throttle.holds(self._resume, len(data)):
            return int(pycurl.WRITEFUNC_PAUSE)
        self._data += data
        return None if len(self._data) <= IN_MEMORY else 0

    @property
    def _held_seconds(self) -> float:
        """How long a rate limit may hold it back, while others have their turns."""
        limit = self._context.settings.rate_limit
        return 0.0 if limit is None else OBJECT_CONNECTIONS * IN_MEMORY / limit.rate

    def _resume(self) -> None:
        if self._easy is not None:
            self._context.loop.unpause(self._easy)

    @property
    def _fits(self) -> bool:
        """Whether the head is that of a whole file, unencoded, that is kept in memory while it is sent."""
        size = plain_number(self._response.header("Content-Length"))
        is_plain = self._response.status == 200 and encoding(self._response) is None
        return is_plain and size is not None and size <= IN_MEMORY

    def _done(self, number: int, message: str) -> None:
        easy, self._easy = self._easy, None
        way = self._way
        if easy is None or way is None:
            return
        try:
            if way.follow(easy, self._response):
                self._ask(way)
                return
            self._end(way, number, easy.getinfo(pycurl.CONN_ID))
        except TransferError:
            self._give_up()

    def _end(self, way: Redirects, number: int, connection: int) -> None:
        self._pass.leave()
        if self._response.status in BUSY:
            self._pass.busy(retry_after(self._response.header("Retry-After"), self._context.loop.date()))
        size = plain_number(self._response.header("Content-Length"))
        if number or not self._fits or len(self._data) != size:
            self._give_up()
            return
        info, content = info_of(self._response, way, self._source, size), bytes(self._data)
        if self._repeats.came(connection, Answer(info.etag, info.last_modified, hash(content))):
            self._give_up()
            return
        self._on_content(MemoryContent(content, info))

    def _give_up(self) -> None:
        """After the call-back that runs now."""
        self._pass.leave()
        self._context.loop.later(0, lambda: self._on_content(None))
