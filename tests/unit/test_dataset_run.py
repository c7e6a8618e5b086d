"""One run over a dataset: every item has one outcome, whatever the lanes report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s3am_cloud.adapters.files.item_list import SqliteItemList
from s3am_cloud.datasets.decisions import Known
from s3am_cloud.datasets.failures import FailureRule, failures_allowed
from s3am_cloud.datasets.lanes import Lanes
from s3am_cloud.datasets.outcomes import Outcome, Tally, outcome_of
from s3am_cloud.datasets.report_lines import failed_line
from s3am_cloud.datasets.run import DatasetRun, Wanted
from s3am_cloud.datasets.single import Done, Task
from s3am_cloud.datasets.uploading import Uploading
from s3am_cloud.errors import ObjectExists, SourceNotFound, TransferError, Usage
from s3am_cloud.items import Item, Placed
from s3am_cloud.model import SourceInfo
from s3am_cloud.ports.item_list import Existing
from s3am_cloud.ports.objects import Put, Refused, Settled, Unfit, WholeObject
from s3am_cloud.ports.pace import ShouldStop
from s3am_cloud.request import OnExisting
from s3am_cloud.same_source import source_id
from s3am_cloud.urls import parse_source
from s3am_cloud_client.inprocess.dataset.known import KnownObjects

INFO = SourceInfo(size=10, ranges=True, version="1-2", changed_ns=3)
VERSION = "10 1-2  3"
Behave = Callable[[WholeObject], Settled]


class FakeMover:
    """Settles each object as `behave` says."""

    def __init__(self, behave: Behave) -> None:
        self._behave = behave
        self.seen: list[WholeObject] = []

    def copy(self, objects: Iterable[WholeObject | None], should_stop: ShouldStop) -> Iterator[Settled]:
        for wanted in objects:
            if wanted is not None:
                self.seen.append(wanted)
                yield self._behave(wanted)


class Singles:
    """Copies each item that comes, and keeps what it was asked for."""

    def __init__(self) -> None:
        self.tasks: list[Task] = []

    def __call__(self, task: Task) -> Done:
        self.tasks.append(task)
        return Done(task.candidate.number, outcome_of(task.candidate.listed.item, "copied"), heads=int(task.compare))


class Dataset:
    """A run over `count` items of 10 bytes, on which the lanes are fakes."""

    def __init__(self, count: int, behave: Behave, exists: OnExisting | None = None, most: int | None = None) -> None:
        self.mover, self.singles, self.known = FakeMover(behave), Singles(), KnownObjects(None)
        self.items = SqliteItemList()
        self.items.add(placed(number) for number in range(count))
        self._wanted = Wanted(
            items=self.items,
            exists=exists,
            failures=FailureRule(most),
            known=self.known,
            direction=Uploading(lambda source: INFO),
        )

    def outcomes(self) -> dict[str, Outcome]:
        lanes: Lanes[WholeObject] = Lanes(self.mover, self.singles, 2)
        self.run = DatasetRun(self._wanted, lanes)
        found = list(self.run.outcomes())
        assert len({one.destination for one in found}) == len(found) == self.items.count
        return {one.destination.rpartition("/")[2]: one for one in found}

    def states(self) -> Counter[str]:
        return Counter(one.state for one in self.outcomes().values())


def placed(number: int) -> Placed:
    return Placed(
        item=Item(source=f"/data/{number}", destination=f"s3://b/{number}", size=10, labels={"n": str(number)}),
        place=f"list:{number + 1}",
    )


def put(wanted: WholeObject) -> Settled:
    return Put(number=wanted.number, size=10, crc=7, info=INFO, etag='"e"', shown=True)


def refused(error: TransferError) -> Behave:
    return lambda wanted: Refused(number=wanted.number, error=error)


def existing(number: int, etag: str = '"e"') -> Existing:
    return Existing(destination=f"s3://b/{number}", size=10, etag=etag)


def test_what_is_copied_is_known_by_the_next_run() -> None:
    first = Dataset(3, put)
    assert {one.verdict for one in first.outcomes().values()} == {"verified-in-transit"}
    name = source_id(parse_source("/data/1"))
    assert first.known.get("s3://b/1") == Known(etag='"e"', size=10, source=name, version=VERSION)


def test_an_unchanged_file_is_skipped_without_any_request() -> None:
    data = Dataset(3, put)
    for number in range(3):
        name = source_id(parse_source(f"/data/{number}"))
        data.known.put(f"s3://b/{number}", Known(etag='"e"', size=10, source=name, version=VERSION))
    data.items.note_existing([existing(0), existing(1, '"other"')])
    found = data.outcomes()
    assert (found["0"].state, found["0"].reason) == ("skipped", "it is the same as when it was copied")
    # Another object has taken the place of this one: the two are compared.
    assert [task.candidate.listed.item.source for task in data.singles.tasks if task.compare] == ["/data/1"]
    assert found["2"].state == "copied"
    assert data.run.heads == 1


@pytest.mark.parametrize(
    ("exists", "state"), [(None, "copied"), ("update", "copied"), ("skip", "skipped"), ("fail", "failed")]
)
def test_an_existing_object_is_dealt_with_as_the_user_says(exists: OnExisting | None, state: str) -> None:
    for listed in (True, False):
        data = Dataset(1, refused(ObjectExists("s3://b/0 exists")), exists)
        if listed:
            data.items.note_existing([existing(0)])
        assert data.outcomes()["0"].state == state
        compares = [(task.compare, task.replace) for task in data.singles.tasks]
        assert compares == ([(True, exists == "update")] if exists in {None, "update"} else [])
        assert len(data.mover.seen) == (0 if listed else 1)


def test_overwrite_replaces_without_a_look() -> None:
    data = Dataset(1, put, "overwrite")
    data.items.note_existing([existing(0)])
    assert data.outcomes()["0"].state == "copied"
    assert data.mover.seen[0].overwrite


@pytest.mark.parametrize(
    ("settled", "task"),
    [
        (Unfit(number=1), (False, False)),
        (Put(number=1, size=10, crc=7, info=INFO, etag="", shown=None), (True, False)),
        (Put(number=1, size=10, crc=7, info=INFO, etag='"e"', shown=False), (False, True)),
    ],
    ids=["not for one PUT", "the answer was lost", "the store has other bytes"],
)
def test_what_one_put_does_not_settle_is_done_thoroughly(settled: Settled, task: tuple[bool, bool]) -> None:
    data = Dataset(1, lambda wanted: settled)
    assert data.outcomes()["0"].state == "copied"
    assert [(one.compare, one.replace) for one in data.singles.tasks] == [task]


def test_a_failed_item_stops_no_other() -> None:
    gone = refused(SourceNotFound("it does not exist"))
    data = Dataset(300, lambda wanted: gone(wanted) if wanted.number % 10 == 0 else put(wanted))
    assert data.states() == {"copied": 270, "failed": 30}


def test_a_url_that_can_not_be_read_fails_its_item_alone() -> None:
    data = Dataset(2, put)
    data.items.add([Placed(item=Item(source="gopher://h/x", destination="s3://b/x"), place="list:3")])
    found = data.outcomes()
    assert found["x"].error is not None
    assert (found["x"].error.name, found["0"].state) == ("BadSource", "copied")


@pytest.mark.parametrize(("most", "failures"), [(None, 20), (5, 6)])
def test_a_run_in_which_everything_fails_ends_early(most: int | None, failures: int) -> None:
    data = Dataset(5000, refused(SourceNotFound("it does not exist")), most=most)
    found = data.states()
    assert found["failed"] + found["not-reached"] == 5000
    assert failures <= found["failed"] < 5000
    assert data.items.counts() == {"failed": found["failed"], "not-reached": found["not-reached"]}


@pytest.mark.parametrize(
    ("most", "items", "allowed"), [(None, 50, None), (7, 50, 7), ("5%", 50, 2), ("100%", 3, 3), ("0.5%", 1000, 5)]
)
def test_failures_are_allowed_by_number_or_share(most: int | str | None, items: int, allowed: int | None) -> None:
    assert failures_allowed(most, items) == allowed


@pytest.mark.parametrize("most", ["5", "%", "-1%", "x%", "1e3%"])
def test_another_text_allows_no_failures(most: str) -> None:
    with pytest.raises(Usage):
        failures_allowed(most, 10)


def test_what_ends_a_lane_ends_the_run() -> None:
    def broken(wanted: WholeObject) -> Settled:
        raise MemoryError

    data = Dataset(3, broken)
    with pytest.raises(MemoryError):
        data.outcomes()


@settings(max_examples=12, deadline=None)
@given(st.lists(st.sampled_from(["put", "gone", "exists", "unfit", "lost", "spoiled"]), min_size=1, max_size=60))
def test_the_counts_always_add_up(ways: list[str]) -> None:
    def behave(wanted: WholeObject) -> Settled:
        match ways[wanted.number - 1]:
            case "gone":
                return Refused(number=wanted.number, error=SourceNotFound("gone"))
            case "exists":
                return Refused(number=wanted.number, error=ObjectExists("exists"))
            case "unfit":
                return Unfit(number=wanted.number)
            case "lost":
                return Put(number=wanted.number, size=10, crc=7, info=INFO)
            case "spoiled":
                return Put(number=wanted.number, size=10, crc=7, info=INFO, etag='"e"', shown=False)
            case _:
                return put(wanted)

    tally = Tally()
    for outcome in Dataset(len(ways), behave, most=1000).outcomes().values():
        tally.add(outcome)
    counts = tally.counts
    assert counts.copied + counts.skipped + counts.failed + counts.not_reached == counts.items == len(ways)
    assert counts.failed == ways.count("gone")


def test_an_error_of_an_item_says_what_to_do() -> None:
    data = Dataset(1, refused(SourceNotFound("it does not exist")))
    error = data.outcomes()["0"].error
    assert error is not None
    assert (error.name, error.code, bool(error.hint)) == ("SourceNotFound", 5, True)


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ("runs/a", {"source": "/data/runs/a"}),
        ("s3://b/k", {"source": "s3://b/k"}),
        ("https://h/k", {"source": "https://h/k", "size": 7}),
    ],
)
def test_what_failed_can_be_repeated_from_any_folder(
    source: str, written: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The size that a listing said may be another by then; one that a manifest states is a condition."""
    monkeypatch.setattr("os.getcwd", lambda: "/data")
    outcome = Outcome(source=source, destination="s3://b/o", size=7, labels={"sample": "n1"}, state="not-reached")
    assert msgspec.json.decode(failed_line(outcome)) == {"sample": "n1", "destination": "s3://b/o", **written}
