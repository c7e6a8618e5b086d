"""Control calls that end: botocore's HTTP session, with a bound in bytes and in seconds for every answer.

botocore limits single reads only, so a store that sends a byte now and then, or blanks without end, keeps it for ever;
and it takes an answer of any length into memory. Each request runs in a thread of its own. When the time is over its
connection is ended, as nothing else ends a read that is under way, and with it the thread.
"""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable, Iterator
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ConnectionClosedError, ConnectTimeoutError, ReadTimeoutError
from urllib3.exceptions import ProtocolError
from urllib3.exceptions import ReadTimeoutError as ReadTimedOut

from s3am_cloud.adapters.s3.connections import Used, track
from s3am_cloud.errors import StoreUnavailable
from s3am_cloud.limits import (
    CALL_SECONDS,
    COMPLETE_SECONDS_PER_PART,
    COPY_BYTES_PER_SECOND,
    CURL_BUFFER,
    MAX_CONTROL_ANSWER,
    MAX_REFUSAL,
    MAX_TAGS,
)

_DEFINITIONS = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_LONGEST_LINE = 64 * 1024
# Tries of a call that is not answered; what fails at once, botocore tries more often.
_SILENT_TRIES = 2


class BoundedSession:
    """Sends as botocore's `session` does. Raises StoreUnavailable for answers that are too long, and NoAnswer."""

    def __init__(self, session: Any, seconds: float) -> None:
        self._session, self._seconds = session, seconds

    def send(self, request: Any) -> Any:
        exchange = _Exchange(self._session, request)
        seconds, once = allowance(request, self._seconds)
        Thread(target=exchange.run, name="s3 call", daemon=True).start()
        while not exchange.ended.wait(max(0.0, exchange.moved + seconds - time.monotonic())):
            if time.monotonic() >= exchange.moved + seconds:
                exchange.abandon()
                raise NoAnswer(request.url, seconds, once)
        return exchange.answer()

    def close(self) -> None:
        self._session.close()


class NoAnswer(ReadTimeoutError):
    """For botocore, which tries again. What may have been done all the same is asked for `once`."""

    def __init__(self, url: str, seconds: float, once: bool) -> None:
        super().__init__(endpoint_url=urlsplit(url).netloc)
        self.host, self.seconds, self.once = urlsplit(url).netloc, seconds, once


def allowance(request: Any, seconds: float) -> tuple[float, bool]:
    """How long no answer may come, and whether that is asked for only once. S3 may take minutes to complete an upload
    of many parts, and longer to answer a large body."""
    body = request.body if isinstance(request.body, bytes | bytearray) else b""
    if request.method == "POST" and "uploadId=" in request.url:
        return seconds + COMPLETE_SECONDS_PER_PART * body.count(b"<PartNumber>"), True
    return seconds + len(body) / COPY_BYTES_PER_SECOND, False


def bound(client: Any) -> None:
    """Has the calls of a client for any service end, and be tried twice where nothing answers."""
    endpoint = client._endpoint  # botocore has no other way to its session
    track(endpoint.http_session)
    endpoint.http_session = BoundedSession(endpoint.http_session, CALL_SECONDS)
    client.meta.events.register_first("needs-retry", _give_up)


def _give_up(attempts: int, caught_exception: Exception | None, **_: object) -> None:
    """Ends the tries of a call that is not answered. botocore would make five of them."""
    if isinstance(caught_exception, NoAnswer) and (caught_exception.once or attempts >= _SILENT_TRIES):
        raise StoreUnavailable(
            f"{caught_exception.host} gave no answer within {caught_exception.seconds:.0f} s"
            + ("" if caught_exception.once else f", {attempts} times")
        ) from caught_exception
    if isinstance(caught_exception, ConnectTimeoutError) and attempts > _SILENT_TRIES:
        raise caught_exception


