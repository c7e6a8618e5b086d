"""The list of a dataset's items on disk: what it refuses, in which order it gives them, and what it costs."""

from __future__ import annotations

import resource
import sqlite3
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from s3am_cloud.adapters.files.item_list import SqliteItemList
from s3am_cloud.errors import BadManifest, DiskFailed, DiskFull
from s3am_cloud.items import Item, Placed
from s3am_cloud.limits import KIB, MEDIUM_ITEM, MIB
from s3am_cloud.ports.item_list import Existing, ItemList

MILLION = 1_000_000


@pytest.fixture
def items() -> Iterator[SqliteItemList]:
    with SqliteItemList() as made:
        yield made


def placed(name: str, line: int = 1, size: int | None = None, source: str | None = None, **labels: str) -> Placed:
    item = Item(source=source or f"https://host/{name}", destination=f"s3://b/{name}", size=size, labels=labels)
    return Placed(item=item, place=f"list.tsv:{line}")


def names(listed: ItemList) -> list[str]:
    return [one.item.destination.removeprefix("s3://b/") for one in listed.items()]


def test_an_item_comes_back_as_it_was_added(items: SqliteItemList) -> None:
    item = Item(source="/a ü", destination="s3://b/ü", size=5, digest="md5:" + "0" * 32, labels={"sample": "x\ny"})
    items.add([Placed(item=item, place="a:1", modified=1.5, etag='"e"')])
    [listed] = items.items()
    assert (listed.item, listed.place, listed.modified, listed.etag) == (item, "a:1", 1.5, '"e"')
    assert listed.existing is None


def test_two_items_with_one_destination_are_refused_with_both_places(items: SqliteItemList) -> None:
    lines = [placed("x", 1), placed("y", 2), placed("x", 3), placed("x", 4, source="https://other/x")]
    with pytest.raises(BadManifest, match=r"s3://b/x .* list\.tsv:1 and at list\.tsv:4") as caught:
        items.add(lines)
    assert caught.value.code == 2


@pytest.mark.parametrize("other", [{"size": 2}, {"size": None}])
def test_the_same_source_with_another_size_is_another_item(items: SqliteItemList, other: dict[str, int | None]) -> None:
    with pytest.raises(BadManifest):
        items.add([placed("x", 1, size=1), placed("x", 2, **other)])  # type: ignore[arg-type]


def test_identical_items_count_once_also_over_several_calls(items: SqliteItemList) -> None:
    items.add([placed("x", 1, 7), placed("x", 2, 7), placed("y", 3)])
    items.add([placed("x", 4, 7), placed("z", 5, 3)])
    assert (items.count, items.known_bytes, items.unsized) == (3, 10, 1)
    assert [one.place for one in items.items() if one.item.size == 7] == ["list.tsv:1"]
    with pytest.raises(BadManifest, match=r"list\.tsv:5 and at list\.tsv:6"):
        items.add([placed("z", 6, 4)])


def test_large_items_begin_early_and_the_last_ones_are_small(items: SqliteItemList) -> None:
    small = [placed(f"small{n}", n, n) for n in range(100)]
    medium = [placed(f"medium{n}", n, MIB + 1 + n) for n in range(10)]
    items.add([*small, *medium, placed("large", 1, MEDIUM_ITEM + 1), placed("unsized", 1)])
    order = names(items)
    assert len(order) == len(set(order)) == 112
    assert order.index("large") < 2
    assert order.index("unsized") < 4
    assert max(order.index(f"medium{n}") for n in range(10)) < 70
    assert any(name.startswith("small") for name in order[:8])
    assert [n for n in order if n.startswith("small")] == [f"small{n}" for n in reversed(range(100))]


def test_items_of_one_size_keep_their_order(items: SqliteItemList) -> None:
    items.add(placed(f"{n % 7}-{n}", n, KIB) for n in range(40))
    assert names(items) == [f"{n % 7}-{n}" for n in range(40)]


