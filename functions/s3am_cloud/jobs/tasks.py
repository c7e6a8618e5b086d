"""The state machine's driver: each function is one task, safe to repeat, and exchanges small values.

accept (ingest/accept.py) → prepare → (work on units, in parallel) → complete → report; settle (cleanup.py) on failure
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from math import inf

import msgspec

from s3am_cloud.costs.quote import enforce_max_cost, remaining
from s3am_cloud.errors import NoSuchJob, NotAsExpected, UploadGone
from s3am_cloud.expiry import first_look
from s3am_cloud.integrity.after_commit import PendingCheck, read_back, to_read
from s3am_cloud.jobs.cleanup import detail
from s3am_cloud.jobs.dataset.prepare import FIRST_ROUND, prepare_dataset
from s3am_cloud.jobs.dataset.records import files_of
from s3am_cloud.jobs.dataset.report import report_dataset
from s3am_cloud.jobs.part_records import recorded, relied_on
from s3am_cloud.jobs.prepared import Prepared
from s3am_cloud.jobs.recovery import begun, cancelled, is_made, own_upload, put, stop_if_cancelled
from s3am_cloud.jobs.replays import has_ended_well
from s3am_cloud.jobs.skip import remember, skip_reason
from s3am_cloud.jobs.unit_worker import run_unit
from s3am_cloud.jobs.usage import summed
from s3am_cloud.limits import DEFAULT_SLOTS
from s3am_cloud.model import Job, MovedPart, Part, Plan, Receipt, Regions, Unit
from s3am_cloud.ports.transfer import Ports
from s3am_cloud.transfer.overtaken import may_be_made, overtaken_error
from s3am_cloud.transfer.part_sizes import units
from s3am_cloud.transfer.pipeline import finish, prepare, receipt
from s3am_cloud.transfer.remaining import missing
from s3am_cloud.transfer.steps.abort import abort


class Worked(msgspec.Struct, frozen=True):
    """What is left of a unit; nothing where `done`."""

    job: str
    unit: Unit
    done: bool


def prepare_job(
    job_id: str, execution: str, bucket: str, ports: Ports, seconds_left: Callable[[], float] = lambda: inf
) -> Prepared:
    """Prepares the job and writes its units; small objects are put at once. Raises JobCancelled, TooExpensive, and
    what `has_ended_well` and `prepare_dataset` do."""
    job = ports.jobs.load(job_id)
    if job.request.dataset is not None:
        return _prepare_dataset(job, execution, bucket, ports, seconds_left)
    if has_ended_well(job, ports):
        return Prepared(job_id, False, bucket, "", 1)
    if job.state != "new" and job.execution != execution:  # a job that had failed was started once more
        job = msgspec.structs.replace(job, execution=execution)
        ports.jobs.save(job)
    if job.state == "new" and (why := skip_reason(job, ports)) is not None:
        _leave(job, why, ports)
        return Prepared(job_id, False, bucket, "", 1, skipped=True)
    if job.state == "new":
        own = own_upload(job, ports)
        job = begun(job, execution, ports)
        if is_made(job, ports.store):
            job = msgspec.structs.replace(job, state="transfer")
            ports.jobs.save(job)
        else:
            job = prepare(job, ports, own=own)
    stop_if_cancelled(job, ports)
    if job.plan is None or job.state != "transfer" or is_made(job, ports.store):
        _finish_small(job, ports)
        return Prepared(job_id, False, bucket, "", 1)
    parts = _lacking(job, job.plan, ports)
    if parts is None:
        _finish_small(job, ports)
        return Prepared(job_id, False, bucket, "", 1)
    enforce_max_cost(job, remaining(job.plan, parts))
    key = ports.jobs.write_units(job_id, units(job.plan, (part.number for part in parts)))
    # The plan of an upload that another job began may be of before the stack limited its workers.
    concurrency = min(job.plan.concurrency, ports.most_workers or job.plan.concurrency)
    return Prepared(job_id, True, bucket, key, concurrency)


def _prepare_dataset(
    job: Job, execution: str, bucket: str, ports: Ports, seconds_left: Callable[[], float]
) -> Prepared:
    """As `prepare_job`. One that has ended well is only reported again."""
    done = ports.jobs.report(job.id)
    if done is not None and done.error is None:
        return Prepared(job.id, False, bucket, "", 1)
    if job.state == "new" or job.execution != execution:
        regions = Regions(destination=ports.store.region(job.target), mover=ports.region)
        job = msgspec.structs.replace(begun(job, execution, ports), state="transfer", regions=regions)
        ports.jobs.save(job)
    stop_if_cancelled(job, ports)
    plan = prepare_dataset(job, ports, seconds_left)
    if plan is None or plan.crew is None:
        return Prepared(job.id, False, bucket, "", 1, again=True, dataset=True)
    key = files_of(ports).units_key(job.id, FIRST_ROUND)
    # A later round may have more units than this one, whose workers open large items by the dozen.
    concurrency = max(1, min(plan.crew.workers, plan.units))
    return Prepared(job.id, plan.units > 0, bucket, key, concurrency, dataset=True, tolerated=100)


def _lacking(job: Job, plan: Plan, ports: Ports) -> list[Part] | None:
    """The parts to move, None where another transfer has ended the upload since. Parts that are there without a record
    are the workers' to compare with the source."""
    try:
        return missing(plan, relied_on(job, ports))
    except UploadGone:
        return None


