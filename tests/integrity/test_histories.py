"""Random histories of one destination: uploads, kills, resumes, cancels, overwrites, changes, and others meanwhile.

Whatever happens, the object is one whole version that somebody sent, an upload that says it is done has made it, and
what an upload leaves is told. `make stress` does this for minutes; here it is the same few histories each time.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from integrity.crashing_port import CrashSchedule
from integrity.world import DONE, KILLED, SIZES, SKIPPED, Model, RealTransfers
from s3am_cloud.model import Exists
from servers.content import Pattern, crc64nvme
from servers.strict_s3 import StrictS3

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

QUIET = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=14,
    stateful_step_count=14,
    suppress_health_check=list(HealthCheck),
    print_blob=False,
)
STORMY = settings(QUIET, derandomize=False, max_examples=40, stateful_step_count=25)
EXISTS = st.sampled_from([None, "overwrite", "overwrite", "overwrite", "skip"])
WAYS = st.sampled_from([None, "resume", "resume", "resume", "force"])
# An upload of two parts has about 40 steps.
STEPS = st.integers(0, 45)


class Histories(RuleBasedStateMachine):
    """`s3` and `client` are the test's own."""

    s3: ClassVar[StrictS3]
    client: ClassVar["S3Client"]

    def __init__(self) -> None:
        super().__init__()
        self._folder = TemporaryDirectory(prefix="history-")
        self.world = RealTransfers(self.s3, self.client, Path(self._folder.name))
        self.model = Model()
        self._seeds = iter(range(1000, 10_000))

    def teardown(self) -> None:
        self._folder.cleanup()

    @initialize(size=st.sampled_from(SIZES))
    def begin(self, size: int) -> None:
        self.change(size)

    @rule(size=st.sampled_from(SIZES))
    def change(self, size: int) -> None:
        """The source is another version from now on."""
        content = Pattern(size, next(self._seeds))
        self.world.write(content)
        self.model.source = self.model.version(bytes(content.read(0, size)))

    @rule()
    def somebody_puts(self) -> None:
        """An object of somebody else's."""
        data = bytes(Pattern(1000, next(self._seeds)).read(0, 1000))
        self.model.version(data)
        self.world.stored.put("x.bin", data)
        self.model.object = data

    @rule(exists=EXISTS, way=WAYS)
    def upload(self, exists: Exists | None, way: str | None) -> None:
        """Nobody disturbs it: it ends as the model says."""
        due = self.model.upload(exists, way)
        outcome = self.world.upload(exists, way, CrashSchedule())
        assert outcome in due, (outcome, due, self.world.told)
        if outcome == DONE:
            self._made(self.model.data[self.model.source])
            self.model.unfinished.clear()
        assert self.world.unfinished() == set(self.model.unfinished)

    @rule(exists=EXISTS, way=WAYS, ends=STEPS)
    def upload_is_killed(self, exists: Exists | None, way: str | None, ends: int) -> None:
        """The object is as it was, or whole; what is left is what was there, and one upload more at most."""
        outcome = self.world.upload(exists, way, CrashSchedule(ends))
        if outcome != KILLED:
            assert outcome in self.model.upload(exists, way)
        mine = self.model.data[self.model.source]
        self._is_one_of([self.model.object, mine] if self._may_write(exists) else [self.model.object])
        self._take_stock(self.model.source)

    @rule(exists=EXISTS, way=WAYS, at=STEPS, what=st.sampled_from(["change", "put", "cancel", "upload", "force"]))
    def upload_is_disturbed(self, exists: Exists | None, way: str | None, at: int, what: str) -> None:
        """Something else happens in the middle of it."""
        before, first = set(self.model.unfinished), self.model.source
        was, done = self.model.object, list[str]()
        outcome = self.world.upload(exists, way, CrashSchedule(None, lambda: done.append(self._meanwhile(what)), at))
        seen = [self.model.data[number] for number in range(first, len(self.model.data))]
        if outcome == DONE:
            assert self.world.checksum in {crc64nvme(data) for data in seen}
        if done == ["put"] and exists != "overwrite":
            self._is_one_of([self.model.object])  # what somebody else put is not replaced
        elif outcome in {DONE, KILLED} or done:
            self._is_one_of([was, *seen])
        else:
            self._is_one_of([was])
        left = self.world.unfinished() - before
        assert len(left) <= 1 or done
        assert outcome in {DONE, SKIPPED} or not left or "unfinished upload" in self.world.told or done
        self._take_stock(-1 if done else first)

    @rule()
    def cancel(self) -> None:
        assert self.world.cancel() == len(self.model.unfinished)
        self.model.unfinished.clear()
        assert self.world.unfinished() == set()

    @precondition(lambda self: self.model.object is not None)
    @rule(way=st.sampled_from(["resume", "discard"]), ends=st.one_of(st.none(), st.integers(0, 12)))
    def download(self, way: str, ends: int | None) -> None:
        """The file is the whole object, or it is as it was."""
        was = self.world.file.read_bytes() if self.world.file.exists() else None
        outcome = self.world.download(way, CrashSchedule(ends))
        now = self.world.file.read_bytes() if self.world.file.exists() else None
        assert outcome == DONE or (outcome == KILLED and ends is not None), (outcome, self.world.told)
        assert now == self.model.object or (outcome == KILLED and now == was)

    @invariant()
    def the_object_is_what_it_should_be(self) -> None:
        assert self.world.object() == self.model.object

    def _meanwhile(self, what: str) -> str:
        if what == "change":
            self.change(SIZES[1])
        elif what == "put":
            self.somebody_puts()
        elif what == "cancel":
            self.world.cancel()
        else:
            self.world.upload("overwrite", "force" if what == "force" else None, CrashSchedule())
        return what

    def _may_write(self, exists: str | None) -> bool:
        return self.model.object is None or exists == "overwrite"

    def _made(self, data: bytes) -> None:
        self.model.object = data
        assert self.world.checksum == crc64nvme(data)

    def _is_one_of(self, versions: list[bytes | None]) -> None:
        now = self.world.object()
        assert now in versions, "the object is none of what anybody sent"
        self.model.object = now

    def _take_stock(self, version: int) -> None:
        """What is unfinished now; what is new of it is of that version, or of nobody knows which (-1)."""
        known = self.model.unfinished
        self.model.unfinished = {one: known.get(one, version) for one in self.world.unfinished()}


