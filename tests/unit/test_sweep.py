"""What is left of jobs that ended: reported with the time until which it is kept, discarded when that is over."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from s3am_cloud.errors import AccessDenied, JobCancelled, UploadGone
from s3am_cloud.jobs.cleanup import discard, failed, settle
from s3am_cloud.jobs.sweep import Swept, sweep
from s3am_cloud.jobs.tasks import complete_job, report_job, work
from s3am_cloud.limits import JOB_KEEP_DAYS, LONGEST_JOB_DAYS, SWEEP_AGAIN_DAYS, SWEEP_MARGIN_SECONDS
from s3am_cloud.model import Unit, Upload
from s3am_cloud.names import TRANSFER_CANCELLED, TRANSFER_FAILED
from support.cloud_fakes import DATA, LONG, Bus, Machine, ended, moved_whole, prepared, reported
from support.fakes import SOURCE, START, TARGET, World, request

WEEK = timedelta(days=JOB_KEEP_DAYS)
NOTHING = Swept([], {})


@pytest.fixture
def world() -> World:
    made = World()
    made.source.put(SOURCE, DATA)
    return made


@pytest.fixture
def machine() -> Machine:
    return Machine()


def swept(*jobs: str) -> Swept:
    return Swept(list(jobs), {})


def test_what_nobody_resumed_in_time_is_discarded(world: World, machine: Machine) -> None:
    prepared(world)
    reported(world, "job")
    world.clock.pass_time(WEEK)
    assert sweep(world.ports, machine.describe) == NOTHING
    world.clock.pass_time(timedelta(seconds=1))
    assert sweep(world.ports, machine.describe) == swept("job")
    assert world.store.unfinished(TARGET) == []
    assert list(world.jobs.ids()) == []
    report = world.jobs.report("job")
    assert report is not None
    assert (report.state, report.unfinished_upload) == ("failed", None)


def test_a_week_counts_from_the_end_and_not_from_the_beginning(world: World, machine: Machine) -> None:
    prepared(world)
    world.clock.pass_time(timedelta(days=9))
    reported(world, "job")
    report = world.jobs.report("job")
    assert report is not None
    assert report.expires == (START + timedelta(days=9) + WEEK).isoformat()
    world.clock.pass_time(timedelta(days=6))
    assert sweep(world.ports, machine.describe) == NOTHING


def test_a_job_may_be_kept_for_another_time(world: World, machine: Machine) -> None:
    prepared(world, keep_hours=12)
    reported(world, "job")
    world.clock.pass_time(timedelta(hours=12, seconds=1))
    assert sweep(world.ports, machine.describe) == swept("job")


def test_a_job_that_runs_is_left_alone_however_old_it_is(world: World, machine: Machine) -> None:
    prepared(world)
    machine.run("job")
    world.clock.pass_time(timedelta(days=365))
    assert sweep(world.ports, machine.describe) == NOTHING
    assert len(world.store.unfinished(TARGET)) == 1


def test_a_job_that_nobody_reported_is_kept_from_the_end_of_its_execution(world: World, machine: Machine) -> None:
    prepared(world)
    machine.run("job", "FAILED", stopped=START + timedelta(days=3))
    world.clock.pass_time(timedelta(days=3) + WEEK)
    assert sweep(world.ports, machine.describe) == NOTHING
    world.clock.pass_time(timedelta(seconds=1))
    assert sweep(world.ports, machine.describe) == swept("job")


def test_an_upload_from_here_is_kept_as_long_as_the_longest_job(world: World, machine: Machine) -> None:
    """An upload of somebody's machine is kept as long as the longest job and its time."""
    job = world.begin(request(), 1)
    world.clock.pass_time(WEEK + timedelta(days=LONGEST_JOB_DAYS))
    assert sweep(world.ports, machine.describe) == NOTHING
    world.clock.pass_time(timedelta(seconds=1))
    assert sweep(world.ports, machine.describe) == swept(job.id)


def test_an_upload_that_a_later_job_took_over_is_left_alone(world: World, machine: Machine) -> None:
    prepared(world)
    reported(world, "job")
    world.clock.pass_time(WEEK - timedelta(days=1))
    prepared(world, "later", resume=True)
    machine.run("later")
    world.clock.pass_time(timedelta(days=2))
    assert sweep(world.ports, machine.describe) == NOTHING
    assert len(world.store.unfinished(TARGET)) == 1


def test_an_upload_that_a_later_job_is_about_to_take_over_is_left_alone(world: World, machine: Machine) -> None:
    prepared(world)
    reported(world, "job")
    next_one = msgspec.structs.replace(world.jobs.load("job"), id="job-r2", resumes="job", upload=None, state="new")
    world.jobs.add(next_one)
    world.clock.pass_time(WEEK * 2)
    assert sweep(world.ports, machine.describe) == NOTHING


