"""The command's environment: variables that say nothing, signals, and what the system refuses."""

from __future__ import annotations

import errno
import os
import signal
import sys
import time
import weakref
from collections.abc import Iterator
from types import ModuleType

import pytest

from s3am_cloud.errors import AccessDenied, DiskFull, Interrupted, JobFailed, TransferError
from s3am_cloud_cli import entry
from s3am_cloud_cli.environment import drop_empty_variables
from s3am_cloud_client.inprocess.stopping import STOPS, heed_stops, interruptible
from s3am_cloud_client.inprocess.system_errors import named_system_error


@pytest.fixture
def handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (*STOPS, signal.SIGALRM)}
    hook = sys.unraisablehook
    yield
    sys.unraisablehook = hook
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


class Dying:
    """What goes away."""


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize("ignored", [(), (signal.SIGINT, signal.SIGHUP)])
def test_a_stop_is_heard_that_comes_while_a_reference_goes_away(ignored: tuple[signal.Signals, ...]) -> None:
    """As at every import: Python only reports what is raised then."""
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)
    heed_stops()
    one = Dying()
    _ = weakref.ref(one, lambda _: signal.raise_signal(signal.SIGTERM))
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012 - it may come at any moment from here on
        del one
        time.sleep(5)


@pytest.mark.usefixtures("handlers")
def test_other_errors_that_python_ignores_are_reported(capsys: pytest.CaptureFixture[str]) -> None:
    heed_stops()
    one = Dying()
    _ = weakref.ref(one, lambda _: int("no number"))
    del one
    assert "no number" in capsys.readouterr().err


@pytest.mark.usefixtures("handlers")
def test_a_stop_while_the_command_is_loaded_has_its_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the command can report it."""
    loading = ModuleType("s3am_cloud_cli.main")
    loading.__getattr__ = lambda name: signal.raise_signal(signal.SIGTERM)  # type: ignore[method-assign]
    monkeypatch.setitem(sys.modules, loading.__name__, loading)
    with pytest.raises(SystemExit) as ended:
        entry.main()
    assert ended.value.code == Interrupted.code


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
