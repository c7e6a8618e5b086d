"""One part on its way to S3: a giver, a PUT, and what happens when either breaks."""

from __future__ import annotations

import functools
from collections.abc import Callable

from s3am_cloud.adapters.curl.easy import Response
from s3am_cloud.adapters.curl.flow import Giver, MakeWay
from s3am_cloud.adapters.curl.loop import Loop
from s3am_cloud.adapters.curl.put import TRAILER, StreamedPut
from s3am_cloud.adapters.curl.retry import Retry
from s3am_cloud.adapters.curl.store_answers import check_store
from s3am_cloud.checksum import encode
from s3am_cloud.errors import ChecksumMismatch, ObjectExists, SourceBusy, StoreBusy, StoreUnavailable, TransferError
from s3am_cloud.limits import ANSWER_SECONDS, COPY_BYTES_PER_SECOND
from s3am_cloud.model import MovedPart, Part
from s3am_cloud.ports import Clock

Finished = Callable[[MovedPart], None]
Failed = Callable[[TransferError], None]


class UploadFlow:
    """`giver` and `put` are set by whoever builds the flow: each of them knows the other only through it."""

    giver: Giver
    put: StreamedPut

    def __init__(
        self,
        loop: Loop,
        clock: Clock,
        retry: Retry,
        part: Part,
        name: str,
        stall_seconds: float,
        finished: Finished,
        failed: Failed,
        make_way: MakeWay | None = None,
    ) -> None:
        self._make_way = make_way
        self._loop, self._clock, self._part, self._name = loop, clock, part, name
        self._stall_seconds, self._finished, self._failed = stall_seconds, finished, failed
        self._retry = retry
        self._over = False
        self._starts = 0
        # The CRC of a whole body that was sent without an answer: it may have been stored.
        self._unanswered: int | None = None
        self.source_retries: Callable[[], int] = lambda: 0

    def start(self) -> None:
        if self._over:
            return
        self._starts += 1
        self._asked = self._quiet_since = self._clock.monotonic()
        self.giver.start()
        self.put.start()

    def stop(self) -> None:
        self._over = True
        self.giver.stop()
        self.put.stop()

    def rest(self) -> None:
        """Lets go of both ends until `start`: the source has no place for this part now."""
        self._starts += 1
        self.giver.stop()
        self.put.stop()

    def watch(self) -> None:
        """To be called every now and then: gives up a PUT that S3 takes no byte of, and answers nothing to."""
        now = self._clock.monotonic()
        if self.put.moved or self.put.waits_for_source:
            self.put.moved = False
            self._quiet_since = now
            return
        answer = ANSWER_SECONDS + self._part.length / COPY_BYTES_PER_SECOND
        allowed = answer if self.put.sent else self._stall_seconds
        if now - self._quiet_since > allowed:
            did = "answered nothing" if self.put.sent else "took no byte"
            self.repeat(StoreUnavailable(f"{self._name}: S3 {did} for {allowed:.0f} s"))

    def on_bytes(self) -> None:
        self.put.resume()

    def repeat(self, error: TransferError) -> None:
        """The part begins anew after a while, if it was not repeated too often."""
        self.giver.stop()
        self.put.stop()
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
        if not self._over:
            self._over = True
            self._loop.later(0, lambda: self._fail(error))

    def _fail(self, error: TransferError) -> None:
        self.stop()
        self._failed(error)

    def answered(self, number: int, response: Response, body: bytes) -> None:
        """The PUT has ended, by an answer or without one."""
        self.giver.stop()
        if self._over:
            return
        error = self._judge(number, response, body)
        if error is None:
            self._finish(self.giver.crc, response.header("ETag") or "")
        elif isinstance(error, ObjectExists) and self._unanswered is not None:
            # The object that is there may be our own.
            self._finish(self._unanswered, "")
        elif isinstance(error, StoreBusy) and self._make_way is not None:
            self._retry.total += 1
            self._make_way(error, self._asked)
        elif isinstance(error, SourceBusy | ChecksumMismatch):
            self.repeat(error)
        else:
            self.fail(error)

    def _finish(self, crc: int, etag: str) -> None:
        self._over = True
        retries = self._retry.total + self.source_retries()
        self._finished(MovedPart(self._part.number, self._part.length, crc, etag, retries))

    def _judge(self, number: int, response: Response, body: bytes) -> TransferError | None:
        if number and not response.status >= 300:
            self._unanswered = self.giver.crc if self.put.sent else self._unanswered
            return StoreUnavailable(f"{self._name}: the connection to S3 broke (libcurl error {number})")
        error = check_store(response.status, body, self._name)
        if isinstance(error, ObjectExists):
            return ObjectExists(f"{self._name} exists")
        if error is not None:
            return error
        if not self.put.sent:
            return StoreUnavailable(f"{self._name}: S3 answered before it had all bytes")
        kept = response.header(TRAILER)
        if kept is not None and kept != encode(self.giver.crc):
            return ChecksumMismatch(f"{self._name}: S3 keeps part {self._part.number} with another CRC64NVME")
        return self.giver.check()
