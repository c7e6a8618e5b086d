"""The state machine's story in this process: real movers, a real store, and the retries that its definition lists."""

import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from integrity.crashing_port import Died
from s3am_cloud.adapters.clock import SystemClock
from s3am_cloud.adapters.curl.movers import CurlMovers
from s3am_cloud.adapters.curl.reading.factory import CurlReaders
from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.adapters.records.jobs import Documents, Jobs
from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.adapters.s3.store import S3Store
from s3am_cloud.adapters.sources import AnySource
from s3am_cloud.errors import TransferError
from s3am_cloud.jobs.cleanup import settle
from s3am_cloud.jobs.tasks import complete_job, prepare_job, report_job, work
from s3am_cloud.limits import LAMBDA_SECONDS, LEAST_RATE_SECONDS
from s3am_cloud.model import MovedPart, Part, PinnedSource, Receipt, TransferRequest, Unit, Upload, UploadedPart
from s3am_cloud.ports.executions import Execution, Failure
from s3am_cloud.ports.pace import ShouldStop, never_stop
from s3am_cloud.ports.transfer import Mover, Movers, Ports, Progress, Sink
from s3am_cloud.transfer.pipeline import new_job
from support.cloud_fakes import Bus, Machine

DEFINITION = Path(__file__).parents[2] / "infra" / "s3am_cloud_infra" / "state_machine.asl.json"
Answer = TypeVar("Answer")


class HurriedClock(SystemClock):
    """Waits between tries have full jitter: dice that show little make them short, and change nothing else."""

    def random(self) -> float:
        return super().random() / 500


class States:
    """The states of the definition, by name, those of the map among them."""

    def __init__(self) -> None:
        self._states: dict[str, Any] = json.loads(DEFINITION.read_text())["States"]
        self._states |= self._states["Transfer"]["ItemProcessor"]["States"]

    def run(self, name: str, task: Callable[[], Answer]) -> Answer:
        """The task, again and again as long as the state's `Retry` says so for the error's name; without the waits."""
        tries: Counter[int] = Counter()
        while True:
            try:
                return task()
            except (TransferError, Died) as error:
                error_name = "Runtime.ExitError" if isinstance(error, Died) else type(error).__name__
                rule = self._rule(name, error_name)
                if rule is None:
                    raise
                number, most = rule
                tries[number] += 1
                if tries[number] > most:
                    raise

    def _rule(self, state: str, error_name: str) -> tuple[int, int] | None:
        for number, rule in enumerate(self._states[state]["Retry"]):
            if error_name in rule["ErrorEquals"] or "States.ALL" in rule["ErrorEquals"]:
                return number, rule["MaxAttempts"]
        return None


class Listing(S3Store):
    """The store, with the checksums of parts that Amazon S3 lists and the strict server does not.

    They are those of the parts that it took, each after it had compared them. A part of which that is not known is as
    if it were not there.
    """

    def __init__(self, access: S3Access, clock: SystemClock) -> None:
        super().__init__(access, clock)
        self.taken: dict[tuple[int, str], int] = {}

    def parts(self, upload: Upload, after: int = 0) -> Iterator[UploadedPart]:
        for part in super().parts(upload, after):
            crc = part.crc if part.crc is not None else self.taken.get((part.number, part.etag))
            if crc is not None:
                yield UploadedPart(part.number, part.length, part.etag, crc)


class Noting:
    """Movers that tell the listing what the server took."""

    def __init__(self, movers: Movers, listing: Listing) -> None:
        self._movers, self._listing = movers, listing

    def __call__(
        self, origin: PinnedSource, sink: Sink, slots: int, progress: Progress, first: int | None = None
    ) -> Mover:
        return _Noted(self._movers(origin, sink, slots, progress, first), self._listing)


class _Noted:
    def __init__(self, mover: Mover, listing: Listing) -> None:
        self._mover, self._listing = mover, listing

    def move(self, parts: Iterable[Part], over: ShouldStop = never_stop) -> Iterator[MovedPart]:
        for part in self._mover.move(parts, over):
            if part.crc is not None:
                self._listing.taken[part.number, part.etag] = part.crc
            yield part


def cloud_ports(
    access: S3Access,
    documents: Documents,
    stall_seconds: int,
    known_hosts: str | None = None,
    rate_window: float = LEAST_RATE_SECONDS,
) -> Ports:
    """The world as a Lambda function has it, but for sources at 127.0.0.1."""
    clock = HurriedClock()
    settings = CurlSettings(
        ca_file="/dev/null",
        local_files=False,
        stall_seconds=stall_seconds,
        known_hosts=known_hosts,
        least_rate_seconds=rate_window,
    )
    store = Listing(access, clock)
    return Ports(
        source=AnySource(settings, store, clock),
        store=store,
        movers=Noting(CurlMovers(settings, access, clock), store),
        readers=CurlReaders(settings, access, clock),
        jobs=Jobs(documents),
        clock=clock,
    )


def run_job(
    request: TransferRequest, documents: Documents, ports: Ports, each: Callable[[], Ports] | None = None
) -> Receipt:
    """The job's report, as the machine or after it the janitor leaves it. `each` makes the ports of an invocation.

    The record is written first, as `submit` writes it.
    """
    name = uuid.uuid4().hex
    execution = f"arn:aws:states:us-east-1:1:execution:machine:{name}"
    states, made = States(), each or (lambda: ports)
    ports.jobs.add(new_job(request, name, ports.clock))
    try:
        prepared = states.run("Prepare", lambda: prepare_job(name, execution, "work", made()))
        if prepared.transfer:
            for unit in _units(documents.read(prepared.units_key)):
                _transfer(name, unit, states, made)
            states.run("Complete", lambda: complete_job(name, made()))
        states.run("Report", lambda: report_job(name, made()))
    except (TransferError, Died) as error:
        kind = "Runtime.ExitError" if isinstance(error, Died) else type(error).__name__
        failure = Failure(name=kind, message=str(error))
        settle(Execution(arn=execution, name=name, status="FAILED", job=name), ports, Machine(failure), Bus())
    report = ports.jobs.report(name)
    assert report is not None, "a job ended without a report"
    return report


def _transfer(name: str, unit: Unit, states: States, made: Callable[[], Ports]) -> None:
    left, done = unit, False
    while not done:
        worked = states.run("Move", lambda: work(name, left, lambda: float(LAMBDA_SECONDS), made()))  # noqa: B023
        left, done = worked.unit, worked.done


def _units(lines: bytes | None) -> list[Unit]:
    assert lines is not None, "the map has no units to read"
    return [msgspec.json.decode(line, type=Unit) for line in lines.splitlines()]