def _is_hostile(document: bytearray) -> bool:
    """Whether it is XML that would take far more memory, or time, than its bytes: with entities, which no service
    defines, or with more elements than a page of a listing has."""
    start = bytes(document[:64]).removeprefix(b"\xef\xbb\xbf").lstrip()
    if b"\0" in start[:2] or start[:2] in _UTF_16:
        return True  # no service writes so, and definitions could hide in it
    return start[:1] == b"<" and (_DEFINITIONS.search(document) is not None or document.count(b"<") > MAX_TAGS)


class _Exchange:
    """A request and its answer, which is read to its end by `run`."""

    def __init__(self, session: Any, request: Any) -> None:
        self._session, self._request = session, request
        self._answer: Any = None
        self._error: BaseException | None = None
        self.ended, self._abandoned, self.moved = Event(), False, time.monotonic()
        self._connection = Used()
        self._parsed = True

    def abandon(self) -> None:
        """Nobody waits for the answer any more."""
        self._abandoned = True
        self._connection.end()

    def run(self) -> None:
        try:
            self._connection.begin()
            self._answer = self._exchanged()
        except BaseException as error:
            self._error = error  # raised where it is waited for
        finally:
            self.ended.set()

    def answer(self) -> Any:
        if self._error is not None:
            raise self._error
        return self._answer

    def _exchanged(self) -> Any:
        request = self._request
        if isinstance(request.body, bytes | bytearray) and len(request.body) > CURL_BUFFER:
            request.body = _Sending(request.body, self._note)
        # What an object holds is nothing that botocore parses.
        self._parsed = not request.stream_output
        request.stream_output = True  # it is read here
        answer = self._session.send(request)
        self._note()
        answer.raw = _Content(self._content(answer))
        return answer

    def _note(self) -> None:
        self.moved = time.monotonic()

    def _content(self, answer: Any) -> bytes:
        """The whole body; nothing of a refusal's that is too long, as the status says enough."""
        refused, data = answer.status_code >= 300, bytearray()
        most = MAX_REFUSAL if refused else MAX_CONTROL_ANSWER
        try:
            _limit_lines(answer.raw)
            for piece in answer.raw.stream(CURL_BUFFER):
                data += piece
                if len(data) > most or self._abandoned:
                    answer.raw.close()
                    if refused:
                        return b""
                    raise StoreUnavailable(f"{urlsplit(answer.url).netloc} answered with more than {most:,} bytes")
        except ReadTimedOut as error:
            raise ReadTimeoutError(endpoint_url=answer.url, error=error) from error
        except ProtocolError as error:
            raise ConnectionClosedError(error=error, request=self._request, endpoint_url=answer.url) from error
        if (self._parsed or refused) and _is_hostile(data):
            if refused:
                return b""
            raise StoreUnavailable(f"{urlsplit(answer.url).netloc} answered with XML that no service of AWS's sends")
        return bytes(data)


class _Content(io.BytesIO):
    """What has been read, as botocore wants to read it."""

    def stream(self) -> Iterator[bytes]:
        yield self.read()


class _Sending:
    """A body that notes each piece of it that is taken."""

    def __init__(self, body: bytes | bytearray, note: Callable[[], None]) -> None:
        self._body, self._note, self._at = memoryview(body), note, 0

    def __len__(self) -> int:
        return len(self._body)

    def read(self, _: int = -1) -> memoryview:
        piece = self._body[self._at : self._at + CURL_BUFFER]
        self._at += len(piece)
        self._note()
        return piece

    def seek(self, to: int) -> None:
        self._at = to


class _Lines:
    """A connection's file whose lines have an end: those between chunks are read whole."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def readline(self, limit: int = -1) -> bytes:
        line: bytes = self._file.readline(_LONGEST_LINE if limit < 0 else limit)
        if len(line) >= _LONGEST_LINE:
            raise ProtocolError("a line without an end")
        return line

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def _limit_lines(raw: Any) -> None:
    inner: Any = getattr(raw, "_fp", None)
    if inner is not None and getattr(inner, "fp", None) is not None:
        inner.fp = _Lines(inner.fp)
