"""What a worker does with a unit of whole items, whatever ends its invocation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import msgspec
import pytest

from s3am_cloud.adapters.memory.objects import MemoryObjectMover
from s3am_cloud.errors import ObjectExists
from s3am_cloud.items import Item
from s3am_cloud.jobs.dataset import items, unit
from s3am_cloud.jobs.dataset.unit import shares_of, work_items
from s3am_cloud.limits import DEADLINE_MARGIN_SECONDS, LAMBDA_SECONDS
from s3am_cloud.ports.dataset_files import ItemUnit, ResultCounts
from s3am_cloud.ports.item_list import Listed
from s3am_cloud.ports.objects import Settled, Unfit
from s3am_cloud.request import OnExisting
from servers.content import pattern
from support.dataset_world import DatasetWorld, target
from support.fakes import PART

NAMES = ["a", "b", "c", "d"]
UNIT = ItemUnit(u=3, file=0, first=0, to=4)


def much() -> float:
    return LAMBDA_SECONDS


def world_of(exists: OnExisting | None = None) -> DatasetWorld:
    world = DatasetWorld(exists)
    world.put_sources(NAMES)
    world.write_items(NAMES)
    return world


def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is larger than PART takes an upload with parts of that size."""
    monkeypatch.setattr("s3am_cloud.adapters.memory.objects.MAX_WHOLE_OBJECT", PART)
    monkeypatch.setattr("s3am_cloud.transfer.part_sizes.SMALL_OBJECT", PART)
    monkeypatch.setattr("s3am_cloud.transfer.steps.plan.SMALL_OBJECT", PART)


def time_for(looks: int) -> Callable[[], float]:
    """Enough time for `looks` looks at the clock."""
    left: Iterator[float] = iter([LAMBDA_SECONDS] * looks)
    return lambda: next(left, DEADLINE_MARGIN_SECONDS - 1)


def test_every_item_of_a_unit_has_a_result_and_counts_are_in_its_name() -> None:
    world = world_of()
    world.source.drop("https://host/c")
    end = work_items(world.dataset, UNIT, much, world.ports)
    assert end.rest is None
    assert world.states() == {"a": "copied", "b": "copied", "c": "failed", "d": "copied"}
    assert world.store.content(target("d")) == b"content"
    [found] = world.files.results("set")
    assert found.counts == end.counts == ResultCounts(copied=3, failed=1, bytes=21)
    assert (found.name, found.round) == ("3-0", 1)
    error = world.results()["c"].error
    assert error is not None
    assert error.name == "SourceNotFound"


@pytest.mark.parametrize("exists", [None, "fail", "skip", "update", "overwrite"])
def test_a_repeated_invocation_reports_what_its_first_try_has_copied(exists: OnExisting | None) -> None:
    world = world_of(exists)
    work_items(world.dataset, UNIT, much, world.ports)
    world.lose_results()
    work_items(world.dataset, UNIT, much, world.ports)
    assert set(world.states().values()) == {"copied"}


@pytest.mark.parametrize(
    ("exists", "state"),
    [(None, "failed"), ("fail", "failed"), ("skip", "skipped"), ("update", "copied"), ("overwrite", "copied")],
)
def test_an_object_of_somebody_else_is_none_of_the_dataset(exists: OnExisting | None, state: str) -> None:
    world = world_of(exists)
    world.put_destination("b", b"theirs")
    work_items(world.dataset, UNIT, much, world.ports)
    assert world.states() == {"a": "copied", "b": state, "c": "copied", "d": "copied"}
    assert world.store.content(target("b")) == (b"content" if state == "copied" else b"theirs")
    error = world.results()["b"].error
    assert (error is not None and error.name == ObjectExists.__name__) == (state == "failed")


def test_without_time_the_rest_of_the_unit_is_returned_and_copied_once() -> None:
    world = world_of()
    end = work_items(world.dataset, UNIT, time_for(3), world.ports)
    assert end.rest is not None
    assert 0 < end.rest.first < 4
    first = world.states()
    work_items(world.dataset, end.rest, much, world.ports)
    assert world.states() == dict.fromkeys(NAMES, "copied")
    assert first
    assert sum(found.counts.copied for found in world.files.results("set")) == 4


