"""The contract of DatasetFiles, kept in memory and in a bucket."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest

from s3am_cloud.adapters.memory.dataset_files import memory_dataset_files
from s3am_cloud.adapters.records.dataset_files import StoredDatasetFiles
from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.adapters.s3.documents import Bucket
from s3am_cloud.errors import JobFailedForGood
from s3am_cloud.items import Item
from s3am_cloud.limits import WRITTEN_PART
from s3am_cloud.ports.dataset_files import DatasetFiles, DatasetUnit, ItemUnit, PartUnit, ResultCounts
from s3am_cloud.ports.item_list import Existing, Listed
from support.fakes import FakeClock

JOB = "20260102-1"
ITEMS = [
    Listed(
        number=number,
        item=Item(source=f"s3://b/a/{number}\n", destination=f"s3://b/é/{number}", size=number, labels={"run": "7"}),
        place="s3://b/a/",
        modified=1.5,
        etag='"e"',
        existing=Existing(destination=f"s3://b/é/{number}", size=5, etag='"f"') if number % 2 else None,
    )
    for number in range(5)
]


@pytest.fixture(params=["memory", "bucket"])
def files(request: pytest.FixtureRequest, clock: FakeClock) -> DatasetFiles:
    if request.param == "memory":
        return memory_dataset_files(clock)
    access: S3Access = request.getfixturevalue("s3_access")
    return StoredDatasetFiles(Bucket(access, request.getfixturevalue("bucket")), clock)


def test_items_come_back_as_they_were_written_by_their_lines(files: DatasetFiles) -> None:
    files.write_items(JOB, 0, ITEMS)
    files.write_items(JOB, 12, ITEMS[:1])
    files.write_items("another", 13, ITEMS)
    assert list(files.items(JOB, 0)) == ITEMS
    assert list(files.items(JOB, 0, 1, 3)) == ITEMS[1:3]
    assert list(files.items(JOB, 0, 4, 9)) == ITEMS[4:]
    assert list(files.item_files(JOB)) == [0, 12]


def test_a_missing_file_of_items_is_an_error_and_no_end(files: DatasetFiles) -> None:
    with pytest.raises(JobFailedForGood, match="items/00003"):
        list(files.items(JOB, 3))


def test_units_of_both_kinds_come_back_by_their_round(files: DatasetFiles) -> None:
    units: list[DatasetUnit] = [ItemUnit(u=0, file=0, first=0, to=3), PartUnit(u=1, item="job-i4", first=1, last=48)]
    key = files.write_units(JOB, 1, units)
    assert key == f"jobs/{JOB}/units-r1.jsonl"
    assert list(files.units(JOB, 1)) == units
    assert list(files.units(JOB, 2)) == []


def test_counts_are_in_the_names_of_results_and_the_last_one_counts(files: DatasetFiles, clock: FakeClock) -> None:
    files.write_results(JOB, 0, "17-0", ResultCounts(copied=9, bytes=900), [b"{}"] * 9)
    clock.pass_time(timedelta(seconds=1))
    files.write_results(JOB, 0, "17-0", ResultCounts(copied=1, skipped=2, failed=3, bytes=45), [b'{"number":1}', b"{}"])
    files.write_results(JOB, 0, "17-01", ResultCounts(), [])
    files.write_results(JOB, 1, "17-0", ResultCounts(failed=1), [b"{}"])
    found = list(files.results(JOB))
    assert [(one.round, one.name) for one in found] == [(0, "17-0"), (0, "17-01"), (1, "17-0")]
    assert found[0].counts == ResultCounts(copied=1, skipped=2, failed=3, bytes=45)
    assert list(files.read_results(found[0])) == [b'{"number":1}', b"{}"]
    assert list(files.results("another")) == []


def test_notes_are_replaced_and_missing_ones_are_none(files: DatasetFiles) -> None:
    assert files.note(JOB, "prepare") is None
    files.write_note(JOB, "prepare", b"1")
    files.write_note(JOB, "prepare", b"2")
    assert files.note(JOB, "prepare") == b"2"


@pytest.mark.parametrize("size", [0, 5, WRITTEN_PART + 5])
def test_a_report_is_written_and_read_piece_by_piece(files: DatasetFiles, size: int) -> None:
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    assert files.report(JOB, "items") is None
    with files.write_report(JOB, "items") as file:
        file.write(content[:3])
        file.write(content[3:])
    assert b"".join(files.report(JOB, "items") or ()) == content
    assert files.report_address(JOB).endswith(f"jobs/{JOB}/report/")


def test_a_report_whose_writer_fails_does_not_exist(files: DatasetFiles) -> None:
    def write() -> None:
        with files.write_report(JOB, "items") as file:
            file.write(b"x")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()
    assert files.report(JOB, "items") is None


def test_a_list_is_kept_by_its_digest(files: DatasetFiles) -> None:
    assert files.manifest("ab" * 32) is None
    files.write_manifest("ab" * 32, io.BytesIO(b"https://h/a\n"))
    assert b"".join(files.manifest("ab" * 32) or ()) == b"https://h/a\n"
