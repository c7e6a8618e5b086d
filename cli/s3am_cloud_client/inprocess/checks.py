"""Comparing an upload from this machine with expected checksums: a local file is read during its transfer, others are
read back afterwards."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from s3am_cloud.checksums.digests import Expected
from s3am_cloud.checksums.expectations import by_reading
from s3am_cloud.errors import Interrupted, NotAsExpected
from s3am_cloud.integrity.after_commit import PendingCheck, or_withdraw, read_back, to_read
from s3am_cloud.integrity.before_commit import check_source
from s3am_cloud.limits import DEFAULT_SLOTS
from s3am_cloud.model import Job, PinnedSource, Receipt
from s3am_cloud.ports.transfer import Ports
from s3am_cloud.transfer.closing_moves import closing_move
from s3am_cloud_client.observer import Observer

T = TypeVar("T")


class ConcurrentCheck:
    """The checksums of a local file, computed in a thread while its parts move."""

    def __init__(self, wanted: tuple[Expected, ...], origin: PinnedSource, ports: Ports) -> None:
        self._wanted, self._origin, self._ports = wanted, origin, ports
        self._stopped = threading.Event()
        self._threads = ThreadPoolExecutor(1)
        self._compared: Future[None] = self._threads.submit(self._compute)

    def watch(self, moved: Iterator[T]) -> Iterator[T]:
        """Passes on what comes, and ends it as soon as a checksum turns out to be another."""
        with closing_move(moved):
            for one in moved:
                if self._compared.done():
                    self.check()
                yield one
            self.check()

    def check(self) -> None:
        """Waits until the file is read. Raises NotAsExpected, and what reading it does."""
        self._compared.result()

    def stop(self) -> None:
        self._stopped.set()
        self._threads.shutdown()

    def _compute(self) -> None:
        check_source(self._wanted, self._origin, self._ports, self._progress)

    def _progress(self, count: int) -> None:
        if self._stopped.is_set():
            raise Interrupted("the transfer has ended")


@contextmanager
def concurrent_check(job: Job, ports: Ports) -> Iterator[ConcurrentCheck | None]:
    """Reads the source during its transfer, where that shows before the object is made that it is the expected one."""
    source = job.source
    wanted = by_reading(job.request, source, job.info) if job.info is not None else ()
    if not wanted or job.info is None or source.scheme != "file" or job.state == "stream":
        yield None
        return
    reading = ConcurrentCheck(wanted, PinnedSource(source=source, info=job.info), ports)
    try:
        yield reading
    finally:
        reading.stop()


def watched(moved: Iterator[T], job: Job, source: ConcurrentCheck | None) -> Iterator[T]:
    """The parts as they come, as long as the source is what the request is held to. Raises NotAsExpected.

    What becomes an object in one request moves only when that is known.
    """
    if source is None or job.request.keep_mismatch:
        yield from moved
        return
    if job.state == "put":
        source.check()
    yield from source.watch(moved)


def checked_afterwards(
    job: Job, done: Receipt, source: ConcurrentCheck | None, ports: Ports, observer: Observer
) -> Receipt:
    """The receipt of an object that has the expected checksums. Another one is deleted, unless it is to be kept.

    Raises NotAsExpected.
    """
    wanted, where = to_read(job, done), job.target
    if not wanted:
        return done
    slots, pending = job.request.download_slots or DEFAULT_SLOTS, PendingCheck(wanted, job, where, done)
    try:
        if source is not None:
            return or_withdraw(source.check, pending, ports)
        with observer.checking(f"checking {wanted[0].algorithm}", done.size or 0) as meter:
            return read_back(pending, slots, ports, meter)
    except NotAsExpected:
        if job.request.keep_mismatch or done.finished_by is not None:
            observer.note(f"{where} is left in S3 as it is")
        raise
