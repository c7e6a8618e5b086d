"""What follows a round of a dataset in the cloud: another one, large items, and the report."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from s3am_cloud.errors import by_name
from s3am_cloud.item_counts import Counts
from s3am_cloud.jobs.cleanup import detail, discard, kind_of, settle
from s3am_cloud.jobs.dataset import items, lacking
from s3am_cloud.jobs.dataset.progress import counts_so_far
from s3am_cloud.jobs.dataset.report import report_dataset
from s3am_cloud.jobs.dataset.settle import settle_dataset
from s3am_cloud.jobs.tasks import report_job
from s3am_cloud.limits import DATASET_ROUNDS
from s3am_cloud.ports.dataset_files import PartUnit
from s3am_cloud.ports.executions import Execution
from servers.content import pattern
from support.cloud_fakes import Bus, Machine
from support.dataset_world import DatasetWorld, target
from support.fakes import PART
from unit.test_dataset_unit import small_parts

NAMES = ["a", "b", "c"]


def world_of(*missing: str) -> DatasetWorld:
    world = DatasetWorld()
    world.put_sources(name for name in NAMES if name not in missing)
    world.list_items(NAMES)
    return world


def test_a_dataset_whose_items_are_all_copied_takes_one_round() -> None:
    world = world_of()
    rounds: list[int] = []
    receipt = world.run(rounds.append)
    assert rounds == [1]
    assert receipt.state == "succeeded"
    assert receipt.error is None
    assert receipt.counts is not None
    assert (receipt.counts.items, receipt.counts.copied, receipt.counts.copied_bytes) == (3, 3, 21)
    assert len(world.report_lines("items.jsonl.gz")) == len(world.report_lines("checksums.txt")) == 3
    assert world.report_lines("failed.jsonl") == []
    assert json.loads(b"".join(world.report_lines("summary.json")))["counts"]["copied"] == 3
    assert kind_of(report_job("set", world.ports)) == "Dataset Succeeded"


def test_an_item_that_failed_for_good_is_not_tried_again_and_named() -> None:
    world = world_of("b")
    rounds: list[int] = []
    receipt = world.run(rounds.append)
    assert rounds == [1]
    assert (receipt.state, receipt.error and receipt.error.code) == ("partial", 26)
    [line] = world.report_lines("failed.jsonl")
    assert json.loads(line)["source"] == "https://host/b"
    assert "SourceNotFound" in json.loads(line)["error"]
    assert kind_of(detail(receipt)) == "Dataset Partial"


def test_what_fails_retryably_is_tried_in_the_next_round() -> None:
    world = world_of()
    world.fail("b", by_name("SourceBusy", "the server is busy"), times=1)
    rounds: list[int] = []
    assert world.run(rounds.append).state == "succeeded"
    assert rounds == [1, 2]
    assert world.states() == dict.fromkeys(NAMES, "copied")


def test_no_more_rounds_than_are_worthwhile() -> None:
    world = world_of()
    world.fail("b", by_name("SourceBusy", "the server is busy"), times=99)
    rounds: list[int] = []
    receipt = world.run(rounds.append)
    assert rounds == list(range(1, DATASET_ROUNDS + 1))
    assert receipt.counts is not None
    assert (receipt.counts.copied, receipt.counts.failed) == (2, 1)


def test_lost_results_make_another_round_that_copies_nothing_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    world, rounds, made = world_of(), list[int](), list[object]()
    put = world.store.put_object

    def counted(*given: Any) -> str:
        etag = put(*given)
        made.append(given[0])
        return etag

    def lose(round_number: int) -> None:
        rounds.append(round_number)
        if round_number == 1:
            world.lose_results()

    monkeypatch.setattr(world.store, "put_object", counted)
    receipt = world.run(lose)
    assert (rounds, len(made)) == ([1, 2], 3)
    assert receipt.counts is not None
    assert receipt.counts.copied == 3
    assert world.states() == dict.fromkeys(NAMES, "copied")


def test_an_item_without_a_result_was_not_reached() -> None:
    world = world_of()
    receipt = report_dataset("set", world.ports)
    assert receipt.state == "failed"
    assert receipt.counts is not None
    assert receipt.counts.not_reached == 3
    assert len(world.report_lines("failed.jsonl")) == 3


def test_a_large_item_is_moved_in_parts_and_completed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    small_parts(monkeypatch)
    for module in (items, lacking):
        monkeypatch.setattr(module, "MAX_UNIT_ITEM", 2 * PART)
    world, content = DatasetWorld(), pattern(3 * PART)
    world.put_sources(["a", "c"])
    world.put_sources(["b"], content)
    world.list_items(NAMES)
    receipt = world.run()
    assert all(isinstance(unit, PartUnit) for unit in world.files.units("set", 2))
    assert world.states() == dict.fromkeys(NAMES, "copied")
    assert receipt.counts is not None
    assert (receipt.counts.copied, receipt.counts.copied_bytes) == (3, len(content) + 14)
    assert world.store.content(target("b")) == content
    assert list(world.jobs.ids()) == ["set"]
    assert list(world.store.unfinished_below(target(""))) == []


def test_progress_is_seen_by_the_names_of_results() -> None:
    world = world_of("b")
    assert counts_so_far("set", world.files).not_reached == 3
    world.run()
    world.documents.reads.clear()
    counts = counts_so_far("set", world.files)
    assert (counts.copied, counts.failed, counts.not_reached) == (2, 1, 0)
    assert [name for name in world.documents.reads if "/results/" in name] == []


def test_a_repeated_settle_finds_the_same() -> None:
    world = world_of()
    first = settle_dataset("set", 1, "work", world.ports)
    assert first.again
    assert settle_dataset("set", 1, "work", world.ports) == first


def test_a_cancelled_dataset_leaves_no_upload_of_its_items(monkeypatch: pytest.MonkeyPatch) -> None:
    small_parts(monkeypatch)
    for module in (items, lacking):
        monkeypatch.setattr(module, "MAX_UNIT_ITEM", 2 * PART)
    world = DatasetWorld()
    world.put_sources(NAMES, pattern(3 * PART))
    world.list_items(NAMES)
    [unit] = world.files.units("set", 1)
    world.work(unit)
    assert len(list(world.store.unfinished_below(target("")))) == 3
    receipt = discard("set", world.ports)
    assert list(world.store.unfinished_below(target(""))) == []
    assert receipt.state == "cancelled"
    assert receipt.counts is not None
    assert receipt.counts.not_reached == 3


def test_a_dataset_whose_machine_dies_is_announced_with_its_counts() -> None:
    world, bus = world_of("b"), Bus()
    for unit in world.files.units("set", 1):
        world.work(unit)
    dead = Execution(arn="arn:set", name="set", status="TIMED_OUT", job="set")
    settle(dead, world.ports, Machine(None), bus)
    [(kind, found)] = bus.announced
    assert kind == "Dataset Failed"
    counts = msgspec.convert(found["counts"], Counts)
    assert (counts.copied, counts.failed, counts.not_reached) == (2, 1, 0)
