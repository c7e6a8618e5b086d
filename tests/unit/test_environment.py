"""The command's environment: variables that say nothing, signals, and what the system refuses."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Iterator

import pytest

from s3am_cloud.errors import AccessDenied, DiskFull, JobFailed, TransferError
from s3am_cloud_cli.environment import drop_empty_variables
from s3am_cloud_client.inprocess.stopping import STOPS, heed_stops, interruptible
from s3am_cloud_client.inprocess.system_errors import named_system_error


@pytest.fixture
def handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in STOPS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("name", ["AWS_PROFILE", "AWS_CA_BUNDLE", "https_proxy", "S3AM_CLOUD_STACK", "HOME", "TMPDIR"])
def test_a_variable_that_is_set_and_empty_says_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "")
    monkeypatch.setenv("LANG_OF_OTHERS", "")
    drop_empty_variables()
    assert name not in os.environ
    assert "LANG_OF_OTHERS" in os.environ


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize("number", STOPS)
def test_every_stop_is_heard_like_ctrl_c(number: signal.Signals) -> None:
    heed_stops()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(number)
    with interruptible() as check:
        signal.raise_signal(number)
        with pytest.raises(KeyboardInterrupt):
            check()


@pytest.mark.usefixtures("handlers")
def test_a_stop_that_nohup_ignores_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    heed_stops()
    with interruptible() as check:
        signal.raise_signal(signal.SIGHUP)
        check()
    signal.raise_signal(signal.SIGHUP)


@pytest.mark.parametrize(
    ("error", "kind", "word"),
    [
        (OSError(errno.EMFILE, "Too many open files"), JobFailed, "open files"),
        (OSError(errno.ENOMEM, "no"), JobFailed, "memory"),
        (MemoryError(), JobFailed, "memory"),
        (OSError(errno.EAGAIN, "no"), JobFailed, "process"),
        (RuntimeError("can't start new thread"), JobFailed, "thread"),
        (OSError(errno.ENOSPC, "no space", "/x"), DiskFull, "/x"),
        (PermissionError(errno.EACCES, "denied", "/x"), AccessDenied, "/x"),
    ],
)
def test_what_the_system_refuses_has_a_name(error: BaseException, kind: type[TransferError], word: str) -> None:
    named = named_system_error(error)
    assert type(named) is kind
    assert word in named.message


def test_other_errors_stay_unexpected() -> None:
    assert named_system_error(OSError(errno.EIO, "x")) is None
    assert named_system_error(RuntimeError("x")) is None
