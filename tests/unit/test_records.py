"""Where this machine's transfers keep their records."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from s3am_cloud.adapters.records.jobs import Documents, Folder
from s3am_cloud.errors import AccessDenied, NoStack, StoreUnavailable
from s3am_cloud.model import Job, MovedPart, Receipt, TransferRequest, Upload, UploadedPart
from s3am_cloud.urls import S3Url
from s3am_cloud_cli.local_cloud.state import StateFolder
from s3am_cloud_client.inprocess.part_journal import PartNotes
from s3am_cloud_client.inprocess.record_store import FallbackDocuments, Fallible, OwnJobs
from s3am_cloud_client.state_home import state_home

JOB = Job(id="j", created="2026-01-02T03:04:05+00:00", request=TransferRequest(source="/x", destination="s3://b/k"))
UPLOAD = Upload(target=S3Url("b", "k"), upload_id="u", full_object=True)


class RecordFolders:
    def __init__(self, root: Path) -> None:
        self.local, self.shared = Folder(root / "local"), Folder(root / "shared")
        self.notes: list[str] = []
        self.looks = 0

    def fallback(self, look: Callable[[], Documents] | None = None) -> FallbackDocuments:
        def counting() -> Documents:
            self.looks += 1
            return look() if look else self.shared

        return FallbackDocuments(self.local, counting, self.notes.append)


class Refusing(Folder):
    def write(self, name: str, data: bytes) -> None:
        raise AccessDenied("no PutObject")


@pytest.fixture
def folders(tmp_path: Path) -> RecordFolders:
    return RecordFolders(tmp_path)


def test_a_record_is_kept_on_the_shared_shelf_where_there_is_one(folders: RecordFolders) -> None:
    fallback = folders.fallback()
    fallback.write("a", b"1")
    assert (folders.shared.read("a"), folders.local.read("a")) == (b"1", None)
    assert folders.notes == []


def test_a_record_is_found_on_either_shelf_and_removed_from_both(folders: RecordFolders) -> None:
    folders.local.write("a", b"1")
    folders.local.write("b", b"2")
    folders.shared.write("b", b"3")
    fallback = folders.fallback()
    assert [fallback.read("a"), fallback.read("b"), fallback.read("c")] == [b"1", b"3", None]
    fallback.remove("b")
    assert (folders.local.read("b"), folders.shared.read("b")) == (None, None)


@pytest.mark.parametrize("why", [NoStack("no stack"), AccessDenied("no right"), StoreUnavailable("no network")])
def test_without_a_stacks_records_local_ones_are_used_with_one_note(folders: RecordFolders, why: Exception) -> None:
    """Where the stack's records can't be used, they are kept here, and a note says why, once."""

    def look() -> Documents:
        raise why

    fallback = folders.fallback(look)
    fallback.write("a", b"1")
    assert (fallback.read("a"), folders.local.read("a"), folders.looks) == (b"1", b"1", 1)
    assert len(folders.notes) == 1
    assert str(why) in folders.notes[0]


def test_a_shared_shelf_that_may_not_be_written_is_given_up(folders: RecordFolders, tmp_path: Path) -> None:
    fallback = folders.fallback(lambda: Refusing(tmp_path / "refusing"))
    fallback.write("a", b"1")
    assert fallback.create("b", b"2")
    assert (folders.local.read("a"), folders.local.read("b")) == (b"1", b"2")


def test_only_a_job_with_an_upload_is_recorded_and_looks_for_a_stack(folders: RecordFolders) -> None:
    jobs = OwnJobs(folders.fallback())
    jobs.save(JOB)
    jobs.forget(JOB)
    assert (folders.looks, list(jobs.ids())) == (0, [])
    jobs.save(Job(id="j", created=JOB.created, request=JOB.request, upload=UPLOAD))
    assert (folders.looks, list(jobs.ids())) == (1, ["j"])


def test_a_report_is_kept_only_where_a_stack_clears_it_away_in_time(folders: RecordFolders) -> None:
    receipt = Receipt(state="succeeded", source="s", destination="d")
    jobs = OwnJobs(folders.fallback())
    jobs.write_report("j", receipt)
    assert (jobs.report("j"), folders.local.read("jobs/j/report.json")) == (receipt, None)

    def look() -> Documents:
        raise NoStack("no stack")

    alone = OwnJobs(folders.fallback(look))
    alone.write_report("k", receipt)
    assert (alone.report("k"), list(folders.local.names(""))) == (None, [])


def test_a_record_names_a_digest_file_without_its_urls_secrets(folders: RecordFolders) -> None:
    """A record names a file of digests without what is secret in its URL."""
    asked = TransferRequest(source="/x", destination="s3://b/k", source_digest="https://u:hidden@host/SUMS?sig=hidden")
    jobs = OwnJobs(folders.fallback())
    jobs.save(Job(id="j", created=JOB.created, request=asked, upload=UPLOAD))
    assert jobs.load("j").request.source_digest == "https://host/SUMS?..."


def test_a_transfer_without_records_continues_with_one_note(tmp_path: Path) -> None:
    """Where no record can be kept the transfer continues and that is said once."""
    (tmp_path / "file").write_text("x")
    for documents in (Folder(tmp_path / "file" / "below"), Folder(None)):
        notes: list[str] = []
        own = Fallible(documents, notes.append)
        assert (own.read("a"), list(own.names("")), notes) == (None, [], [])
        own.write("a", b"1")
        assert own.create("b", b"2")
        own.remove("a")
        assert len(notes) == 1


def test_parts_move_on_where_they_can_not_be_noted(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    part = MovedPart(1, 5, 7, "e")
    for folder in (tmp_path / "file" / "below", None):
        said: list[str] = []
        part_notes = PartNotes(folder, "upload", said.append)
        assert list(part_notes.keep([part, part])) == [part, part]
        assert part_notes.of([UploadedPart(1, 5, "e", None)]) == []
        part_notes.forget()
        assert len(said) == (0 if folder is None else 1)


def test_a_user_without_a_home_folder_has_no_state_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(number: int) -> None:
        raise KeyError(number)

    for name in ("HOME", "XDG_STATE_HOME", "S3AM_CLOUD_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", unknown)
    assert state_home() is None
    with pytest.raises(AccessDenied, match="no home folder"):
        StateFolder()
    monkeypatch.setenv("XDG_STATE_HOME", "/x")
    assert state_home() == Path("/x/s3am-cloud")
