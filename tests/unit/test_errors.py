"""Named errors: their exit codes, what may be tried again, and how they travel."""

from __future__ import annotations

import pickle

import msgspec
import pytest

from s3am_cloud import errors
from s3am_cloud.errors import (
    AccessDenied,
    JobFailed,
    NoCredentials,
    SourceBusy,
    SourceChanged,
    SourceUnavailable,
    StoreBusy,
    StoreUnavailable,
    TransferError,
    UploadGone,
    by_name,
    exit_codes,
)

# The table of the design: names are looked up in it by users' scripts.
TABLE = {
    0: "done",
    1: "unexpected",
    2: "usage",
    3: "object exists",
    4: "unfinished upload exists",
    5: "bad source URL",
    6: "bad destination URL",
    7: "bad S3 URL",
    8: "incompatible part size",
    9: "unknown checksum",
    10: "bad encryption key",
    11: "file exists",
    12: "partial download exists",
    13: "several unfinished uploads",
    14: "permission denied",
    20: "source changed",
    21: "checksum mismatch",
    22: "source serves no ranges and is too large to stream",
    23: "source busy or throttled",
    24: "job failed, can be resumed",
    25: "job failed for good",
    26: "done in part: some items failed",
    130: "interrupted",
}


def all_errors() -> list[type[TransferError]]:
    return [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, TransferError)]


def test_the_exit_codes_are_the_designs() -> None:
    assert list(exit_codes()) == list(TABLE)
    for code, meaning in TABLE.items():
        assert meaning in exit_codes()[code]


def test_every_error_crosses_processes_with_all_it_says() -> None:
    for kind in all_errors():
        for error in (kind("what happened"), kind("what happened", "what to do")):
            there = pickle.loads(pickle.dumps(error))
            assert type(there) is kind
            assert (there.message, there.hint, str(there)) == (error.message, error.hint, error.message)


def test_every_error_says_what_to_do() -> None:
    # The hints of codes 9 and 10 depend on what happened: the base class has one for all of them.
    general = (TransferError, errors.Unexpected)
    assert [kind.__name__ for kind in all_errors() if not kind("it").hint] == []
    silent = [kind for kind in all_errors() if kind.hint == TransferError.hint and kind not in general]
    assert {kind.code for kind in silent} <= {9, 10}


def test_every_error_comes_back_by_the_name_that_the_machine_tells() -> None:
    assert len(all_errors()) > 50
    for kind in all_errors():
        error = by_name(kind.__name__, "it")
        assert (type(error), error.message) == (kind, "it")


@pytest.mark.parametrize("name", ["Sandbox.Timedout", "States.Timeout", "Lambda.Unknown", "KeyError", ""])
def test_what_a_function_dies_of_can_be_resumed(name: str) -> None:
    error = by_name(name, "out of time")
    assert type(error) is JobFailed
    assert "out of time" in error.message
    assert (error.code, error.retryable) == (24, True)


def test_an_error_as_data_has_all_five_fields() -> None:
    report = SourceChanged("another ETag").report()
    assert (report.code, report.name, report.retryable, report.message) == (20, "SourceChanged", False, "another ETag")
    assert report.hint == SourceChanged.hint


def test_only_what_may_pass_is_worth_another_try() -> None:
    passing = {kind.__name__ for kind in all_errors() if kind.retryable}
    assert passing == {
        "SourceBusy",
        "SourceUnavailable",
        "StoreBusy",
        "StoreUnavailable",
        "ItemsNotReached",
        "JobFailed",
        "SettingMissing",
        "DiskFull",
        "DiskFailed",
        "TooManyFiles",
        "Interrupted",
    }


def test_the_names_that_the_machine_retries_are_those_that_mean_busy() -> None:
    assert {kind for kind in all_errors() if issubclass(kind, SourceBusy)} == {
        SourceBusy,
        SourceUnavailable,
        StoreBusy,
        StoreUnavailable,
    }
    assert {SourceBusy.code, SourceUnavailable.code, StoreBusy.code, StoreUnavailable.code} == {23}


def test_a_more_exact_name_keeps_its_familys_code() -> None:
    assert NoCredentials.code == AccessDenied.code == 14
    assert UploadGone.code == 25


def test_an_error_can_be_written_whatever_the_files_name() -> None:
    """An error can be written whatever the name of the file that it is about."""
    error = SourceBusy("a\udcff.bin is gone", "look for a\udcff.bin")
    assert (error.message, error.hint) == ("a\\udcff.bin is gone", "look for a\\udcff.bin")
    msgspec.json.encode(error.report())