def test_an_upload_without_a_record_is_nobody_of_ours(world: World, machine: Machine) -> None:
    world.store.open(TARGET)
    world.clock.pass_time(timedelta(days=365))
    assert sweep(world.ports, machine.describe) == NOTHING
    assert len(world.store.unfinished(TARGET)) == 1


def test_what_was_completed_is_not_discarded(world: World, machine: Machine) -> None:
    moved_whole(world)
    complete_job("job", world.ports)
    world.clock.pass_time(timedelta(days=365))
    assert sweep(world.ports, machine.describe) == NOTHING
    assert world.jobs.load("job").upload is not None


def test_one_job_that_can_not_be_swept_keeps_no_other_from_it(
    world: World, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("first", "second", "third")
    for name in names:
        prepared(world, name, destination=f"s3://bucket/{name}")
        reported(world, name)
    world.clock.pass_time(WEEK * 2)
    discard_upload = world.store.abort

    def abort(upload: Upload) -> None:
        if upload.target.key == "second":
            raise AccessDenied("not yours")
        discard_upload(upload)

    monkeypatch.setattr(world.store, "abort", abort)
    assert sweep(world.ports, machine.describe) == Swept(["first", "third"], {"second": "AccessDenied: not yours"})
    monkeypatch.undo()
    assert sweep(world.ports, machine.describe) == NOTHING
    world.clock.pass_time(timedelta(days=1, seconds=1))
    assert sweep(world.ports, machine.describe) == swept("second")


@pytest.mark.parametrize(("created", "error"), [("yesterday", "ValueError"), ("2020-01-01T00:00:00", "TypeError")])
def test_a_record_that_no_job_wrote_keeps_no_other_job_s_upload(
    created: str, error: str, world: World, machine: Machine
) -> None:
    prepared(world, "forged", destination="s3://bucket/forged")
    prepared(world, "job")
    world.jobs.save(msgspec.structs.replace(world.jobs.load("forged"), created=created))
    world.clock.pass_time(WEEK * 2 + timedelta(days=LONGEST_JOB_DAYS))
    assert sweep(world.ports, machine.describe) == Swept(["job"], {"forged": error})


def test_a_cancelled_job_its_user_could_not_discard_is_discarded(
    world: World, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cancelled job that its user could not discard is discarded at once."""
    prepared(world)
    reported(world, "job")
    world.coordination.cancel("job")

    def abort(upload: Upload) -> None:
        raise AccessDenied("not yours")

    monkeypatch.setattr(world.store, "abort", abort)
    with pytest.raises(AccessDenied):
        discard("job", world.ports)
    monkeypatch.undo()
    world.clock.pass_time(timedelta(seconds=1))
    assert sweep(world.ports, machine.describe) == swept("job")
    report = world.jobs.report("job")
    assert report is not None
    assert report.state == "cancelled"


def test_a_job_stopped_by_its_cancellation_is_discarded_and_announced(world: World) -> None:
    """A job that was stopped because it was cancelled is discarded and announced as such."""
    prepared(world)
    work("job", Unit(0, 1, 2), lambda: LONG, world.ports)
    world.coordination.cancel("job")
    bus = Bus()
    report = settle(ended("ABORTED"), world.ports, Machine(), bus)
    assert report is not None
    assert report.error is not None
    assert (report.state, report.error.name, report.unfinished_upload) == ("cancelled", "JobCancelled", None)
    assert world.jobs.report("job") == report
    assert [(kind, told["state"]) for kind, told in bus.announced] == [(TRANSFER_CANCELLED, "cancelled")]
    assert world.store.unfinished(TARGET) == []


def test_a_job_that_was_stopped_otherwise_can_be_resumed(world: World) -> None:
    prepared(world)
    bus = Bus()
    report = settle(ended("ABORTED"), world.ports, Machine(), bus)
    assert report is not None
    assert report.unfinished_upload is not None
    assert [kind for kind, _ in bus.announced] == [TRANSFER_FAILED]


def test_discarding_twice_is_quiet_and_without_a_record_it_is_reported(world: World) -> None:
    prepared(world)
    assert discard("job", world.ports) == discard("job", world.ports)
    assert discard("refused", world.ports).state == "cancelled"


def test_a_cancelled_job_leaves_an_upload_alone_that_another_went_on_with(world: World) -> None:
    prepared(world)
    prepared(world, "later", resume=True)
    discard("job", world.ports)
    assert len(world.store.unfinished(TARGET)) == 1


def test_a_worker_of_a_cancelled_job_stops_quietly_when_its_upload_is_gone(world: World) -> None:
    prepared(world)
    world.coordination.cancel("job")
    discard("job", world.ports)
    assert work("job", Unit(0, 1, 5), lambda: LONG, world.ports).done


def test_a_worker_whose_upload_is_gone_otherwise_says_so(world: World) -> None:
    prepared(world)
    upload = world.jobs.load("job").upload
    assert upload is not None
    world.store.abort(upload)
    with pytest.raises(UploadGone):
        work("job", Unit(0, 1, 5), lambda: LONG, world.ports)


def test_a_job_that_is_cancelled_while_it_is_prepared_leaves_no_upload(world: World) -> None:
    """Stopping an execution stops no function that runs."""
    world.coordination.cancel("job")
    with pytest.raises(JobCancelled):
        prepared(world, "job")
    assert world.store.unfinished(TARGET) == []


def test_a_job_that_is_cancelled_before_it_is_completed_makes_no_object(world: World) -> None:
    moved_whole(world)
    world.coordination.cancel("job")
    with pytest.raises(JobCancelled):
        complete_job("job", world.ports)
    assert world.store.head(TARGET) is None


def test_a_small_object_of_a_cancelled_job_is_not_put(world: World) -> None:
    world.source.put(SOURCE, b"few")
    world.coordination.cancel("job")
    with pytest.raises(JobCancelled):
        prepared(world, "job")
    assert world.store.head(TARGET) is None


def test_a_sweep_stops_before_its_time_is_up_and_the_next_one_continues(world: World, machine: Machine) -> None:
    names = ("first", "second", "third")
    for name in names:
        prepared(world, name, destination=f"s3://bucket/{name}")
        reported(world, name)
    world.clock.pass_time(WEEK * 2)
    left = iter([300.0, SWEEP_MARGIN_SECONDS, SWEEP_MARGIN_SECONDS - 1.0])
    assert sweep(world.ports, machine.describe, lambda: next(left)) == Swept(["first", "second"], {}, more=True)
    assert sweep(world.ports, machine.describe) == swept("third")
    assert sweep(world.ports, machine.describe) == NOTHING


def test_a_job_that_succeeds_leaves_no_note_of_its_expiry(world: World) -> None:
    moved_whole(world)
    assert [job_id for job_id, _ in world.jobs.expiring(START + WEEK * 9)] == ["job"]
    complete_job("job", world.ports)
    report_job("job", world.ports)
    assert list(world.jobs.expiring(START + WEEK * 9)) == []


def test_what_is_swept_is_noted_no_more_and_what_is_not_due_is_noted_again(world: World, machine: Machine) -> None:
    prepared(world)
    machine.run("job")
    world.clock.pass_time(WEEK + timedelta(days=1))
    assert sweep(world.ports, machine.describe) == NOTHING
    [(job_id, again)] = world.jobs.expiring(START + WEEK * 9)
    assert (job_id, again) == ("job", world.clock.now() + timedelta(days=SWEEP_AGAIN_DAYS))
    machine.run("job", "FAILED", stopped=world.clock.now())
    reported(world, "job")
    world.clock.pass_time(WEEK * 2)
    assert sweep(world.ports, machine.describe) == swept("job")
    assert list(world.jobs.expiring(START + WEEK * 99)) == []


@pytest.mark.parametrize(
    ("message", "option"),
    [
        (f"s3://{TARGET.bucket}/key: the answer was AccessDenied", "--destination-bucket"),
        (
            f"not authorized to perform: s3:PutObject on resource arn:aws:s3:::{TARGET.bucket}/key",
            "--destination-bucket",
        ),
        (f"s3://{TARGET.bucket}/key (with an explicit deny in a resource-based policy)", None),
        (f"s3://{TARGET.bucket}/key (not authorized to perform: kms:GenerateDataKey)", None),
        ("https://host/data answered 403", None),
        ("s3://source/data can't be read or does not exist", "--source-bucket"),
    ],
)
def test_a_denied_bucket_has_the_command_that_gives_it_to_the_stack(
    message: str, option: str | None, world: World
) -> None:
    source = "s3://source/data" if option == "--source-bucket" else SOURCE
    job = world.job(msgspec.structs.replace(request(), source=source))
    found = failed(job, AccessDenied(message), world.clock).error
    assert found is not None
    assert (f"s3am-cloud deploy {option}" in found.hint) if option else ("deploy" not in found.hint)


def test_a_job_that_fails_is_noted_then_whatever_was_noted_when_it_began(world: World, machine: Machine) -> None:
    """As by a stack of before, which noted nothing when it opened an upload."""
    prepared(world)
    [(job_id, when)] = world.jobs.expiring(START + WEEK * 9)
    world.jobs.remove_expiry(job_id, when)
    reported(world, "job")
    world.clock.pass_time(WEEK + timedelta(seconds=1))
    assert sweep(world.ports, machine.describe) == swept("job")
