"""A source and a store that keep the contracts of `ports` without a byte, and count what S3 charges for."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from s3am_cloud.adapters.memory.jobs import MemoryJobs
from s3am_cloud.limits import COPY_BYTES_PER_SECOND, LAMBDA_BYTES_PER_SECOND, LIST_PAGE
from s3am_cloud.model import (
    Attributes,
    Job,
    MovedPart,
    ObjectInfo,
    Part,
    PartRecord,
    PinnedSource,
    Receipt,
    SourceInfo,
    Unit,
    Upload,
    UploadedPart,
)
from s3am_cloud.ports.coordination import DestinationLock, Seen
from s3am_cloud.ports.pace import ShouldStop, never_stop
from s3am_cloud.ports.records import Tally
from s3am_cloud.ports.transfer import Ports, Progress, Readers, Sink
from s3am_cloud.urls import S3Url, SourceUrl

START = datetime(2026, 1, 2, tzinfo=UTC)


class Bill:
    """Requests to S3 so far."""

    def __init__(self) -> None:
        self.writes = self.reads = 0

    def write(self) -> None:
        self.writes += 1


class Conditions(msgspec.Struct, frozen=True, kw_only=True):
    """How the world is today.

    `connection_rate` and `host_rate` are bytes a second, of one connection and of the whole source; S3 answers 503
    beyond `writes_per_second`, and `broken` of the invocations end in a timeout of Lambda's. `environments` is the
    account's quota, `most_workers` what the stack was deployed with.
    """

    connection_rate: float = LAMBDA_BYTES_PER_SECOND
    host_rate: float = float("inf")
    writes_per_second: int = 3500
    environments: int = 1000
    most_workers: int | None = None
    broken: float = 0.0
    seed: int = 1


class SimulatedClock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def random(self) -> float:
        return 0.5


class WeightlessSource:
    def __init__(self, size: int, rate: int | None) -> None:
        self._size, self.rate = size, rate

    def probe(self, url: SourceUrl) -> SourceInfo:
        return SourceInfo(size=self._size, ranges=True, etag='"e"')


class LonelyStore:
    """What a simulated store answers without a request: nobody else uses it, and it refuses nothing."""

    def region(self, target: S3Url) -> str | None:
        return None

    def tags(self, target: S3Url) -> dict[str, str] | None:
        return {}

    def checks_puts(self, target: S3Url) -> bool:
        return True

    def unfinished_below(self, prefix: S3Url) -> Iterator[Upload]:
        return iter(())

    def find(self, target: S3Url, upload_id: str) -> Upload:
        return Upload(target=target, upload_id=upload_id, full_object=True)

    def put_part(self, upload: Upload, number: int, data: bytearray, crc: int) -> str:
        raise AssertionError("only streams send parts from memory, and the cloud has none")


def in_pages(found: dict[int, UploadedPart], after: int, ask: Callable[[], None]) -> Iterator[UploadedPart]:
    """The parts after this number; each page of them takes a request."""
    numbers = sorted(number for number in list(found) if number > after)
    for index in range(0, len(numbers) or 1, LIST_PAGE):
        ask()
        yield from (found[number] for number in numbers[index : index + LIST_PAGE])


class WeightlessStore(LonelyStore):
    """One upload, whose parts are numbers, and the object that it becomes."""

    def __init__(self, bill: Bill) -> None:
        self._bill = bill
        self.there: dict[int, UploadedPart] = {}
        self.object: ObjectInfo | None = None

    def head(self, target: S3Url) -> ObjectInfo | None:
        self._bill.reads += 1
        return self.object

    def lists(self, target: S3Url) -> bool:
        return self.object is not None

    def unfinished(self, target: S3Url, needed: bool = False) -> Sequence[str]:
        self._bill.writes += 1
        return []

    def create(self, target: S3Url, attributes: Attributes, copied_tags: bool = False) -> Upload:
        self._bill.writes += 1
        return Upload(target=target, upload_id="u", full_object=True)

    def parts(self, upload: Upload, after: int = 0) -> Iterator[UploadedPart]:
        return in_pages(self.there, after, self._bill.write)

    def complete(self, upload: Upload, parts: Sequence[UploadedPart], crc: int, size: int, overwrite: bool) -> None:
        self._bill.writes += 1
        assert sum(part.length for part in parts) == size
        self.object = ObjectInfo(size=size, etag='"e"', crc=crc, full_object=True)

    def abort(self, upload: Upload) -> None:
        self.there.clear()

    def delete(self, target: S3Url, version_id: str | None) -> None:
        self.object = None


class CountedJobs(MemoryJobs):
    """Records in memory, billed as those in the work bucket are."""

    def __init__(self, bill: Bill) -> None:
        super().__init__()
        self._bill = bill
        self._names: dict[str, set[str]] = {}

    def add(self, job: Job) -> bool:
        self._bill.writes += 1
        return super().add(job)

    def save(self, job: Job) -> None:
        self._bill.writes += 2 if job.upload else 1
        super().save(job)

    def note_expiry(self, job_id: str, when: datetime) -> None:
        self._bill.writes += 1
        super().note_expiry(job_id, when)

    def load(self, job_id: str) -> Job:
        self._bill.reads += 1
        return super().load(job_id)

    def write_units(self, job_id: str, units: Iterable[Unit]) -> str:
        self._bill.writes += 1
        return super().write_units(job_id, units)

    def write_report(self, job_id: str, receipt: Receipt) -> None:
        self._bill.writes += 1
        super().write_report(job_id, receipt)

    def report(self, job_id: str) -> Receipt | None:
        self._bill.reads += 1
        return super().report(job_id)

    def write_tally(self, job_id: str, name: str, tally: Tally) -> None:
        self._bill.writes += 1
        super().write_tally(job_id, name, tally)

    def tallies(self, job_id: str) -> Iterator[Tally]:
        found = list(super().tallies(job_id))
        self._bill.reads += len(found)
        self._bill.writes += -(-len(found) // LIST_PAGE) or 1
        return iter(found)

    def write_part_records(self, job_id: str, name: str, records: Sequence[PartRecord]) -> None:
        self._bill.writes += 1
        self._names.setdefault(job_id, set()).add(name)
        super().write_part_records(job_id, name, records)

    def part_records(self, job_id: str, prefix: str = "") -> Iterator[PartRecord]:
        found = list(super().part_records(job_id, prefix))
        count = len([name for name in self._names.get(job_id, ()) if name.startswith(prefix)])
        self._bill.reads += count
        self._bill.writes += -(-count // LIST_PAGE) or 1
        return iter(found)


class CountedCoordination:
    """One destination's claim, billed as it is in the work bucket; nobody cancels, and nothing is scheduled."""

    def __init__(self, bill: Bill) -> None:
        self._bill = bill
        self._claim: DestinationLock | None = None

    def lock_of(self, target: S3Url) -> DestinationLock | None:
        self._bill.reads += 1
        return self._claim

    def put_lock(self, target: S3Url, lock: DestinationLock, previous: DestinationLock | None) -> bool:
        self._bill.writes += 1
        self._claim = lock
        return True

    def cancel(self, job_id: str) -> None:
        raise AssertionError("nobody cancels a simulated job")

    def cancelled(self, job_id: str) -> bool:
        self._bill.reads += 1
        return False

    def see(self, schedule: str, seen: Seen) -> None:
        raise AssertionError("no schedule has started the job")

    def seen(self, schedule: str) -> Seen | None:
        raise AssertionError("no schedule has started the job")

    def schedules(self) -> Iterator[str]:
        raise AssertionError("no schedule has started the job")


