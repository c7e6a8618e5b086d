"""The contract of JobStore, kept in memory, in a folder and in a bucket."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from s3am_cloud.adapters.memory.jobs import MemoryJobs
from s3am_cloud.adapters.records.jobs import Folder, Jobs
from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.adapters.s3.documents import Bucket
from s3am_cloud.errors import JobFailed, JobFailedForGood, NoSuchJob, StoreUnavailable
from s3am_cloud.expiry import first_look
from s3am_cloud.model import Job, PartRecord, Plan, Receipt, SourceInfo, TransferRequest, Unit, Upload
from s3am_cloud.ports.records import JobStore, Tally
from s3am_cloud.urls import S3Url

TARGET = S3Url("bucket", "a key/é")
NEW = Job(
    id="20260102-1",
    created="2026-01-02T03:04:05.000+00:00",
    request=TransferRequest(source="https://host/data", destination=str(TARGET), exists="overwrite", part_size=5),
)
FULL = msgspec.structs.replace(
    NEW,
    info=SourceInfo(size=5, ranges=True, etag='"e"', last_modified="Fri, 02 Jan 2026 03:04:05 GMT", version="v"),
    plan=Plan(size=5, part_size=5, unit_parts=3, concurrency=2, slots=4),
    upload=Upload(target=TARGET, upload_id="u" * 300, full_object=True),
    state="transfer",
    execution="arn:1",
)


@pytest.fixture(params=["memory", "folder", "bucket"])
def jobs(request: pytest.FixtureRequest, tmp_path: Path) -> JobStore:
    """Every job store in turn."""
    if request.param == "memory":
        return MemoryJobs()
    if request.param == "folder":
        return Jobs(Folder(tmp_path / "state"))
    access: S3Access = request.getfixturevalue("s3_access")
    return Jobs(Bucket(access, request.getfixturevalue("bucket")))


def test_a_job_comes_back_as_it_was_added(jobs: JobStore) -> None:
    assert jobs.add(FULL)
    assert jobs.load(FULL.id) == FULL


def test_an_id_that_has_a_record_is_not_added_again(jobs: JobStore) -> None:
    assert jobs.add(NEW)
    assert not jobs.add(NEW), "not even the same job"
    assert not jobs.add(msgspec.structs.replace(NEW, execution="arn:2"))
    assert jobs.load(NEW.id) == NEW


def test_a_job_that_was_never_written_is_none(jobs: JobStore) -> None:
    with pytest.raises(NoSuchJob, match="20260102-1"):
        jobs.load(NEW.id)


def test_saving_replaces_the_record(jobs: JobStore) -> None:
    jobs.add(NEW)
    jobs.save(FULL)
    assert jobs.load(NEW.id) == FULL


def test_a_job_can_be_saved_without_having_been_added(jobs: JobStore) -> None:
    jobs.save(FULL)
    assert jobs.load(FULL.id) == FULL


def test_the_job_that_fills_an_upload_is_found(jobs: JobStore) -> None:
    jobs.save(FULL)
    assert jobs.find(TARGET, "u" * 300) == FULL
    assert jobs.find(TARGET, "other") is None
    assert jobs.find(S3Url("bucket", "other"), "u" * 300) is None


def test_the_job_that_took_an_upload_over_is_the_one_that_is_found(jobs: JobStore) -> None:
    later = msgspec.structs.replace(FULL, id="20260103-1")
    jobs.save(FULL)
    jobs.save(later)
    assert jobs.find(TARGET, "u" * 300) == later


def test_all_records_are_listed_and_nothing_else(jobs: JobStore) -> None:
    assert list(jobs.ids()) == []
    other = msgspec.structs.replace(NEW, id="20260103-2")
    jobs.save(FULL)
    jobs.add(other)
    jobs.write_units(FULL.id, [Unit(0, 1, 2)])
    jobs.write_report(FULL.id, Receipt(state="succeeded", source="s", destination="d"))
    jobs.write_tally(FULL.id, "1-a", Tally(first=1))
    jobs.write_part_records(FULL.id, "1-a", [PartRecord(1, 5, 7, "")])
    assert [jobs.load(job_id) for job_id in sorted(jobs.ids())] == [FULL, other]


def test_notes_of_expiry_are_read_in_the_order_of_their_times(jobs: JobStore) -> None:
    times = [datetime(2026, 1, day, hour, 4, 5, tzinfo=UTC) for day, hour in ((9, 12), (9, 3), (8, 23), (11, 0))]
    for number, when in enumerate(times):
        jobs.note_expiry(f"job-{number}-r2", when)
    jobs.note_expiry("job-1-r2", times[1])  # once more
    jobs.add(NEW)
    found = list(jobs.expiring(datetime(2026, 1, 10, tzinfo=UTC)))
    assert found == [("job-2-r2", times[2]), ("job-1-r2", times[1]), ("job-0-r2", times[0])]
    assert list(jobs.ids()) == [NEW.id]
    for job_id, when in found:
        jobs.remove_expiry(job_id, when)
    jobs.remove_expiry(*found[0])  # quietly
    assert list(jobs.expiring(times[3])) == []
    assert list(jobs.expiring(times[3] + timedelta(seconds=1))) == [("job-3-r2", times[3])]


def test_a_note_of_expiry_is_never_read_before_its_time(jobs: JobStore) -> None:
    """Nor where the store keeps whole seconds."""
    when = datetime(2026, 1, 9, 3, 4, 5, 250_000, tzinfo=UTC)
    jobs.note_expiry("job", when)
    assert list(jobs.expiring(when)) == []
    [(job_id, noted)] = jobs.expiring(when + timedelta(seconds=2))
    assert job_id == "job"
    jobs.remove_expiry(job_id, noted)
    assert list(jobs.expiring(when + timedelta(seconds=2))) == []


def test_a_forgotten_job_expires_no_more(jobs: JobStore) -> None:
    jobs.save(FULL)
    jobs.note_expiry(FULL.id, first_look(FULL))
    jobs.forget(FULL)
    assert list(jobs.expiring(first_look(FULL) + timedelta(days=1))) == []


def test_a_forgotten_job_is_gone(jobs: JobStore) -> None:
    jobs.save(FULL)
    jobs.forget(FULL)
    assert list(jobs.ids()) == []
    assert jobs.find(TARGET, "u" * 300) is None
    with pytest.raises(NoSuchJob):
        jobs.load(FULL.id)


def test_forgetting_twice_is_quiet(jobs: JobStore) -> None:
    jobs.save(FULL)
    jobs.forget(FULL)
    jobs.forget(FULL)
    jobs.forget(NEW)


def test_units_are_written_under_the_name_that_the_machine_reads(jobs: JobStore) -> None:
    assert jobs.write_units(NEW.id, iter([Unit(0, 1, 32)])) == f"jobs/{NEW.id}/units.jsonl"


def test_a_report_comes_back_as_it_was_written(jobs: JobStore) -> None:
    receipt = Receipt(
        state="failed",
        source="https://host/data",
        destination=str(TARGET),
        size=5,
        seconds=1.5,
        error=JobFailed("worn out").report(),
    )
    assert jobs.report(NEW.id) is None
    jobs.write_report(NEW.id, receipt)
    assert jobs.report(NEW.id) == receipt


def test_a_report_outlives_its_job(jobs: JobStore) -> None:
    receipt = Receipt(state="succeeded", source="s", destination="d")
    jobs.save(FULL)
    jobs.write_report(FULL.id, receipt)
    jobs.forget(FULL)
    assert jobs.report(FULL.id) == receipt


def test_every_tally_of_a_job_comes_back_and_none_of_another(jobs: JobStore) -> None:
    full = Tally(first=33, bytes=5, parts=1, retries=2, seconds=1.5, gb_seconds=0.75, error="SourceBusy")
    assert list(jobs.tallies(NEW.id)) == []
    jobs.write_tally(NEW.id, "33-b", full)
    jobs.write_tally(NEW.id, "1-a", Tally(first=1, bytes=7))
    jobs.write_tally(f"{NEW.id}0", "1-a", Tally(first=2))
    assert sorted(jobs.tallies(NEW.id), key=lambda tally: tally.first) == [Tally(first=1, bytes=7), full]


def test_a_tally_that_is_written_again_counts_once(jobs: JobStore) -> None:
    jobs.write_tally(NEW.id, "1-a", Tally(first=1, bytes=7))
    jobs.write_tally(NEW.id, "1-a", Tally(first=1, bytes=8))
    assert list(jobs.tallies(NEW.id)) == [Tally(first=1, bytes=8)]


def test_the_records_of_a_jobs_parts_come_back_all_or_those_of_a_name(jobs: JobStore) -> None:
    first, second = PartRecord(1, 5, 7, '"e"', True), PartRecord(9, 4, None, '"f"')
    assert list(jobs.part_records(NEW.id)) == []
    jobs.write_part_records(NEW.id, "00009-b", [second])
    jobs.write_part_records(NEW.id, "00001-a", [first])
    jobs.write_part_records(f"{NEW.id}0", "00001-a", [PartRecord(2, 5, 7, "")])
    assert sorted(jobs.part_records(NEW.id), key=lambda record: record.number) == [first, second]
    assert list(jobs.part_records(NEW.id, "00009-")) == [second]


def test_a_tally_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    jobs = Jobs(Folder(tmp_path))
    jobs.write_tally(NEW.id, "1-a", Tally(first=1))
    (tmp_path / "jobs" / NEW.id / "tallies" / "2-b.json").write_bytes(b'{"first":')
    assert list(jobs.tallies(NEW.id)) == [Tally(first=1)]


def test_units_are_one_json_object_a_line(tmp_path: Path) -> None:
    jobs = Jobs(Folder(tmp_path))
    name = jobs.write_units("job", [Unit(0, 1, 32), Unit(0, 40, 40)])
    assert (tmp_path / name).read_text() == ('{"object":0,"first":1,"last":32}\n{"object":0,"first":40,"last":40}\n')


def test_a_folder_of_records_is_readable_by_its_owner_only_and_left_empty(tmp_path: Path) -> None:
    root = tmp_path / "state"
    jobs = Jobs(Folder(root))
    jobs.save(FULL)
    assert stat.S_IMODE((root / "jobs" / FULL.id).stat().st_mode) & 0o077 == 0
    jobs.forget(FULL)
    assert [path for path in root.rglob("*") if path.is_file()] == []


def test_a_record_that_was_cut_off_is_named(tmp_path: Path) -> None:
    jobs = Jobs(Folder(tmp_path))
    jobs.save(NEW)
    (tmp_path / "jobs" / NEW.id / "job.json").write_bytes(b'{"id":')
    with pytest.raises(JobFailedForGood, match=NEW.id):
        jobs.load(NEW.id)
    jobs.write_report(NEW.id, Receipt(state="succeeded", source="s", destination="d"))
    (tmp_path / "jobs" / NEW.id / "report.json").write_bytes(b'{"state":')
    with pytest.raises(JobFailedForGood, match=NEW.id):
        jobs.report(NEW.id)


def test_a_record_that_is_far_too_long_is_not_read(
    s3_access: S3Access, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("s3am_cloud.adapters.s3.bounded.MAX_CONTROL_ANSWER", 1000)
    documents = Bucket(s3_access, bucket)
    documents.write("jobs/long/job.json", b" " * 1001)
    with pytest.raises(StoreUnavailable, match="more than 1,000 bytes"):
        Jobs(documents).load("long")


def test_few_records_are_in_memory_however_many_there_are(tmp_path: Path) -> None:
    read = list[str]()

    class Counted(Folder):
        def read(self, name: str) -> bytes | None:
            read.append(name)
            return super().read(name)

    for number in range(40):
        Jobs(Folder(tmp_path)).write_tally("job", f"{number:02}-a", Tally(first=number))
    tallies = iter(Jobs(Counted(tmp_path)).tallies("job"))
    assert next(tallies) == Tally(first=0)
    assert len(read) <= 16
    assert len(list(tallies)) == 39


def test_a_bucket_of_records_that_is_gone_is_named(s3_access: S3Access) -> None:
    from s3am_cloud.errors import BadDestination

    with pytest.raises(BadDestination):
        Jobs(Bucket(s3_access, "no-such-bucket")).load("job")


@pytest.mark.parametrize("name", ["0", "2026-01-08-", "2026-01-08/9x-job", "2026-01-08/", "x/030405-job"])
def test_a_note_that_no_job_wrote_hides_no_other(name: str, tmp_path: Path) -> None:
    documents = Folder(tmp_path / "state")
    documents.write(f"jobs/.expiring/{name}-", b"")
    jobs, when = Jobs(documents), datetime(2026, 1, 9, tzinfo=UTC)
    jobs.note_expiry("job", when)
    assert list(jobs.expiring(when + timedelta(days=1))) == [("job", when)]
