"""Worker processes: forks on Linux, with credentials that they don't renew over what they share with their parent."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from botocore.credentials import Credentials, RefreshableCredentials

from s3am_cloud.adapters.s3.signer import Endpoint, Signer
from s3am_cloud_client.inprocess import new_processes
from s3am_cloud_client.inprocess.new_processes import may_fork, start_method, unscanned

ENDPOINT = Endpoint("https://bucket.s3.amazonaws.com", "us-east-1")


def renewing(key: str, minutes: int) -> RefreshableCredentials:
    """Credentials that expire in `minutes` minutes, and must not be renewed."""

    def refuse() -> Any:
        raise AssertionError("renewed over what is the parent's")

    until = datetime.now(UTC) + timedelta(minutes=minutes)
    return RefreshableCredentials(key, "secret", "token", until, refuse, "test")


def never() -> Signer:
    raise AssertionError("nothing had to be renewed")


def key_of(signer: Signer) -> str:
    """The access key that a request is signed with."""
    _, headers = signer.sign("GET", ENDPOINT, "key", {}, {"x-amz-content-sha256": "UNSIGNED-PAYLOAD"})
    return headers["Authorization"].partition("Credential=")[2].partition("/")[0]


def test_static_credentials_are_inherited() -> None:
    assert key_of(Signer(Credentials("static", "secret")).apart(never)) == "static"


def test_credentials_that_are_good_for_long_are_inherited() -> None:
    assert key_of(Signer(renewing("inherited", minutes=60)).apart(never)) == "inherited"


def test_credentials_that_run_out_are_taken_anew_and_once() -> None:
    made = []

    def renew() -> Signer:
        made.append(1)
        return Signer(Credentials("fresh", "secret"))

    signer = Signer(renewing("inherited", minutes=1)).apart(renew)
    assert [key_of(signer), key_of(signer)] == ["fresh", "fresh"]
    assert made == [1]


def test_who_goes_unsigned_does_so_in_a_fork() -> None:
    _, headers = Signer(None).apart(never).sign("GET", ENDPOINT, "key", {}, {"Range": "bytes=0-1"})
    assert headers == {"Range": "bytes=0-1"}


def test_workers_are_forked_where_no_other_thread_may_hold_a_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    for threads in (1, 2):
        monkeypatch.setattr(new_processes, "_kernel_threads", lambda threads=threads: threads)
        assert may_fork() is (threads == 1)


def test_no_worker_is_forked_where_system_libraries_do_not_bear_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """No worker is forked where the system's own libraries don't bear it."""
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    assert not may_fork()


def test_a_thread_that_python_knows_prevents_a_fork() -> None:
    told: list[bool] = []
    thread = threading.Thread(target=lambda: told.append(may_fork()))
    thread.start()
    thread.join()
    assert told == [False]


@pytest.mark.parametrize(
    ("main", "method"),
    [
        (None, "spawn"),
        ("upload('a', 's3://b/c')", None),
        ("if __name__ == '__main__':\n    upload('a', 's3://b/c')", "spawn"),
    ],
    ids=["a prompt", "a script", "a script with a guard"],
)
def test_a_program_whose_main_module_would_run_again_works_in_one_process(
    main: str | None, method: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = ModuleType("__main__")
    if main is not None:
        file = tmp_path / "program.py"
        file.write_text(main)
        module.__file__ = str(file)
    monkeypatch.setitem(sys.modules, "__main__", module)
    monkeypatch.setattr(new_processes, "may_fork", lambda: False)
    assert start_method() == method


@pytest.fixture
def unfrozen() -> Iterator[None]:
    """As in a program that has frozen nothing, which the tests have."""
    gc.unfreeze()
    yield
    gc.freeze()


def test_forking_leaves_the_programs_garbage_to_its_collector(unfrozen: None) -> None:
    with unscanned():
        assert gc.get_freeze_count() > 0
    assert gc.get_freeze_count() == 0


def test_what_the_program_has_frozen_itself_stays_frozen(unfrozen: None) -> None:
    gc.freeze()
    with unscanned():
        assert gc.get_freeze_count() > 0
    assert gc.get_freeze_count() > 0
