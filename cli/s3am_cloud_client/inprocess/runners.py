"""Who runs a transfer: this process, as the transfer's record names it, and whether another process still does."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import msgspec

from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.errors import NoSuchJob, TransferError
from s3am_cloud.limits import BEAT_SECONDS
from s3am_cloud.model import Job, Runner
from s3am_cloud.ports.transfer import Clock, Ports
from s3am_cloud_client.observer import Observer

_PROC = Path("/proc")
# Of /proc/PID/stat, counted behind the command's name: the process's state, and the clock tick at which it began.
_STATE, _STARTED = 0, 19
_DEAD = ("Z", "X")


def this_process(clock: Clock) -> Runner:
    """What others need to know in order to see whether this process is still at work."""
    pid = os.getpid()
    now = clock.now().isoformat(timespec="milliseconds")
    return Runner(host=socket.gethostname(), pid=pid, machine=_machine(), began=_began(pid) or "", seen=now)


def running(job: Job, access: S3Access) -> bool | None:
    """Whether the job's execution, or the process that runs it, is at work; None where that can't be known here."""
    if job.execution is not None:
        return _execution_runs(job.execution, access)
    return None if job.runner is None else process_runs(job.runner)


def process_runs(runner: Runner) -> bool | None:
    """None on another machine. This very process is no other transfer."""
    if (runner.host, runner.machine) != (socket.gethostname(), _machine()):
        return None
    if runner.pid == os.getpid():
        return False
    if runner.began:
        return _began(runner.pid) == runner.began
    try:
        os.kill(runner.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class Heartbeat:
    """Renews the record of a running transfer now and then, so that others see that it is at work. An `ShouldStop` that
    never ends anything."""

    def __init__(self, job: Job, ports: Ports, observer: Observer) -> None:
        self._job, self._ports, self._observer = job, ports, observer
        self._last = ports.clock.monotonic()

    def __call__(self) -> bool:
        now = self._ports.clock.monotonic()
        if self._job.upload is not None and self._job.runner is not None and now - self._last >= BEAT_SECONDS:
            self._last = now
            self._renew(self._job.runner)
        return False

    def _renew(self, runner: Runner) -> None:
        seen = self._ports.clock.now().isoformat(timespec="milliseconds")
        try:
            self._ports.jobs.save(msgspec.structs.replace(self._job, runner=msgspec.structs.replace(runner, seen=seen)))
        except TransferError as error:
            self._observer.detail(f"the record of this transfer could not be renewed: {error.message}")


def _execution_runs(arn: str, access: S3Access) -> bool | None:
    # Few transfers meet a job of the cloud.
    from s3am_cloud.adapters.records.executions import StateMachine, machine_of

    try:
        region, endpoint = arn.split(":")[3], access.settings.endpoint_url
        client = access.boto.client("stepfunctions", region_name=region, endpoint_url=endpoint)
        return StateMachine(client, machine_of(arn)).describe(arn).status == "RUNNING"
    except NoSuchJob:
        return False
    except TransferError:
        return None  # who may not look at executions has the record alone


def _machine() -> str:
    """This boot of this machine, and the namespace in which process ids count; empty where the system has neither."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink(_PROC / 'self/ns/pid')}"
    except OSError:
        return ""


def _began(pid: int) -> str | None:
    """When a living process began, in ticks since the boot: no later one with the same id has the same."""
    try:
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[_STATE] in _DEAD else fields[_STARTED]