def work(job_id: str, unit: Unit, seconds_left: Callable[[], float], ports: Ports) -> Worked:
    """Moves those parts of the unit that the store lacks, as many as there is time for. Raises PartTooSlow for none."""
    try:
        remaining = run_unit(ports.jobs.load(job_id), unit, seconds_left, ports)
    except UploadGone as error:
        # Where the job was cancelled, or another transfer has finished the object, nobody waits for the rest.
        if not cancelled(job_id, ports) and not may_be_made(ports.jobs.load(job_id), ports):
            raise overtaken_error(ports.jobs.load(job_id), error, ports) from error
        remaining = None
    return Worked(
        job_id, Unit(unit.object, unit.first if remaining is None else remaining, unit.last), remaining is None
    )


def complete_job(job_id: str, ports: Ports) -> Receipt:
    before = ports.jobs.report(job_id)
    if before is not None and before.state == "succeeded":
        return before  # the task is repeated, and the upload is gone
    job = ports.jobs.load(job_id)
    if not is_made(job, ports.store):
        stop_if_cancelled(job, ports)
    done = summed(_finished(job, recorded(job_id, ports.jobs), ports), job, ports.jobs)
    for known_as in (job_id, *_begun_elsewhere(job, ports)):
        ports.jobs.write_report(known_as, done)
    return done


def _begun_elsewhere(job: Job, ports: Ports) -> Iterator[str]:
    """The id in the object's metadata, where its upload was begun on somebody's machine, which writes no report."""
    try:
        if job.resumes is not None and ports.jobs.load(job.resumes).execution is None:
            yield job.resumes
    except NoSuchJob:
        return


def report_job(job_id: str, ports: Ports) -> dict[str, object]:
    """The detail of the job's outcome event. Raises NoSuchJob where it has no report."""
    job = ports.jobs.load(job_id)
    if job.request.dataset is not None:
        return detail(report_dataset(job_id, ports))
    found = ports.jobs.report(job_id)
    if found is None:
        raise NoSuchJob(f"job {job_id} has no report")
    if job.upload is not None:
        ports.jobs.remove_expiry(job_id, first_look(job))  # nothing of it is left that could expire
    return detail(found)


def _finish_small(job: Job, ports: Ports) -> None:
    before = ports.jobs.report(job.id)
    if before is not None and before.error is None:
        return
    moved = put(job, job.plan, ports) if job.state == "put" and job.plan is not None else []
    ports.jobs.write_report(job.id, summed(_finished(job, moved, ports), job, ports.jobs))


def _finished(job: Job, moved: Iterable[MovedPart], ports: Ports) -> Receipt:
    """The receipt of an object that is all that it is held to, which may take another pass over it."""
    try:
        done = finish(job, moved, ports)
        wanted = to_read(job, done)
        if wanted:
            pending = PendingCheck(wanted, job, job.target, done)
            done = read_back(pending, DEFAULT_SLOTS, ports, lambda count: None)
    except NotAsExpected:
        if job.upload is not None:
            abort(job.upload, ports.store)  # nobody wants to continue it
        raise
    except UploadGone:
        stop_if_cancelled(job, ports)
        raise
    remember(job, ports)
    return done


def _leave(job: Job, why: str, ports: Ports) -> None:
    done = receipt(msgspec.structs.replace(job, state="skipped"), ports.clock)
    ports.jobs.write_report(job.id, msgspec.structs.replace(done, skipped=why))
