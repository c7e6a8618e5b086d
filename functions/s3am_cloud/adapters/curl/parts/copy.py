"""One part that S3 copies from another object: a request without a body, whose answer may take minutes."""

from __future__ import annotations

import re

import msgspec
import pycurl

from s3am_cloud.adapters.curl.source.answers import curl_words, refused_by_proxy
from s3am_cloud.adapters.curl.store.answers import store_error
from s3am_cloud.adapters.curl.store.routing import SignedCopy
from s3am_cloud.adapters.curl.transport.context import CurlContext
from s3am_cloud.adapters.curl.transport.easy import Response, go_to, new_easy, set_headers
from s3am_cloud.adapters.curl.transport.pipes import PartEvents
from s3am_cloud.adapters.curl.transport.retry import Retry
from s3am_cloud.adapters.s3.features import Attempt
from s3am_cloud.adapters.s3.refusals import error_code, error_message
from s3am_cloud.checksums.crc64nvme import decode
from s3am_cloud.errors import (
    ObjectExists,
    SourceBusy,
    SourceChanged,
    SourceNotFound,
    StoreBusy,
    StoreUnavailable,
    TransferError,
)
from s3am_cloud.limits import ANSWER_SECONDS, COPY_ANSWER_SECONDS, LEAST_COPY_RATE, MAX_STORE_ANSWER
from s3am_cloud.model import MovedPart, Part
from s3am_cloud.ports.transfer import Progress

_ETAG = re.compile(rb"<ETag>(?:&quot;|\")?([^<&\"]+)")
_CRC = re.compile(rb"<ChecksumCRC64NVME>([^<]+)</ChecksumCRC64NVME>")
_SOURCE_GONE = {"NoSuchKey", "NoSuchVersion"}


def answer_seconds(length: int) -> int:
    """How long a store may take to copy that many bytes."""
    return min(COPY_ANSWER_SECONDS, ANSWER_SECONDS + length // LEAST_COPY_RATE)


class CopyTarget(msgspec.Struct, frozen=True, kw_only=True):
    """What a copy makes. `conditional` says that the destination must not exist: then a 412 may speak of it, else of
    the source."""

    name: str
    signed: SignedCopy
    attempt: Attempt
    conditional: bool


class CopyFlow:
    """The request for one part, until S3 has copied it or it is given up."""

    def __init__(
        self,
        context: CurlContext,
        retry: Retry,
        part: Part,
        target: CopyTarget,
        progress: Progress,
        events: PartEvents,
    ) -> None:
        self._loop, self._settings, self._retry = context.loop, context.settings, retry
        self._part, self._target, self._name, self._attempt = part, target, target.name, target.attempt
        self._progress, self._events = progress, events
        # The moment of the last request, and its answer as far as it has come.
        self._asked = 0.0
        self._response, self._answer = Response(), b""
        # Whether an earlier try, whose answer was lost, may have made the object.
        self._unanswered = False
        self._easy: pycurl.Curl | None = None
        self._url = ""
        self._stopped = False

    def start(self) -> None:
        if self._stopped:
            return
        self._attempt.begin()
        self._response, self._answer = Response(), b""
        self._url, headers = self._target.signed()
        easy = new_easy(self._settings)
        go_to(easy, self._url)
        easy.setopt(pycurl.UPLOAD, 1)
        easy.setopt(pycurl.INFILESIZE_LARGE, 0)
        easy.setopt(pycurl.TIMEOUT, answer_seconds(self._part.length))
        easy.setopt(pycurl.READFUNCTION, lambda most: b"")
        set_headers(easy, headers)
        easy.setopt(pycurl.HEADERFUNCTION, self._response.take_line)
        easy.setopt(pycurl.WRITEFUNCTION, self._take_answer)
        self._easy, self._asked = easy, self._loop.now()
        self._loop.start(easy, self._done)

    def stop(self) -> None:
        self._stopped = True
        if self._easy is not None:
            self._loop.stop(self._easy)

    def watch(self) -> None:
        """libcurl's own time limit is all there is to watch: S3 says nothing while it copies."""

    def _take_answer(self, data: bytes) -> int:
        self._answer += data
        return len(data) if len(self._answer) <= MAX_STORE_ANSWER else 0

    def _done(self, number: int, message: str) -> None:
        self._easy = None
        status, answer = self._response.status, self._answer
        if not number and self._attempt.is_refused(status, error_code(answer), error_message(answer)):
            self._loop.later(0, self.start)
            return
        error = refused_by_proxy(number, message, status, self._name, self._url, StoreUnavailable)
        error = error or self._judge(number)
        if error is None or (isinstance(error, ObjectExists) and self._unanswered):
            self._attempt.succeeded()
            self._finish(made=error is None)
            return
        self._unanswered = self._unanswered or isinstance(error, StoreUnavailable)
        if isinstance(error, StoreBusy) and self._events.yield_slot is not None:
            self._retry.total += 1
            self._events.yield_slot(error, self._asked)
            return
        silent = self._loop.now() - self._asked if number == pycurl.E_OPERATION_TIMEDOUT else 0.0
        wait = self._retry.wait(silent=silent) if isinstance(error, SourceBusy) else None
        if wait is None:
            self._attempt.failed()
            self._events.failed(error)
        else:
            self._loop.later(wait, self.start)

    def _judge(self, number: int) -> TransferError | None:
        if number:
            return StoreUnavailable(f"{self._name}: the connection to S3 broke: {curl_words(number)}")
        # S3 answers 200 before it has copied, and may say in the body that it failed.
        error = store_error(self._response.status, self._answer, f"the copy to {self._name}")
        if isinstance(error, ObjectExists):
            return (
                error
                if self._target.conditional
                else SourceChanged(f"the source of {self._name} is another version now")
            )
        if error_code(self._answer) in _SOURCE_GONE:
            return SourceNotFound(f"the source of {self._name} is no longer there")
        if error is None and not _ETAG.search(self._answer):
            return StoreUnavailable(f"{self._name}: S3 answered a copy without its result")
        return error

    def _finish(self, made: bool) -> None:
        """`made` is False where an object is there that may be an earlier try's."""
        etag, crc = (pattern.search(self._answer) if made else None for pattern in (_ETAG, _CRC))
        self._progress(self._part.length)
        self._events.finished(
            MovedPart(
                self._part.number,
                self._part.length,
                decode(crc.group(1).decode()) if crc else None,
                f'"{etag.group(1).decode(errors="replace")}"' if etag else "",
                self._retry.total,
                untagged=self._attempt.lacks("tags"),
            )
        )
