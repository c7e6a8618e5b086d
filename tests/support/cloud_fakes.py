"""The state machine's tasks up to some point, and a machine and a bus that only remember."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from s3am_cloud.errors import NoSuchJob
from s3am_cloud.ingest.accept import accept
from s3am_cloud.jobs.cleanup import settle
from s3am_cloud.jobs.prepared import Prepared
from s3am_cloud.jobs.tasks import prepare_job, work
from s3am_cloud.ports.executions import Execution, Failure
from servers.content import pattern
from support.fakes import PART, SOURCE, TARGET, World

DATA = pattern(4 * PART + 1000)
ASKED: dict[str, object] = {"source": SOURCE, "destination": str(TARGET), "part_size": PART}
LONG = 900.0


def prepared(world: World, name: str = "job", **options: object) -> Prepared:
    accept({**ASKED, **options}, name, world.ports)
    return prepare_job(name, f"arn:{name}", "work", world.ports)


def moved_whole(world: World) -> None:
    prepared(world)
    for unit in world.jobs.units("job"):
        work("job", unit, lambda: LONG, world.ports)


class Machine:
    """Executions that have the status that they were told, and that failed with one error, or without any."""

    def __init__(self, failure: Failure | None = None) -> None:
        self._failure = failure
        self.executions: dict[str, Execution] = {}

    def run(self, job: str, status: str = "RUNNING", stopped: datetime | None = None) -> str:
        arn = f"arn:{job}"
        self.executions[arn] = Execution(arn=arn, name=job, status=status, job=job, stopped=stopped)
        return arn

    def describe(self, arn: str) -> Execution:
        if arn not in self.executions:
            raise NoSuchJob(f"there is no execution {arn}")
        return self.executions[arn]

    def failure(self, arn: str) -> Failure | None:
        return self._failure


class Bus:
    def __init__(self) -> None:
        self.announced: list[tuple[str, Mapping[str, object]]] = []

    def announce(self, detail_type: str, detail: Mapping[str, object]) -> None:
        self.announced.append((detail_type, detail))


def ended(status: str = "FAILED", job: str | None = "job") -> Execution:
    return Execution(arn="arn:job", name="job", status=status, job=job)


def reported(world: World, name: str) -> None:
    """The job's execution has failed."""
    settle(Execution(arn="a", name=name, status="FAILED", job=name), world.ports, Machine(None), Bus())