def test_only_items_without_an_outcome_remain(items: SqliteItemList) -> None:
    """Only items without an outcome remain whatever is recorded meanwhile."""
    items.add(placed(f"{n}", n, n) for n in range(10))
    for listed in items.remaining():
        if listed.number % 2:
            items.outcome(listed.number, "copied")
    assert len(list(items.remaining())) == 5
    for listed in items.remaining():
        items.outcome(listed.number, "failed")
    assert list(items.remaining()) == []
    assert items.counts() == {"copied": 5, "failed": 5}
    assert len(list(items.items())) == 10


def test_an_item_has_what_exists_at_its_destination(items: SqliteItemList) -> None:
    items.add([placed("a", 1, 1), placed("b", 2, 1), placed("c", 3, 1)])
    before = Existing(destination="s3://b/b", size=1, etag='"old"')
    later = Existing(destination="s3://b/b", size=9, etag='"new"', modified=2.0, checksum="CRC64NVME")
    items.note_existing([Existing(destination="s3://b/aa", size=1), before, later])
    assert [one.existing for one in items.items()] == [None, later, None]


def test_only_a_list_states_the_size_that_an_item_must_have(items: SqliteItemList) -> None:
    stated = placed("a", 1, 5)
    items.add([stated, Placed(item=placed("b", 2, 4).item, place="runs/", modified=1.0)])
    assert [one.stated_size for one in items.items()] == [5, None]


def test_a_destination_that_is_a_folder_of_another_one_is_a_clash(items: SqliteItemList) -> None:
    items.add([placed("a"), placed("a!"), placed("a/b"), placed("a0"), placed("ab/c"), placed("a/b/c")])
    found = [(one.item.destination, other) for one, other in items.clashes()]
    assert sorted(found) == [("s3://b/a", "s3://b/a/b"), ("s3://b/a/b", "s3://b/a/b/c")]


def test_names_that_a_file_system_takes_for_one_are_a_clash(items: SqliteItemList) -> None:
    """Names that a file system takes for one are a clash but for the first."""
    items.add([placed("A", 1), placed("b", 2), placed("a", 3), placed("B", 4)])
    assert list(items.clashes()) == []
    for _ in range(2):
        found = [(one.item.destination, other) for one, other in items.clashes(str.casefold)]
        assert found == [("s3://b/a", "s3://b/A"), ("s3://b/B", "s3://b/b")]


def test_a_list_in_a_file_is_its_users_alone_and_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "items"
    with SqliteItemList(path) as listed:
        listed.add([placed("a")])
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with pytest.raises(FileExistsError):
            SqliteItemList(path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("setting", "kind"), [("max_page_count = 10", DiskFull), ("query_only = 1", None)])
def test_a_full_disk_is_named(items: SqliteItemList, setting: str, kind: type[DiskFailed] | None) -> None:
    items._database.execute(f"PRAGMA {setting}")
    with pytest.raises(kind or sqlite3.OperationalError):
        items.add(placed(f"{n}", n) for n in range(1000))


@pytest.mark.stress
def test_a_million_items_take_ten_seconds_and_little_memory(items: SqliteItemList) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin = time.process_time()
    items.add(placed(f"{n * 7919 % MILLION:09}/sample_{n}.fastq.gz", n, n % 100_000) for n in range(MILLION))
    added = time.process_time() - begin
    items.note_existing(
        Existing(destination=f"s3://b/{n * 7919 % MILLION:09}/sample_{n}.fastq.gz", size=1) for n in range(MILLION)
    )
    noted = time.process_time() - begin - added
    assert sum(one.existing is not None for one in items.items()) == MILLION
    read = time.process_time() - begin - added - noted
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    print(f"added {added:.1f} s, noted {noted:.1f} s, read {read:.1f} s, {grown} MB")
    assert added < 10  # 3 s of which make the items
    assert grown < 60
