"""A run that compares many objects with a list of checksums: nothing is written in S3."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from contextlib import ExitStack
from typing import Literal

import msgspec

from s3am_cloud.adapters.files.item_list import SqliteItemList
from s3am_cloud.checksums.digests import parse_expect
from s3am_cloud.datasets.failures import FailureRule
from s3am_cloud.datasets.lanes import ByteCount
from s3am_cloud.datasets.manifests.lines import ManifestLine
from s3am_cloud.datasets.manifests.reading import read_manifest
from s3am_cloud.datasets.outcomes import Failures, Tally, outcome_of
from s3am_cloud.error_base import ErrorReport
from s3am_cloud.errors import BadManifest, TransferError
from s3am_cloud.items import Item, Placed
from s3am_cloud.limits import DEFAULT_SLOTS, SINGLE_LANES, SINGLES_IN_HAND
from s3am_cloud.ports.item_list import Listed
from s3am_cloud.ports.transfer import Ports, Progress
from s3am_cloud.transfer.verification import compared_with
from s3am_cloud.urls import parse_s3
from s3am_cloud_client.inprocess.dataset.lane_observer import LaneObserver
from s3am_cloud_client.inprocess.dataset.selected import opened_manifest
from s3am_cloud_client.observer import Meter, Observer

_WAIT_SECONDS = 0.1
_HINT = "its lines name objects, as in checksums.txt: ALGORITHM (s3://BUCKET/KEY) = HEX"


class VerifiedItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How the comparison of one object ended: with S3's own checksum, or by reading it; `error` is why it failed."""

    source: str
    digest: str
    state: Literal["verified", "failed", "not-reached"]
    size: int | None = None
    compared_with: Literal["stored", "read"] | None = None
    error: ErrorReport | None = None

    @property
    def line(self) -> str:
        """As a list of checksums has it."""
        algorithm, _, value = self.digest.partition(":")
        return f"{algorithm.upper()} ({self.source}) = {value}"


class VerifiedCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many objects, and of those that match, of how many bytes."""

    items: int = 0
    verified: int = 0
    verified_bytes: int = 0
    failed: int = 0
    not_reached: int = 0


class VerifiedSummary(msgspec.Struct, frozen=True, kw_only=True):
    state: Literal["succeeded", "partial", "failed"]
    counts: VerifiedCounts
    failures: tuple[Failures, ...]
    seconds: float


class Verifications:
    """Objects that are compared. Iterate it, once, for how each ended; `summary` is how all went."""

    def __init__(self, manifest: str, max_failures: int | None, observer: Observer, ports: Ports) -> None:
        """Reads and checks the whole list. Raises BadManifest, and what reading the list does."""
        self._observer, self._began, self._resources = observer, time.monotonic(), ExitStack()
        self._tally, self._failures, self._unreached = Tally(), FailureRule(max_failures), 0
        self._stop, self._moved = threading.Event(), ByteCount()
        self._list = self._resources.enter_context(SqliteItemList())
        try:
            with ExitStack() as opened:
                found = opened_manifest(manifest, "checksums", ports, opened)
                self._list.add(map(_placed, read_manifest(found.stream, found.name, found.form)))
        except BaseException:
            self._resources.close()
            raise

    @property
    def lane_observer(self) -> Observer:
        """Of the ports that objects are read with: it ends their reading when the run ends."""
        return LaneObserver(self._stop, self._observer.note, self._moved)

    def run(self, ports: Ports) -> Iterator[VerifiedItem]:
        look = _Look(ports, self._moved)
        with (
            self._resources,
            self._observer.progress(f"{self._list.count:,} objects", 0) as meter,
            ThreadPoolExecutor(SINGLE_LANES, thread_name_prefix="s3am-cloud item") as threads,
        ):
            ahead: deque[tuple[int, Future[VerifiedItem]]] = deque()
            try:
                for listed in self._list.items():
                    if self._failures.ends_the_run:
                        break
                    ahead.append((listed.number, threads.submit(look, listed)))
                    if len(ahead) >= SINGLES_IN_HAND:
                        yield self._next(ahead, meter)
                while ahead:
                    yield self._next(ahead, meter)
            finally:
                self._stop.set()
                for _, future in ahead:
                    future.cancel()
            for listed in self._list.remaining():
                self._unreached += 1
                yield _item(listed, "not-reached")

    @property
    def summary(self) -> VerifiedSummary:
        found = self._tally.counts
        counts = VerifiedCounts(
            items=found.items + self._unreached,
            verified=found.copied,
            verified_bytes=found.copied_bytes,
            failed=found.failed,
            not_reached=self._unreached,
        )
        bad = counts.failed + counts.not_reached
        return VerifiedSummary(
            state="succeeded" if not bad else "partial" if counts.verified else "failed",
            counts=counts,
            failures=self._tally.failures,
            seconds=round(time.monotonic() - self._began, 3),
        )

    def _next(self, ahead: deque[tuple[int, Future[VerifiedItem]]], meter: Meter) -> VerifiedItem:
        number, future = ahead.popleft()
        return self._counted(number, self._awaited(future, meter))

    def _awaited(self, future: Future[VerifiedItem], meter: Meter) -> VerifiedItem:
        while True:
            self._observer.check()
            shown = self._moved.moved
            meter(shown)
            self._moved(-shown)
            try:
                return future.result(_WAIT_SECONDS)
            except NotYet:
                continue

    def _counted(self, number: int, done: VerifiedItem) -> VerifiedItem:
        item = Item(source=done.source, destination=done.source, size=done.size, digest=done.digest)
        state: Literal["copied", "failed"] = "copied" if done.state == "verified" else "failed"
        outcome = msgspec.structs.replace(outcome_of(item, state), error=done.error)
        self._tally.add(outcome)
        self._failures.note(outcome)
        self._list.outcome(number, state)
        return done


class _Look:
    """Compares one object; called in several threads."""

    def __init__(self, ports: Ports, progress: Progress) -> None:
        self._ports, self._progress = ports, progress

    def __call__(self, listed: Listed) -> VerifiedItem:
        item = listed.item
        try:
            expected = parse_expect(item.digest or "")
            by, size = compared_with(expected, parse_s3(item.source), DEFAULT_SLOTS, self._ports, self._progress)
        except TransferError as error:
            return _item(listed, "failed", error=error.report())
        return msgspec.structs.replace(_item(listed, "verified"), size=size, compared_with=by)


def _item(
    listed: Listed, state: Literal["verified", "failed", "not-reached"], error: ErrorReport | None = None
) -> VerifiedItem:
    return VerifiedItem(source=listed.item.source, digest=listed.item.digest or "", state=state, error=error)


def _placed(line: ManifestLine) -> Placed:
    """The line of an object and its checksum. An object may have one line for each algorithm."""
    if not line.source.startswith("s3://"):
        raise BadManifest(f"{line.place_of(line.source)}: not the URL of an object in S3", _HINT)
    if line.digest is None:
        raise BadManifest(f"{line.place}: no checksum", _HINT)
    try:
        source, expected = str(parse_s3(line.source)), parse_expect(line.digest)
    except TransferError as error:
        raise BadManifest(f"{line.place_of(line.source)}: {error.message}", error.hint) from error
    key = f"{expected.algorithm} of {source}"
    return Placed(item=Item(source=source, destination=key, size=line.size, digest=str(expected)), place=line.place)