def test_a_unit_without_any_time_goes_past_its_first_item() -> None:
    world = world_of()
    end = work_items(world.dataset, UNIT, time_for(0), world.ports)
    assert end.rest == msgspec.structs.replace(UNIT, first=1)
    assert world.states() == {}


def test_a_cancelled_job_begins_nothing_and_leaves_nothing() -> None:
    world = world_of()
    world.coordination.cancel("set")
    assert work_items(world.dataset, UNIT, much, world.ports).rest is None
    assert world.states() == {}
    assert world.store.head(target("a")) is None


def test_a_cancelled_job_ends_between_its_items(monkeypatch: pytest.MonkeyPatch) -> None:
    world, copy = world_of(), MemoryObjectMover.copy

    def cancelled_after_one(mover: MemoryObjectMover, *given: Any) -> Iterator[Settled]:
        yield from islice(copy(mover, *given), 1)
        world.coordination.cancel("set")

    monkeypatch.setattr(MemoryObjectMover, "copy", cancelled_after_one)
    monkeypatch.setattr(unit, "CANCEL_LOOK_SECONDS", -1)
    assert work_items(world.dataset, UNIT, much, world.ports).rest is None
    assert world.states().keys() <= {"a"}
    assert world.store.head(target("b")) is None


@pytest.mark.parametrize(("source", "looks"), [("s3://from/a", 0), ("https://host/a", 2)])
def test_nobody_looks_for_uploads_of_what_one_copy_brings(
    monkeypatch: pytest.MonkeyPatch, source: str, looks: int
) -> None:
    """Of an item inside S3 that the mover of whole objects leaves: each look costs as much as the copy."""
    monkeypatch.setattr(MemoryObjectMover, "_copied", lambda mover, wanted: Unfit(number=wanted.number))
    world = DatasetWorld()
    world.source.put(source, b"content")
    item = Item(source=source, destination=f"{target('a')}", size=7)
    world.files.write_items("set", 0, [Listed(number=0, item=item, place="list")])
    work_items(world.dataset, ItemUnit(u=0, file=0, first=0, to=1), much, world.ports)
    assert world.states() == {"a": "copied"}
    assert world.calls.count("unfinished") == looks


def test_a_larger_item_goes_in_parts_and_leaves_no_record(monkeypatch: pytest.MonkeyPatch) -> None:
    world = DatasetWorld()
    small_parts(monkeypatch)
    content = pattern(3 * PART)
    world.put_sources(["a"], content)
    world.write_items(["a"])
    work_items(world.dataset, UNIT, much, world.ports)
    assert world.states() == {"a": "copied"}
    assert world.store.content(target("a")) == content
    assert list(world.jobs.ids()) == ["set"]
    assert list(world.jobs.expiring(world.clock.now().replace(year=2030))) == []


def test_an_item_too_large_for_a_worker_is_left_with_its_upload_open(monkeypatch: pytest.MonkeyPatch) -> None:
    world = DatasetWorld()
    small_parts(monkeypatch)
    monkeypatch.setattr(items, "MAX_UNIT_ITEM", 2 * PART)
    world.put_sources(["b"])
    world.put_sources(["a"], pattern(3 * PART))
    world.write_items(["b", "a"])
    end = work_items(world.dataset, UNIT, much, world.ports)
    assert end.rest is None
    assert world.states() == {"b": "copied"}
    left = world.jobs.load("set-i1")
    assert left.upload is not None
    assert left.part_of == "set"


@pytest.mark.parametrize("slots", [1, 2, 4, 10, 32, 64])
@pytest.mark.parametrize("has_whole", [True, False])
def test_connections_of_a_unit_are_no_more_than_a_host_bears(slots: int, has_whole: bool) -> None:
    shares = shares_of(slots, has_whole)
    used = shares.lanes * shares.each + (shares.whole if has_whole else 0)
    assert used <= max(slots, 2 if has_whole else 1)
    assert used > slots // 2


def test_a_unit_uses_the_connections_that_its_plan_allows() -> None:
    world = world_of()
    world.list_items(NAMES)
    work_items(world.dataset, UNIT, much, world.ports)
    assert world.connections == [3]
