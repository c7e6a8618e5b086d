"""Whatever ends a run, an exception of any kind included, what it leaves in S3 is reported."""

from __future__ import annotations

import io
import pickle
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from s3am_cloud.errors import AccessDenied, JobFailed, NotAsExpected, StoreUnavailable, TransferError, Unexpected
from s3am_cloud.model import MovedPart
from s3am_cloud_cli.console.output import Console
from s3am_cloud_client.inprocess import driver
from s3am_cloud_client.inprocess.driver import run_upload
from s3am_cloud_client.inprocess.workers import _named, exit_text
from servers.content import pattern
from support.fakes import PART, SOURCE, TARGET, World, request

ENDS = [
    MemoryError(),
    OSError(28, "No space"),
    ValueError("a bug"),
    SystemExit(143),
    KeyboardInterrupt(),
    JobFailed("x"),
]


class Ended(BaseException):
    """Nobody knows this kind."""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("S3AM_CLOUD_STATE_HOME", str(tmp_path))
    made = World()
    made.source.put(SOURCE, pattern(2 * PART))
    return made


class Breaking:
    """Movers whose first part arrives, and whose second one ends everything."""

    def __init__(self, world: World, error: BaseException) -> None:
        self._movers, self._error = world.ports.movers, error

    def __call__(self, *arguments: Any) -> Any:
        self._mover = self._movers(*arguments)
        return self

    def move(self, *arguments: Any) -> Iterator[MovedPart]:
        yield next(iter(self._mover.move(*arguments)))
        raise self._error


def uploaded(world: World, **options: Any) -> str:
    """What the user reads of an upload that ends in an error."""
    out = io.StringIO()
    try:
        run_upload(request(**options), world.ports, Console(out=out, err=out))
    except BaseException as error:
        return f"{out.getvalue()}{type(error).__name__}: {getattr(error, 'hint', '')}"
    return out.getvalue()


@pytest.mark.parametrize("error", [*ENDS, Ended()], ids=lambda error: type(error).__name__)
def test_whatever_ends_an_upload_its_unfinished_upload_is_reported(world: World, error: BaseException) -> None:
    world.ports = msgspec.structs.replace(world.ports, movers=Breaking(world, error))
    said = uploaded(world)
    assert f"unfinished upload of {TARGET}" in said
    assert f"s3am-cloud cancel {TARGET}" in said
    assert said.endswith(f"{type(error).__name__}: {getattr(error, 'hint', '')}")
    assert len(world.store.unfinished(TARGET)) == 1


@pytest.mark.parametrize("error", [*ENDS, Ended()], ids=lambda error: type(error).__name__)
def test_what_ends_a_comparison_leaves_an_object_that_is_reported(
    world: World, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ends(*arguments: object) -> None:
        raise error

    monkeypatch.setattr(driver, "checked_afterwards", ends)
    assert f"{TARGET} is complete in S3, but was not yet compared" in uploaded(world)


def test_an_object_that_is_not_as_expected_is_reported_by_its_error_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ends(*arguments: object) -> None:
        raise NotAsExpected("other")

    monkeypatch.setattr(driver, "checked_afterwards", ends)
    assert "not yet compared" not in uploaded(world)


def test_where_the_object_exists_resume_alone_is_not_advised(world: World) -> None:
    move = world.ports.movers

    def put(*arguments: Any) -> Any:
        world.store.put_object(TARGET, b"theirs", True)
        return move(*arguments)

    world.ports = msgspec.structs.replace(world.ports, movers=put)
    said = uploaded(world)
    assert "continue with --resume --exists overwrite, or" in said
    assert said.endswith("ObjectExists: replace it with --exists overwrite, or leave it with --exists skip")


def test_an_upload_whose_record_can_not_be_written_is_discarded(world: World) -> None:
    world.jobs.save = _raises(AccessDenied("no"))  # type: ignore[method-assign]
    assert "AccessDenied" in uploaded(world)
    assert world.store.unfinished(TARGET) == []


def test_one_that_can_not_be_discarded_either_is_reported(world: World) -> None:
    world.jobs.save = _raises(AccessDenied("no"))  # type: ignore[method-assign]
    world.store.abort = _raises(StoreUnavailable("no"))  # type: ignore[method-assign]
    assert uploaded(world).endswith(f"JobFailed: discard it with s3am-cloud cancel {TARGET}")


def _raises(error: TransferError) -> Any:
    def raising(what: object) -> None:
        raise error

    return raising


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (1, "exit code 1"),
        (None, "exit code None"),
        (-signal.SIGSEGV, "SIGSEGV"),
        (-signal.SIGKILL, "SIGKILL, as the system sends where memory is short"),
        (-200, "200"),
    ],
)
def test_how_a_worker_process_ended_is_said_by_name(code: int | None, text: str) -> None:
    assert exit_text(code) == text


def test_what_a_worker_meets_reaches_the_parent_without_foreign_words() -> None:
    try:
        int("s3cret")
    except ValueError as error:
        named = pickle.loads(pickle.dumps(_named(error)))
    assert (type(named), named.message) == (Unexpected, "a worker process failed: ValueError")
    assert "s3cret" in named.__notes__[0], "for --debug"
    assert type(_named(MemoryError())) is JobFailed
