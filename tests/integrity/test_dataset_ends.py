"""What ends a whole run, or happens to its files meanwhile: nothing wrong comes of it, and nothing is lost."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Generator

import pytest

from integrity.dataset_env import DatasetEnv, MakeEnv
from s3am_cloud.errors import BadDestination
from s3am_cloud_client import UploadOptions, upload_many
from servers.proxy_rules import ACCESS_DENIED, PUT_OBJECT, SLOW_DOWN, Match, ProxiedRequest, Respond


class EveryThird:
    """A store that accepts two of three PUTs."""

    def __init__(self, answer: Respond) -> None:
        self._answer, self.refused, self._seen = answer, 0, 0

    def before(self, request: ProxiedRequest) -> Respond | None:
        if request.method != "PUT":
            return None
        self._seen += 1
        self.refused += self._seen % 3 == 0
        return self._answer if self._seen % 3 == 0 else None

    def after(self, request: ProxiedRequest, status: int) -> Respond | None:
        return None


@pytest.mark.parametrize("answer", [SLOW_DOWN, Respond(429, "TooManyRequests")], ids=["503", "429"])
def test_a_destination_that_throttles_gets_everything_in_the_end(answer: Respond, make_env: MakeEnv) -> None:
    env = make_env(60)
    gate = EveryThird(answer)
    env.proxy.admit(gate)
    ran = env.upload(f"{env.files}/")
    assert ran.said_all() == {"copied"}
    assert gate.refused > 20
    assert env.objects() == env.contents


def test_a_destination_that_refuses_all_ends_the_run_in_seconds(make_env: MakeEnv) -> None:
    env = make_env(1200)
    env.proxy.add(PUT_OBJECT, ACCESS_DENIED, times=None)
    began = time.monotonic()
    ran = env.upload(f"{env.files}/")
    assert time.monotonic() - began < 10
    assert ran.said_all() == {"AccessDenied", "not-reached"}
    assert len(env.proxy.matching(PUT_OBJECT)) < 1200
    assert env.objects() == {}
    env.proxy.clear()
    # A PUT that was on its way when the run ended may have arrived by now.
    assert env.upload(manifest=str(ran.failed)).said_all() <= {"copied", "skipped"}
    assert env.objects() == env.contents


def test_a_bucket_that_does_not_exist_ends_it_before_a_byte_moves(make_env: MakeEnv) -> None:
    env = make_env(3)
    env.stored.bucket = "no-such-bucket-of-anybody"
    with pytest.raises(BadDestination):
        env.upload(f"{env.files}/")
    assert env.proxy.matching(Match("PUT")) == []


def test_a_disk_that_fills_ends_a_download_which_is_completed_later(
    make_env: MakeEnv, monkeypatch: pytest.MonkeyPatch
) -> None:
    env = make_env(60)
    env.put_all()
    write, room = os.write, [20 * 360]

    def full(descriptor: int, data: bytes) -> int:
        if data[:4] != b"item":
            return write(descriptor, data)
        room[0] -= len(data)
        if room[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, data)

    monkeypatch.setattr("os.write", full)
    ran = env.download()
    assert ran.said_all() >= {"copied", "DiskFull"}
    there = env.downloaded()
    assert there.items() <= env.contents.items()
    assert len(there) == ran.summary.counts.copied
    monkeypatch.undo()
    assert env.download(manifest=str(ran.failed)).said_all() == {"copied"}
    assert env.downloaded() == env.contents


def _remove(env: DatasetEnv, name: str) -> None:
    (env.files / name).unlink()


def _grow(env: DatasetEnv, name: str) -> None:
    env.contents[name] += b"more"
    (env.files / name).write_bytes(env.contents[name])


def _empty(env: DatasetEnv, name: str) -> None:
    env.contents[name] = b""
    (env.files / name).write_bytes(b"")


def _folder(env: DatasetEnv, name: str) -> None:
    _remove(env, name)
    (env.files / name).mkdir()


def _loop(env: DatasetEnv, name: str) -> None:
    _remove(env, name)
    (env.files / name).symlink_to(name)


CHANGES: dict[str, tuple[Callable[[DatasetEnv, str], None], str]] = {
    "000.bin": (_remove, "SourceNotFound"),
    "001.bin": (_grow, "copied"),
    "002.bin": (_empty, "copied"),
    "003.bin": (_folder, "BadSource"),
    "004.bin": (_loop, "BadSource"),
}


def test_files_that_change_after_the_listing_are_copied_as_they_are(make_env: MakeEnv) -> None:
    """Or fail, each for itself."""
    env = make_env(10)

    def change() -> None:
        for name, (happens, _) in CHANGES.items():
            happens(env, name)

    ran = env.upload(f"{env.files}/", between=change)
    assert {name: ran.said([name]) for name in CHANGES} == {name: {said} for name, (_, said) in CHANGES.items()}
    copied = {name for name, one in ran.outcomes.items() if one.state == "copied"}
    assert env.objects() == {name: env.contents[name] for name in copied}
    assert len(copied) == 7


def test_what_could_not_be_read_is_repeated_under_its_own_name(
    make_env: MakeEnv, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file in a folder, and a folder with all that is in it."""
    env = make_env(1)
    locked = env.files / "a" / "locked"
    locked.mkdir(parents=True)
    (locked / "file").write_bytes(b"in a locked folder")
    (env.files / "a" / "link").symlink_to("missing")
    scandir = os.scandir

    def denied(path: str) -> object:
        if path.endswith("locked/"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return scandir(path)

    monkeypatch.setattr("os.scandir", denied)
    ran = env.upload(f"{env.files}/")
    assert ran.said(["a/link"]) == {"SourceNotFound"}
    assert ran.said(["a/locked/"]) == {"AccessDenied"}
    monkeypatch.undo()
    (env.files / "a" / "missing").write_bytes(b"no more")
    assert env.upload(manifest=str(ran.failed)).outcomes.keys() == {"a/link", "a/locked/file"}
    assert env.objects() == {
        "000.bin": env.contents["000.bin"],
        "a/link": b"no more",
        "a/locked/file": b"in a locked folder",
    }


@pytest.mark.parametrize(("most", "ends"), [("5%", True), ("20%", False), (1, True), (2, False)])
def test_failed_items_end_a_run_where_more_than_allowed_fail(most: int | str, ends: bool, make_env: MakeEnv) -> None:
    """Files that can't be read count as well as those that fail on their way."""
    env = make_env(18)
    for name in ("link1", "link2"):
        (env.files / name).symlink_to("missing")
    ran = env.upload(f"{env.files}/", max_failures=most)
    assert ran.summary.counts.failed == 2
    assert (ran.summary.counts.not_reached > 0) == ends


def test_a_run_that_is_left_counts_what_it_did_not_reach(make_env: MakeEnv) -> None:
    env = make_env(10)
    options = UploadOptions(aws=env.aws)
    run = upload_many([f"{env.files}/"], env.stored.url("p/"), options=options)
    outcomes = iter(run)
    next(outcomes)
    assert isinstance(outcomes, Generator)
    outcomes.close()
    assert (run.summary.state, run.counts.items, run.counts.copied) == ("interrupted", 10, 1)
    assert run.counts.not_reached == 9