class SimulatedMovers:
    """Moves parts by letting time pass: each slot's share of what the worker, the source and S3 give."""

    def __init__(self, store: WeightlessStore, bill: Bill, weather: Conditions, clock: SimulatedClock) -> None:
        self._store, self._bill, self._weather, self._clock = store, bill, weather, clock
        # How many connections to the source there are, those of this invocation included.
        self.connections: Callable[[], int] = lambda: 1
        self._written: Counter[int] = Counter()
        self.refused = 0

    def __call__(
        self, origin: PinnedSource, sink: Sink, slots: int, progress: Progress, first: int | None = None
    ) -> SimulatedMovers:
        self._slots, self._progress, self._copies = slots, progress, origin.source.scheme == "s3"
        return self

    def move(self, parts: Iterable[Part], should_stop: ShouldStop = never_stop) -> Iterator[MovedPart]:
        coming, flying, order = iter(parts), list[tuple[float, int, Part]](), itertools.count()
        while not should_stop():
            while len(flying) < self._slots and (part := next(coming, None)) is not None:
                flying.append((part.length, next(order), part))
            if not flying:
                return
            left, _, part = min(flying)
            self._clock.seconds += left / self._rate(len(flying))
            flying = [(other - left, index, one) for other, index, one in flying if one is not part]
            self._bill.writes += 1
            if not self._taken(self._clock.seconds):
                flying.append((part.length, next(order), part))
                continue
            self._store.there[part.number] = UploadedPart(part.number, part.length, '"e"', part.number)
            self._progress(part.length)
            yield MovedPart(part.number, part.length, part.number, '"e"')

    def _rate(self, flying: int) -> float:
        """Bytes a second of each of `flying` parts of this worker."""
        if self._copies:
            return COPY_BYTES_PER_SECOND
        share = self._weather.host_rate / max(1, self.connections())
        return min(self._weather.connection_rate, LAMBDA_BYTES_PER_SECOND / flying, share)

    def _taken(self, moment: float) -> bool:
        """Whether S3 takes another part in this second, or says 503."""
        self._written[int(moment)] += 1
        taken = self._written[int(moment)] <= self._weather.writes_per_second
        self.refused += not taken
        return taken


def no_readers(origin: PinnedSource, slots: int, progress: Progress, part_size: int | None = None) -> object:
    raise AssertionError("the job has a record, so no part has to be read to prove it")


class SimulatedWorld:
    """Ports without weight."""

    def __init__(self, size: int, weather: Conditions, rate: int | None) -> None:
        self.bill, self.clock = Bill(), SimulatedClock()
        self.store, self.jobs = WeightlessStore(self.bill), CountedJobs(self.bill)
        self.coordination = CountedCoordination(self.bill)
        self.movers = SimulatedMovers(self.store, self.bill, weather, self.clock)
        readers: Readers = no_readers  # type: ignore[assignment]  # nobody reads in order here
        self.ports = Ports(
            source=WeightlessSource(size, rate),
            store=self.store,
            movers=self.movers,
            readers=readers,
            jobs=self.jobs,
            clock=self.clock,
            rate_probe=lambda origin: rate,
            coordination=self.coordination,
            most_workers=weather.most_workers,
        )