@pytest.fixture
def machine(strict_s3: StrictS3, s3_client: "S3Client", monkeypatch: pytest.MonkeyPatch) -> Callable[[settings], None]:
    """Runs histories."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, strict_s3.environment()[name])
    monkeypatch.setenv("S3AM_CLOUD_STATE_HOME", "changed by each history, and put back by this")
    Histories.s3, Histories.client = strict_s3, s3_client
    return lambda how: run_state_machine_as_test(Histories, settings=how)


def test_whatever_happens_the_object_is_one_whole_version(
    machine: Callable[[settings], None],
) -> None:
    """Whatever happens the object is one whole version and what is left is reported."""
    machine(QUIET)


@pytest.mark.parametrize("ends", range(18, 42, 4))
def test_what_was_killed_midway_is_not_gone_on_with_from_another_version(
    ends: int, machine: Callable[[settings], None]
) -> None:
    """Few histories come so far by chance."""
    history = Histories()
    history.begin(SIZES[1])
    history.upload_is_killed(None, None, ends)
    history.change(SIZES[1])
    history.upload(None, "resume")
    history.the_object_is_what_it_should_be()
    history.upload("overwrite", "force")
    history.the_object_is_what_it_should_be()
    history.teardown()


@pytest.mark.stress
@pytest.mark.timeout(3600)
def test_minutes_of_random_histories(machine: Callable[[settings], None]) -> None:
    end = time.monotonic() + float(os.environ.get("STRESS_SECONDS", "300"))
    while time.monotonic() < end:
        machine(STORMY)
