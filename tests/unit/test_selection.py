"""From arguments, folders, prefixes and lists to items, each with its whole source and destination, or an error."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from s3am_cloud.adapters.files.item_list import SqliteItemList
from s3am_cloud.adapters.files.tree import LocalTree
from s3am_cloud.datasets.filters import Filter, Filters
from s3am_cloud.datasets.names import Template, place_of_items
from s3am_cloud.datasets.outcomes import outcome_of
from s3am_cloud.datasets.report_lines import failed_line
from s3am_cloud.datasets.selection import Manifest, Selected, Selection, Trees, items_of
from s3am_cloud.errors import BadManifest, BadSource, Usage
from s3am_cloud.items import LeftOut, Placed, Rejected
from s3am_cloud.ports.trees import Entry, Found, NoEntry, every_folder
from s3am_cloud.urls import SourceUrl

UP = Selection(place=place_of_items("s3://b/p/"))
DOWN = Selection(place=place_of_items("out", "/out"))


class Prefix:
    """A tree in memory."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def entries(self, url: SourceUrl, enters: Callable[[str], bool] = every_folder) -> Iterator[Found]:
        for name in self._names:
            if name.endswith("/"):
                yield NoEntry(source=url.url + name, name=name, reason="the marker of a folder")
            else:
                yield Entry(source=url.url + name, name=name, size=1, etag='"e"')


def selected(
    *sources: str, manifest: str | None = None, selection: Selection = UP, names: tuple[str, ...] = ()
) -> list[Selected]:
    given = Manifest(io.BytesIO(manifest.encode()), "list") if manifest is not None else None
    return list(items_of(sources, given, selection, Trees(LocalTree(), Prefix(*names))))


def placed(found: list[Selected]) -> dict[str, str]:
    """Sources by their destinations."""
    assert all(isinstance(one, Placed) for one in found), found
    return {one.item.destination: one.item.source for one in found}


