"""A world in memory that counts and logs what is done in it, with a clock that moves only when told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from s3am_cloud.adapters.memory.jobs import MemoryCoordination, MemoryJobs
from s3am_cloud.adapters.memory.reader import MemoryReaders
from s3am_cloud.adapters.memory.transfer import MemoryMovers, MemorySource, MemoryStore
from s3am_cloud.errors import TransferError
from s3am_cloud.jobs.part_records import compared, keep, relied_on
from s3am_cloud.limits import MIN_PART
from s3am_cloud.model import (
    Attributes,
    Exists,
    Job,
    MovedPart,
    ObjectInfo,
    Part,
    PinnedSource,
    Receipt,
    SourceInfo,
    TransferRequest,
    Upload,
)
from s3am_cloud.ports.transfer import Ports
from s3am_cloud.transfer.pipeline import finish, move, new_job, prepare, proven
from s3am_cloud.transfer.remaining import missing
from s3am_cloud.urls import S3Url, SourceUrl

PART = MIN_PART
SOURCE = "https://host/data.bin"
TARGET = S3Url("bucket", "key")
START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class FakeClock:
    """Time passes only by `sleep` or by `pass_time`; the dice always show `dice`."""

    def __init__(self, dice: float = 0.5) -> None:
        self.dice = dice
        self.seconds = 0.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds

    def random(self) -> float:
        return self.dice

    def pass_time(self, delta: timedelta) -> None:
        self.seconds += delta.total_seconds()


class CountingSource(MemorySource):
    """Logs probes, counts bytes read. `failures` are what the next probes of a URL raise."""

    def __init__(self, calls: list[str]) -> None:
        super().__init__()
        self.calls = calls
        self.bytes_read = 0
        self.failures: dict[str, list[TransferError]] = {}

    def probe(self, url: SourceUrl) -> SourceInfo:
        self.calls.append("probe")
        if self.failures.get(url.url):
            raise self.failures[url.url].pop()
        return super().probe(url)

    def read(self, origin: PinnedSource, part: Part) -> bytes:
        data = super().read(origin, part)
        self.bytes_read += len(data)
        return data


class LoggedStore(MemoryStore):
    """Logs its calls."""

    def __init__(self, calls: list[str]) -> None:
        super().__init__()
        self.calls = calls

    def head(self, target: S3Url) -> ObjectInfo | None:
        self.calls.append("head")
        return super().head(target)

    def unfinished(self, target: S3Url, needed: bool = False) -> Sequence[str]:
        self.calls.append("unfinished")
        return super().unfinished(target, needed)

    def create(self, target: S3Url, attributes: Attributes, copied_tags: bool = False) -> Upload:
        self.calls.append("create")
        return super().create(target, attributes, copied_tags)

    def open(self, target: S3Url) -> Upload:
        """An upload of somebody's."""
        return super().create(target, Attributes())


class World:
    """Ports in memory, and the in-process driver's way through the pipeline."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.source = CountingSource(self.calls)
        self.store = LoggedStore(self.calls)
        self.jobs = MemoryJobs()
        self.coordination = MemoryCoordination()
        self.clock = FakeClock()
        self.ports = Ports(
            source=self.source,
            store=self.store,
            movers=MemoryMovers(self.source, self.store),
            readers=MemoryReaders(self.source, self.store),
            jobs=self.jobs,
            clock=self.clock,
            coordination=self.coordination,
        )
        self._count = 0

    def job(self, request: TransferRequest) -> Job:
        self._count += 1
        return new_job(request, f"job-{self._count}", self.clock)

    def prepare(self, request: TransferRequest) -> Job:
        return prepare(self.job(request), self.ports)

    def transfer(self, request: TransferRequest) -> Receipt:
        job = self.prepare(request)
        if job.plan is None or job.state == "skipped":
            return finish(job, [], self.ports)
        relied = [] if job.state == "put" else relied_or_proven(job, self.ports)
        parts = missing(job.plan, relied)
        return finish(job, [*relied, *move(job, parts, 1, self.ports, lambda count: None)], self.ports)

    def begin(self, request: TransferRequest, *numbers: int) -> Job:
        """A transfer that ends after these parts."""
        job = self.prepare(request)
        assert job.plan is not None
        relied_on(job, self.ports)
        parts = [job.plan.part(number) for number in numbers]
        keep(job, None, list(move(job, parts, 1, self.ports, lambda count: None)), self.jobs)
        return job


def relied_or_proven(job: Job, ports: Ports) -> list[MovedPart]:
    """The parts in the store that need not be moved: those that have a record, and those that are the source's."""
    assert job.upload is not None
    relied = relied_on(job, ports)
    numbers = {part.number for part in relied}
    others = [part for part in ports.store.parts(job.upload) if part.number not in numbers]
    return [*relied, *map(compared, proven(job, others, ports, lambda count: None))]


def lacking(job: Job, ports: Ports) -> list[Part]:
    """The parts to move."""
    assert job.plan is not None
    return missing(job.plan, relied_or_proven(job, ports))


def request(
    exists: Exists | None = None,
    *,
    resume: bool = False,
    force: bool = False,
    part_size: int | None = PART,
    source: str = SOURCE,
    destination: str = str(TARGET),
) -> TransferRequest:
    """From SOURCE to TARGET in parts of PART bytes, unless told otherwise."""
    return TransferRequest(
        source=source, destination=destination, exists=exists, resume=resume, force=force, part_size=part_size
    )
