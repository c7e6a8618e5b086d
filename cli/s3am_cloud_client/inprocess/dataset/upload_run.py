"""A run of uploads, put together: the list of items, the lanes and their adapters."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, closing
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from s3am_cloud.adapters.clock import SystemClock
from s3am_cloud.adapters.curl.objects.bodies import probe_file
from s3am_cloud.adapters.curl.objects.mover import CurlObjectMover, ObjectRoute
from s3am_cloud.adapters.files.item_list import SqliteItemList
from s3am_cloud.adapters.s3.store import S3Store
from s3am_cloud.adapters.s3.trees import S3Tree
from s3am_cloud.datasets.failures import FailureRule
from s3am_cloud.datasets.outcomes import Outcome, Summary, Tally, outcome_of
from s3am_cloud.integrity.provenance import written
from s3am_cloud.items import LeftOut, Placed, Rejected
from s3am_cloud.limits import OBJECT_CONNECTIONS, SINGLE_LANES
from s3am_cloud.model import Attributes, Job, SourceInfo
from s3am_cloud.ports.item_list import Listed
from s3am_cloud.urls import S3Url
from s3am_cloud_client.inprocess.dataset.existing import note_existing
from s3am_cloud_client.inprocess.dataset.known import OBJECTS, KnownObjects
from s3am_cloud_client.inprocess.dataset.lanes import ByteCount, LaneObserver, Lanes
from s3am_cloud_client.inprocess.dataset.run import DatasetRun, Wanted
from s3am_cloud_client.inprocess.dataset.single import Done, Task, copy_one
from s3am_cloud_client.inprocess.ports import SourceReach, curl_settings, local_ports
from s3am_cloud_client.inprocess.record_store import records
from s3am_cloud_client.observer import Meter, Observer
from s3am_cloud_client.remote.job_ids import new_id
from s3am_cloud_client.state_home import state_home

if TYPE_CHECKING:
    from s3am_cloud_client.options import DatasetOptions, UploadOptions


Selected = Placed | Rejected | LeftOut


class UploadRun:
    """Reads and checks all items when it is made. Raises BadManifest, NoCredentials, and what `selected` raises."""

    def __init__(
        self,
        selected: Iterable[Selected],
        destination: S3Url,
        options: UploadOptions,
        dataset: DatasetOptions,
        observer: Observer,
    ) -> None:
        self._observer, self._clock = observer, SystemClock()
        self._id, self._started = new_id(self._clock), self._clock.now()
        self._tally, self._moved, self._ended = Tally(), ByteCount(), False
        self._meter: Meter | None = None
        self._outside: list[Outcome] = []
        self._shown = 0
        self._resources = ExitStack()
        try:
            listed = self._resources.enter_context(SqliteItemList())
            listed.add(self._placed(selected))
            self._known = KnownObjects(_known_path())
            self._resources.callback(self._known.close)
            self._run = DatasetRun(
                Wanted(
                    items=listed,
                    exists=dataset.exists,
                    failures=FailureRule(dataset.max_failures),
                    known=self._known,
                    probe_file=probe_file,
                ),
                self._lanes(options),
                self._tick,
            )
            if dataset.exists != "overwrite":
                access = options.destination_access()
                store, listing = S3Store(access, self._clock, observer.note), S3Tree(access, self._clock)
                note_existing(listed, destination, store, listing, observer)
        except BaseException:
            self._resources.close()
            raise
        self._list = listed

    def __enter__(self) -> UploadRun:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._resources.close()

    def outcomes(self) -> Generator[Outcome, None, None]:
        """Whoever does not iterate to the end closes it."""
        for outcome in self._outside:
            self._tally.add(outcome)
            yield outcome
        title = f"{self._list.count:,} items"
        showing = self._observer.progress(title, self._list.known_bytes)
        with showing as self._meter, closing(self._run.outcomes()) as outcomes:
            for outcome in outcomes:
                self._tally.add(outcome)
                yield outcome
        self._ended = True

    def summary(self, report: Path | None = None) -> Summary:
        return Summary(
            state=self._tally.state if self._ended else "interrupted",
            counts=self._tally.counts,
            failures=self._tally.failures,
            started=self._started.isoformat(timespec="milliseconds"),
            seconds=round((self._clock.now() - self._started).total_seconds(), 3),
            heads=self._run.heads,
            report=None if report is None else str(report),
        )

    def _placed(self, selected: Iterable[Selected]) -> Iterator[Placed]:
        """Those that can be copied; the others have their outcome already."""
        for one in selected:
            match one:
                case Placed():
                    yield one
                case Rejected(item=item, error=error):
                    self._outside.append(replace(outcome_of(item, "failed"), error=error))
                case LeftOut(item=item, reason=reason):
                    self._outside.append(replace(outcome_of(item, "skipped"), reason=reason))

    def listed(self, number: int) -> Listed:
        """An item on its way."""
        return self._run.listed(number)

    def _tick(self) -> None:
        self._observer.check()
        moved = self._moved.moved
        if self._meter is None:
            return
        self._meter(moved - self._shown)
        self._shown = moved
        counts = self._tally.counts
        failed = f", {counts.failed:,} failed" if counts.failed else ""
        self._meter.say(f"{counts.items:,}/{self._list.count:,} items{failed}")

    def _lanes(self, options: UploadOptions) -> Lanes:
        access = options.destination_access()
        access.require_credentials()
        reach = SourceReach(options.patience, options.netrc)
        carried = Carried(self._id, self._started, options, self.listed)
        route = ObjectRoute(access, curl_settings(access, reach), carried)
        jobs = records(access, options.stack, self._observer)

        def copy(task: Task) -> Done:
            observer = LaneObserver(lanes.stop, self._observer.note, self._moved)
            return copy_one(
                task, options, local_ports(access, options.source_access(), reach, jobs, observer), observer
            )

        lanes = Lanes(CurlObjectMover(route, OBJECT_CONNECTIONS, self._clock, self._moved), copy, SINGLE_LANES)
        return lanes


class Carried:
    """What the objects of one run carry besides their bytes: what the user gave, and where they came from."""

    def __init__(self, run: str, started: datetime, options: UploadOptions, listed: Callable[[int], Listed]) -> None:
        self._listed, self._run, self._started = listed, run, started.isoformat(timespec="milliseconds")
        self._request = options.request("source", "s3://bucket/key")

    def __call__(self, number: int, info: SourceInfo) -> Attributes:
        item = self._listed(number).item
        request = msgspec.structs.replace(self._request, source=item.source, destination=item.destination)
        return written(Job(id=self._run, created=self._started, request=request, info=info))


def _known_path() -> Path | None:
    """The file of what earlier runs have copied; None where this user keeps no state."""
    home = state_home()
    if home is None:
        return None
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    return home / OBJECTS