def errors(found: list[Selected]) -> list[tuple[str, str]]:
    return [(one.place, one.error.name) for one in found if isinstance(one, Rejected)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("runs/a.bam", "runs/sub/b.bam", "runs/sub/c.txt", "x:y"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"123")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_every_kind_of_argument_gives_its_items() -> None:
    url = "https://h/d/x.tar?sig=s3cret"
    found = selected("runs/a.bam", "./x:y", "runs/", url, "s3://c/k", "s3://c/q/", names=("z/w",))
    assert placed(found) == {
        "s3://b/p/x:y": "./x:y",
        "s3://b/p/a.bam": "runs/a.bam",
        "s3://b/p/sub/b.bam": "runs/sub/b.bam",
        "s3://b/p/sub/c.txt": "runs/sub/c.txt",
        "s3://b/p/x.tar": url,
        "s3://b/p/k": "s3://c/k",
        "s3://b/p/z/w": "s3://c/q/z/w",
    }
    sizes = [one.item.size for one in found]
    assert sizes == [3, 3, 3, 3, 3, None, None, 1]
    assert "s3cret" not in "".join(one.place for one in found)
    with SqliteItemList() as listed:  # an argument is named twice: once by itself, once by its folder
        listed.add(one for one in found if isinstance(one, Placed))
        assert listed.count == 7


@pytest.mark.usefixtures("folder")
def test_two_arguments_with_one_destination_are_both_named() -> None:
    found = selected("runs/a.bam", "https://h/a.bam")
    with SqliteItemList() as listed, pytest.raises(BadManifest, match=r"at runs/a\.bam and at https://h/a\.bam"):
        listed.add(one for one in found if isinstance(one, Placed))


@pytest.mark.usefixtures("folder")
def test_globs_are_expanded_unless_a_file_has_that_name() -> None:
    assert placed(selected("runs/*.bam")) == {"s3://b/p/a.bam": "runs/a.bam"}
    assert placed(selected("r*/**/*.bam")) == {
        "s3://b/p/runs/a.bam": "./runs/a.bam",
        "s3://b/p/runs/sub/b.bam": "./runs/sub/b.bam",
    }
    Path("runs/[ab].bam").touch()
    assert placed(selected("runs/[ab].bam")) == {"s3://b/p/[ab].bam": "runs/[ab].bam"}
    assert errors(selected("runs/*.vcf", "nowhere/*")) == [
        ("runs/*.vcf", "SourceNotFound"),
        ("nowhere/*", "SourceNotFound"),
    ]


@pytest.mark.usefixtures("folder")
def test_an_argument_that_can_not_be_read_fails_alone() -> None:
    os.mkfifo("fifo")
    found = selected("runs", "gone", "gone/", "fifo", "runs/a.bam")
    assert errors(found) == [
        *(("runs", "BadSource"), ("gone", "SourceNotFound"), ("gone/", "SourceNotFound"), ("fifo", "BadSource"))
    ]
    assert isinstance(found[0], Rejected)
    assert "runs/" in found[0].error.hint
    assert isinstance(found[-1], Placed)


@pytest.mark.parametrize("text", ["bad://x", "https://h/d/", "ftp://h/d/", "-", "s3://b"])
def test_what_is_no_source_is_refused_at_once(text: str) -> None:
    with pytest.raises((BadSource, Usage)) if text != "s3://b" else pytest.raises(Exception, match="no key"):
        selected(text)


def test_hostile_names_of_a_tree_fail_alone() -> None:
    hostile = ("../x", "/etc/x", "a\nb", "d/", "x" * 1024)
    found = selected("s3://c/q/", names=("ok", *hostile))
    assert errors(found) == [("s3://c/q/", "BadDestination")] * 4
    assert [one.reason for one in found if isinstance(one, LeftOut)] == ["the marker of a folder"]
    assert placed(found[:1]) == {"s3://b/p/ok": "s3://c/q/ok"}


def test_a_download_keeps_all_below_its_folder() -> None:
    found = selected("s3://c/q/", selection=DOWN, names=("ok", "../x", "a//b", "y" * 256, "d/z"))
    assert placed([found[0], found[-1]]) == {"/out/ok": "s3://c/q/ok", "/out/d/z": "s3://c/q/d/z"}
    assert len(errors(found)) == 3
    with pytest.raises(BadSource, match="not in S3"):
        selected("https://h/x", selection=DOWN)
    with pytest.raises(BadManifest, match=r"list:1:1: https://h/x is not in S3"):
        selected(manifest="https://h/x\n", selection=DOWN)


def test_a_list_gives_items_with_what_it_says_of_them() -> None:
    text = f'{{"source":"https://h/a?sig=1","destination":"d/x","size":5,"digest":"md5:{"0" * 32}","lane":"3"}}\n'
    [found] = selected(manifest=text)
    assert isinstance(found, Placed)
    assert (found.place, found.item.source, found.item.destination) == ("list:1", "https://h/a?sig=1", "s3://b/p/d/x")
    assert (found.item.size, found.item.digest, found.item.labels) == (5, "md5:" + "0" * 32, {"lane": "3"})


def test_names_of_a_list_keep_their_folders_below_the_base() -> None:
    based = msgspec.structs.replace(UP, base="https://h/data")
    text = f"{'0' * 64}  d/a b\n{'1' * 64}  ./c\n"
    assert placed(selected(manifest=text, selection=based)) == {
        "s3://b/p/d/a b": "https://h/data/d/a%20b",
        "s3://b/p/c": "https://h/data/c",
    }
    assert placed(selected(manifest=text)) == {"s3://b/p/d/a b": "d/a b", "s3://b/p/c": "./c"}


def test_a_list_from_a_server_names_files_beside_it_and_none_of_ours() -> None:
    def fetched(text: str, url: str) -> dict[str, str]:
        given = Manifest(io.BytesIO(text.encode()), "list", url=url)
        return placed(list(items_of([], given, UP, Trees(LocalTree(), Prefix()))))

    sums = f"{'0' * 64}  d/a\n"
    assert fetched(sums, "https://h/v1/SHA256SUMS?x=/y") == {"s3://b/p/d/a": "https://h/v1/d/a"}
    assert fetched(sums, "s3://c/v?/SHA256SUMS") == {"s3://b/p/d/a": "s3://c/v?/d/a"}
    for line in ("/etc/passwd", "file:///etc/passwd"):
        with pytest.raises(BadManifest, match=r"list:1:1: .*(?:local file|absolute path)"):
            fetched(f"{line}\n", "https://h/list")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("url,path\nhttps://h/a,../x\n", r"list:2:13: '\.\.' as a name in the destination"),
        ("url,path\nhttps://h/a,/x\n", "list:2:13: an absolute path"),
        ('{"source":"https://h/a","destination":"a\\nb"}\n', "list:1: a control character"),
        ("url,path\nhttps://h/a,s3://other/x\n", "list:2:13: .* not below s3://b/p/"),
        ("https://h/a\nhtp://h/b\n", "list:2:1: unknown scheme 'htp'"),
        ("https://h/a b\n", "list:1:1: not a URL"),
        ("d/a\nd/../../b\n", r"list:2:1: '\.\.' as a name"),
        ("https://h/d/\n", "list:1:1: a folder in a list"),
        ("https://user:s3cret@h:x/a\n", "list:1:1: not a URL"),
    ],
)
def test_a_line_that_can_not_be_an_item_is_named_with_its_column(text: str, said: str) -> None:
    with pytest.raises(BadManifest, match=said) as caught:
        selected(manifest=text)
    assert "s3cret" not in caught.value.message


