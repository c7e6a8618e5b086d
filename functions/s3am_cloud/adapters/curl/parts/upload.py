"""One part on its way to S3: the source of its bytes, a PUT, and what happens when either breaks."""

from __future__ import annotations

import functools
from collections.abc import Callable
from http import HTTPStatus

import msgspec

from s3am_cloud.adapters.curl.source.answers import curl_words, refused_by_proxy
from s3am_cloud.adapters.curl.store.answers import other_bytes, shows_bytes, store_error
from s3am_cloud.adapters.curl.store.put import TRAILER, SignedPut, StreamedPut, Sums
from s3am_cloud.adapters.curl.transport.context import CurlContext
from s3am_cloud.adapters.curl.transport.easy import Response
from s3am_cloud.adapters.curl.transport.pipes import BodySource, PartEvents
from s3am_cloud.adapters.curl.transport.retry import Retry
from s3am_cloud.adapters.s3.features import Attempt
from s3am_cloud.adapters.s3.refusals import error_code, error_message
from s3am_cloud.errors import ChecksumMismatch, ObjectExists, SourceBusy, StoreBusy, StoreUnavailable, TransferError
from s3am_cloud.etags import quoted
from s3am_cloud.limits import ANSWER_SECONDS, COPY_BYTES_PER_SECOND
from s3am_cloud.model import MovedPart, Part

MakeBody = Callable[["UploadFlow"], BodySource]


class PutTarget(msgspec.Struct, frozen=True, kw_only=True):
    """What a PUT makes. `commits` says that its success makes the object, which nobody can check before; `digests` are
    the headers that it sends for the store to compare the bytes with."""

    name: str
    signed: SignedPut
    attempt: Attempt
    commits: bool
    digests: dict[str, str] = {}


