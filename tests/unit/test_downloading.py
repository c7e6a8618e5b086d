"""Where the files of a download of many objects go, and what becomes of those that exist."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from s3am_cloud.adapters.files.below import FoldersBelow
from s3am_cloud.adapters.files.item_list import SqliteItemList
from s3am_cloud.adapters.files.local_file import version_of
from s3am_cloud.adapters.files.name_folding import folding
from s3am_cloud.datasets.decisions import Known
from s3am_cloud.datasets.single import Done
from s3am_cloud.errors import BadDestination
from s3am_cloud.items import Item, Placed
from s3am_cloud.limits import MAX_WHOLE_FILE
from s3am_cloud.ports.item_list import Listed
from s3am_cloud.ports.objects import Saved
from s3am_cloud.same_source import source_id
from s3am_cloud.urls import parse_source
from s3am_cloud_client.inprocess.dataset.download_run import clashing
from s3am_cloud_client.inprocess.dataset.downloading import Downloading
from s3am_cloud_client.sources import absolute_folder

SOURCE = "s3://b/p/a"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "to"


@pytest.fixture
def direction(root: Path) -> Downloading:
    return Downloading(FoldersBelow(str(root)))


def item(path: Path | str, size: int | None = 3) -> Listed:
    return Listed(number=1, item=Item(source=SOURCE, destination=str(path), size=size), place="here", etag='"e"')


@pytest.mark.parametrize(
    "name",
    ["../a", "x/../../a", "x/../a", ".", "/a", "x//a", "a/", "a\0b", "a\nb", "é" * 128, "../to2/a"],
)
def test_a_name_that_leads_elsewhere_is_refused(direction: Downloading, root: Path, name: str) -> None:
    before = sorted(root.parent.rglob("*"))
    with pytest.raises(BadDestination):
        direction.candidate(item(f"{root}/{name}"))
    assert sorted(root.parent.rglob("*")) == before


def test_a_destination_that_is_not_below_the_folder_is_refused(direction: Downloading, root: Path) -> None:
    for path in ("/etc/passwd", f"{root}2/a", "a"):
        with pytest.raises(BadDestination):
            direction.candidate(item(path))


def test_no_link_leads_out_of_the_folder(direction: Downloading, root: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (root / "inside").mkdir()
    (root / "out").symlink_to(tmp_path / "elsewhere")
    (root / "up").symlink_to("..")
    (root / "in").symlink_to("inside")
    for name in ("out/a", "up/a", "out/new/a", "in/../../a"):
        with pytest.raises(BadDestination):
            direction.candidate(item(root / name))
    assert direction.candidate(item(root / "in" / "new" / "a")).listed.existing is None
    assert (root / "inside" / "new").is_dir()
    assert os.listdir(tmp_path / "elsewhere") == []


def test_a_folder_that_is_itself_a_link_is_entered(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    Downloading(FoldersBelow(str(tmp_path / "link"))).candidate(item(tmp_path / "link" / "x" / "a"))
    assert (tmp_path / "real" / "x").is_dir()


@pytest.mark.parametrize("kind", ["folder", "FIFO", "file above"])
def test_what_is_in_the_way_is_never_replaced(direction: Downloading, root: Path, kind: str) -> None:
    path = root / "a"
    if kind == "folder":
        path.mkdir()
    elif kind == "FIFO":
        os.mkfifo(path)
    else:
        path.write_bytes(b"a file")
        path = path / "b"
    with pytest.raises(BadDestination, match=r"is a folder|not a regular file|not a folder"):
        direction.candidate(item(path))


def test_a_file_is_known_by_its_size_inode_and_time(direction: Downloading, root: Path) -> None:
    path = root / "a"
    path.write_bytes(b"abc")
    saved = Saved(number=1, size=3, crc=7, shown=True, etag='"e"', file_version=version_of(path.stat()))
    done = direction.settled(direction.candidate(item(path)), saved, False)
    assert isinstance(done, Done)
    assert done.known == Known(etag=saved.file_version, size=3, source=source_id(parse_source(SOURCE)), version="3 e")
    assert direction.is_unchanged(direction.candidate(item(path)), done.known)
    assert not direction.is_unchanged(direction.candidate(item(path, size=4)), done.known)
    os.utime(path, ns=(1, 1))
    assert not direction.is_unchanged(direction.candidate(item(path)), done.known)


def test_what_a_link_names_is_compared_each_time(direction: Downloading, root: Path) -> None:
    (root / "there").write_bytes(b"abc")
    (root / "a").symlink_to("there")
    one = direction.candidate(item(root / "a"))
    assert one.listed.existing is not None
    assert one.listed.existing.etag is None


def test_large_objects_are_not_fetched_by_one_request(direction: Downloading, root: Path) -> None:
    sizes = (None, 0, MAX_WHOLE_FILE, MAX_WHOLE_FILE + 1)
    assert [direction.is_whole(item(root / "a", size)) for size in sizes] == [True, True, True, False]


@pytest.fixture
def items() -> Iterator[SqliteItemList]:
    with SqliteItemList() as made:
        yield made


def test_names_that_are_one_file_here_fail_but_for_the_first(items: SqliteItemList, tmp_path: Path) -> None:
    names = ["Read", "READ", "read/me", "x", "caf\N{LATIN SMALL LETTER E WITH ACUTE}", "cafe\N{COMBINING ACUTE ACCENT}"]
    items.add(
        Placed(item=Item(source=SOURCE, destination=f"{tmp_path}/{name}"), place=name) for name in [*names, "x/y"]
    )
    failed = {one.destination.rpartition("/")[2]: one for one in clashing(items, folding(True, True))}
    assert set(failed) == {"READ", "x", names[-1]}
    assert {one.error.name for one in failed.values() if one.error} == {"BadDestination"}
    assert "it is the folder of" in (failed["x"].error.message if failed["x"].error else "")
    assert len(list(items.remaining())) == len(names) + 1 - len(failed)


def test_a_folder_whose_path_no_list_can_hold_is_refused() -> None:
    with pytest.raises(BadDestination, match=r"/copies\\udcff has bytes that are not UTF-8"):
        absolute_folder(os.fsdecode(b"/copies\xff"))