def test_a_folder_as_a_destination_gets_the_name_of_the_source() -> None:
    assert placed(selected(manifest="https://h/a?x=1\n  dir=d\n")) == {"s3://b/p/d/a": "https://h/a?x=1"}


def test_the_outcomes_of_a_download_are_a_list_for_the_same_folder() -> None:
    text = '{"source":"s3://c/q/x","destination":"/out/d/x","state":"failed"}\n'
    assert placed(selected(manifest=text, selection=DOWN)) == {"/out/d/x": "s3://c/q/x"}


def test_an_item_that_failed_for_its_name_fails_alone_again() -> None:
    found = selected("s3://c/q/", names=("a\nb", "ok"))
    assert isinstance(found[0], Rejected)
    outcomes = [
        msgspec.structs.replace(outcome_of(one.item, "failed"), error=found[0].error)
        for one in found
        if not isinstance(one, LeftOut)
    ]
    lines = [failed_line(one).decode() for one in outcomes]
    again = selected(manifest="\n".join(lines))
    assert errors(again) == [("list:1", "BadDestination")]
    # The size that a listing said is no condition of a later run.
    wanted = [msgspec.structs.replace(one.item, size=None) for one in found]
    assert [one.item for one in again] == wanted


@pytest.mark.usefixtures("folder")
def test_a_template_names_items_from_all_sources() -> None:
    named = msgspec.structs.replace(UP, template=Template("{n}/{dir}/{lane}{stem}", ""))
    text = "url,lane\nhttps://h/d/e/a.bam,L1\n"
    assert placed(selected(manifest=text, selection=named)) == {"s3://b/p/1/d/e/L1a": "https://h/d/e/a.bam"}
    with pytest.raises(BadManifest, match="list:2:1: --name: unknown field 'lane'"):
        selected(manifest="url,note\nhttps://h/d/e/a.bam,x\n", selection=named)
    with pytest.raises(Usage, match="unknown field 'lane'"):
        selected("runs/", selection=named)
    plain = msgspec.structs.replace(UP, template=Template("{host}{dir}-{n}{ext}", ""))
    assert list(placed(selected("runs/", "runs/a.bam", "s3://c/q/", selection=plain, names=("v/w",)))) == [
        *("s3://b/p/-1.bam", "s3://b/p/sub-2.bam", "s3://b/p/sub-3.txt", "s3://b/p/runs-4.bam", "s3://b/p/cv-5")
    ]


@pytest.mark.usefixtures("folder")
def test_filters_leave_out_items_of_all_sources() -> None:
    some = msgspec.structs.replace(UP, filters=Filters((Filter("exclude", "sub"), Filter("include", "*.bam"))))
    text = "https://h/d.bam\nhttps://h/b.txt\n"
    found = selected("runs/", "./x:y", "s3://c/q/", manifest=text, selection=some, names=("c.bam", "d"))
    assert list(placed(found)) == ["s3://b/p/a.bam", "s3://b/p/c.bam", "s3://b/p/d.bam"]


@pytest.mark.usefixtures("folder")
def test_what_may_still_be_written_to_is_left_out_with_a_reason() -> None:
    os.utime("runs/a.bam", (10, 10))
    aged = msgspec.structs.replace(UP, filters=Filters(newest=100.0))
    found = selected("runs/", manifest="runs/a.bam\n./x:y\n", selection=aged)
    assert [one.item.source for one in found if isinstance(one, Placed)] == ["runs/a.bam", "runs/a.bam"]
    assert {one.reason for one in found if isinstance(one, LeftOut)} == {"modified too lately (--min-age)"}
    assert len(found) == 5


def test_a_prefix_without_objects_is_an_item_that_fails() -> None:
    assert errors(selected("s3://c/q/")) == [("s3://c/q/", "SourceNotFound")]