class UploadFlow:
    """Joins the source of a part's bytes, made by `make_body`, and the PUT that sends them."""

    def __init__(
        self,
        context: CurlContext,
        retry: Retry,
        part: Part,
        target: PutTarget,
        make_body: MakeBody,
        events: PartEvents,
    ) -> None:
        self._loop, self._clock, self._part = context.loop, context.clock, part
        self._target, self._name, self._attempt = target, target.name, target.attempt
        self._stall_seconds, self._retry, self._events = context.settings.stall_seconds, retry, events
        self._ended = False
        # The moment of the last start, and that of the last sign of life.
        self._asked = self._quiet_since = 0.0
        self._starts, self._expects = 0, True
        # The CRC of a whole body that was sent without an answer: it may have been stored.
        self._unanswered: int | None = None
        self._body = make_body(self)
        self._put = StreamedPut(context.loop, context.settings, target.signed, part.length, self._body, self._answered)

    def start(self) -> None:
        if self._ended:
            return
        self._starts += 1
        self._asked = self._quiet_since = self._clock.monotonic()
        self._attempt.begin()
        self._body.start()
        self._put.start(self._attempt.uses("trailer"), self._sums(), self._expects)

    def _sums(self) -> Sums | None:
        """MD5s to compare ETags with, where answers have no CRC64NVME. What a store makes of the framing is known after
        its first answer, and to take a second MD5 costs as much CPU time as all else."""
        answers_crc = self._attempt.features.answers_crc
        return None if answers_crc else Sums(all_sent=answers_crc is None)

    def stop(self) -> None:
        self._ended = True
        self._body.stop()
        self._put.stop()

    def rest(self) -> None:
        """Lets go of both ends until `start`: the source has no place for this part now."""
        self._starts += 1
        self._body.stop()
        self._put.stop()

    def watch(self) -> None:
        """To be called every now and then: gives up a PUT that S3 takes no byte of, and answers nothing to."""
        now = self._clock.monotonic()
        if self._put.moved or self._put.waits_for_source:
            self._put.moved = False
            self._quiet_since = now
            return
        answer = ANSWER_SECONDS + self._part.length / COPY_BYTES_PER_SECOND
        allowed = answer if self._put.sent else self._stall_seconds
        if now - self._quiet_since > allowed:
            did = "answered nothing" if self._put.sent else "took no byte"
            self.repeat(StoreUnavailable(f"{self._name}: S3 {did} for {allowed:.0f} s"))

    def on_bytes(self) -> None:
        self._put.resume()

    def repeat(self, error: TransferError) -> None:
        """The part begins anew after a while, if it was not repeated too often."""
        self._body.stop()
        self._put.stop()
        wait = self._retry.wait(silent=self._clock.monotonic() - self._quiet_since)
        if wait is None:
            self.fail(error)
        else:
            self._quiet_since = self._clock.monotonic() + wait
            self._loop.later(wait, functools.partial(self._start_again, self._starts))

    def _start_again(self, starts: int) -> None:
        if starts == self._starts:
            self.start()

    def fail(self, error: TransferError) -> None:
        """Ends the flow, at the next turn: libcurl may be in the middle of a call-back."""
        if not self._ended:
            self._ended = True
            self._loop.later(0, lambda: self._fail(error))

    def _fail(self, error: TransferError) -> None:
        self.stop()
        self._events.failed(error)

    def _answered(self, number: int, message: str, response: Response, body: bytes) -> None:
        """The PUT has ended, by an answer or without one."""
        self._body.stop()
        if self._ended:
            return
        if response.status == HTTPStatus.EXPECTATION_FAILED and self._expects:
            # Some stores and proxies don't know what it means to be asked before the body.
            self._expects = False
            self._loop.later(0, functools.partial(self._start_again, self._starts))
            return
        if response.status >= 300 and self._attempt.is_refused(response.status, error_code(body), error_message(body)):
            # What was learned of the store is no failure: the PUT is sent again without what it refuses.
            self._loop.later(0, functools.partial(self._start_again, self._starts))
            return
        error = refused_by_proxy(number, message, response.status, self._name, self._put.url, StoreUnavailable)
        error = error or self._judge(number, response, body)
        if error is None:
            self._attempt.succeeded()
            shown = shows_bytes(response, self._body.crc, self._put.sums, self._target.digests)
            self._finish(self._body.crc, quoted(response.header("ETag") or ""), shown)
        elif isinstance(error, ObjectExists) and self._unanswered is not None:
            # The object that is there may be our own.
            self._finish(self._unanswered, "", None)
        elif isinstance(error, StoreBusy) and self._events.yield_slot is not None:
            self._retry.total += 1
            self._events.yield_slot(error, self._asked)
        elif isinstance(error, SourceBusy | ChecksumMismatch):
            self.repeat(error)
        else:
            self._attempt.failed()
            self.fail(error)

    def _finish(self, crc: int, etag: str, shown: bool | None) -> None:
        self._ended = True
        retries = self._retry.total + self._body.retries
        self._events.finished(MovedPart(self._part.number, self._part.length, crc, etag, retries, shown))

    def _judge(self, number: int, response: Response, body: bytes) -> TransferError | None:
        if number and not response.status >= 300:
            self._unanswered = self._body.crc if self._put.sent else self._unanswered
            return StoreUnavailable(f"{self._name}: the connection to S3 broke: {curl_words(number)}")
        error = store_error(response.status, body, self._name)
        if isinstance(error, ObjectExists):
            return ObjectExists(f"{self._name} exists")
        if error is not None:
            if response.status in {500, 502, 504} and self._put.sent:
                self._unanswered = self._body.crc  # it may have been stored all the same
            return error
        if not self._put.sent:
            return StoreUnavailable(f"{self._name}: S3 answered before it had all bytes")
        self._attempt.features.answers_crc = response.header(TRAILER) is not None
        if not self._target.commits and shows_bytes(response, self._body.crc, self._put.sums) is False:
            return other_bytes(response, self._put.sums, self._name)
        return self._body.change_error()
