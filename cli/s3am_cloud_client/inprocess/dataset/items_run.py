"""A run over many items with its list, its tally and what is shown of it, whichever way the items go."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol

from msgspec.structs import replace

from s3am_cloud.adapters.clock import SystemClock
from s3am_cloud.adapters.files.item_list import SqliteItemList
from s3am_cloud.datasets.candidates import Candidate
from s3am_cloud.datasets.directions import Direction, Whole
from s3am_cloud.datasets.failures import FailureRule, failures_allowed
from s3am_cloud.datasets.lanes import ByteCount, Lanes
from s3am_cloud.datasets.outcomes import Outcome, Summary, Tally, outcome_of
from s3am_cloud.datasets.run import DatasetRun, Wanted
from s3am_cloud.datasets.selection import Selected
from s3am_cloud.items import LeftOut, Placed, Rejected
from s3am_cloud_client.inprocess.dataset.known import OBJECTS, KnownObjects
from s3am_cloud_client.observer import Meter, Observer
from s3am_cloud_client.state_home import state_home

if TYPE_CHECKING:
    from s3am_cloud_client.options import DatasetOptions


class RunContext(NamedTuple):
    """What the lanes of a run need of it: who counts its bytes, and its items on their way."""

    moved: ByteCount
    candidate: Callable[[int], Candidate]


class Side(Protocol[Whole]):
    """What a run needs besides its items: uploads and downloads have one each."""

    direction: Direction[Whole]
    # The names of errors that end the run at once.
    errors_of_all: frozenset[str]

    def lanes(self, run: RunContext) -> Lanes[Whole]:
        """Raises NoCredentials."""

    def prepare(self, items: SqliteItemList) -> Iterable[Outcome]:
        """Looks at the destination. The items that can't go there have their outcome recorded, and are returned."""


class ItemsRun(Generic[Whole]):
    """Reads and checks all items when it is made. Raises BadManifest, NoCredentials, and what `selected` raises."""

    def __init__(
        self, selected: Iterable[Selected], side: Side[Whole], dataset: DatasetOptions, observer: Observer
    ) -> None:
        self._observer, self._clock = observer, SystemClock()
        self._started = self._clock.now()
        self._tally, self._moved, self._ended = Tally(), ByteCount(), False
        self._meter: Meter | None = None
        self._outside: list[Outcome] = []
        # Bytes that were shown, and those that are to be transferred in all, as far as their number is known.
        self._shown = self._expected = self._items = 0
        self._resources = ExitStack()
        try:
            listed = self._resources.enter_context(SqliteItemList())
            listed.add(self._placed(selected))
            self._items = listed.count + len(self._outside)
            self._known = KnownObjects(_known_path())
            self._resources.callback(self._known.close)
            self._run = DatasetRun(
                Wanted(
                    items=listed,
                    direction=side.direction,
                    exists=dataset.exists,
                    failures=FailureRule(self._failures_left(dataset), side.errors_of_all),
                    known=self._known,
                ),
                side.lanes(RunContext(self._moved, self.candidate)),
                self._tick,
            )
            self._outside += side.prepare(listed)
        except BaseException:
            self._resources.close()
            raise
        self._list = listed

    def __enter__(self) -> ItemsRun[Whole]:
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
        self._expected = self._list.known_bytes
        title = f"{self._list.count:,} items"
        with self._observer.progress(title, self._expected) as self._meter, closing(self._run.outcomes()) as outcomes:
            for outcome in outcomes:
                self._tally.add(outcome)
                if outcome.state != "copied":
                    self._expected -= outcome.size or 0
                yield outcome
            self._show()
        self._ended = True

    def summary(self, report: Path | None = None) -> Summary:
        counts = self._tally.counts
        if not self._ended:  # what has no outcome was not reached
            left = self._items - counts.items
            counts = replace(counts, items=self._items, not_reached=counts.not_reached + left)
        return Summary(
            state=self._tally.state if self._ended else "interrupted",
            counts=counts,
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

    def _failures_left(self, dataset: DatasetOptions) -> int | None:
        """How many of those that can be copied may fail, beside what has failed before."""
        most = failures_allowed(dataset.max_failures, self._items)
        return None if most is None else most - sum(one.state == "failed" for one in self._outside)

    def candidate(self, number: int) -> Candidate:
        """An item on its way."""
        return self._run.candidate(number)

    def _tick(self) -> None:
        self._observer.check()
        self._show()

    def _show(self) -> None:
        if self._meter is None:
            return
        moved, counts = self._moved.moved, self._tally.counts
        self._meter.count_items(counts.items, self._list.count + len(self._outside), counts.failed)
        if self._expected > 0:
            self._meter.expect(max(moved, self._expected))  # sizes of URLs are not always known before
        self._meter(moved - self._shown)
        self._shown = moved


def _known_path() -> Path | None:
    """The file of what earlier runs have copied; None where this user keeps no state."""
    home = state_home()
    if home is None:
        return None
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    return home / OBJECTS
