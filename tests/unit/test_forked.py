"""Worker processes: forks on Linux, with credentials that they don't renew over what they share with their parent."""

from __future__ import annotations

import sys
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.credentials import Credentials, RefreshableCredentials

from s3am_cloud.adapters.s3.signer import Endpoint, Signer
from s3am_cloud_client.inprocess.workers import may_fork

ENDPOINT = Endpoint("https://bucket.s3.amazonaws.com", "us-east-1")


def renewing(key: str, minutes: int) -> RefreshableCredentials:
    """Credentials that expire in so many minutes, and must not be renewed."""

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
    told: list[bool] = []
    thread = threading.Thread(target=lambda: told.append(may_fork()))
    alone = threading.active_count() == 1
    thread.start()
    thread.join()
    assert told == [False]
    assert may_fork() is alone


def test_no_worker_is_forked_where_the_system_s_own_libraries_don_t_bear_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    assert not may_fork()
