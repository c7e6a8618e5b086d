"""What is known of earlier copies is shared by all runs of a user, and done without where it can't be used."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from s3am_cloud.datasets.decisions import Known
from s3am_cloud_client.inprocess.dataset.known import KnownObjects

KNOWN = Known(etag='"e"', size=1, source="/a", version="1")


def test_a_run_that_goes_on_keeps_no_other_from_writing(tmp_path: Path) -> None:
    """Between two of its objects, of which the second may be a large one."""
    path = tmp_path / "known"
    first, second = KnownObjects(path), KnownObjects(path)
    for number in range(400):
        first.put(f"first/{number}", KNOWN)
    second.put("second", KNOWN)
    second.close()
    assert first.get("second") == KNOWN
    first.close()
    third = KnownObjects(path)
    assert third.get("first/399") == third.get("second") == KNOWN
    third.close()


def test_what_can_not_be_written_is_written_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("s3am_cloud_client.inprocess.dataset.known._COMMIT_SECONDS", 0.0)
    monkeypatch.setattr("s3am_cloud_client.inprocess.dataset.known._BUSY_SECONDS", 0.0)
    path = tmp_path / "known"
    known = KnownObjects(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    known.put("a", KNOWN)
    assert known.get("a") == KNOWN
    other.execute("ROLLBACK")
    other.close()
    known.close()
    again = KnownObjects(path)
    assert again.get("a") == KNOWN
    again.close()


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_spoiled_file_costs_requests_and_no_run(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "known"
    path.write_bytes(content)
    known = KnownObjects(path)
    known.put("a", KNOWN)
    assert known.get("a") == KNOWN
    assert known.get("b") is None
    known.close()
