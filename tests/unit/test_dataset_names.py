"""Where items go: hostile names are refused, and `--name`, `--base`, `--include`, `--exclude` do as they say."""

from __future__ import annotations

import pytest

from s3am_cloud.datasets.filters import Filter, Filters
from s3am_cloud.datasets.globs import glob_of
from s3am_cloud.datasets.names import Template, extension_of, place_of_items, whole_source
from s3am_cloud.errors import BadDestination, BadSource, Usage
from s3am_cloud.urls import SourceUrl, parse_source

BUCKET = place_of_items("s3://b/p/")
FOLDER = place_of_items("out", "/data/out")
HOSTILE = {
    "": "no name",
    "a/": "no name",
    "../x": r"'\.\.' as a name",
    "a/../../x": r"'\.\.' as a name",
    "./x": r"'\.' as a name",
    "/etc/passwd": "an absolute path",
    "a\rb": "a control character",
    "a\nDELE b": "a control character",
    "a\0b": "a control character",
    "a\x7fb": "a control character",
    "\udcff": "not UTF-8",
}


@pytest.mark.parametrize("place", [BUCKET, FOLDER], ids=["s3", "local"])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_goes_nowhere(name: str, place: object) -> None:
    assert place in (BUCKET, FOLDER)
    with pytest.raises(BadDestination, match=HOSTILE[name]) as caught:
        (BUCKET if place == BUCKET else FOLDER).below(name)
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("name", ["x", "...", "..x", "a/b c/ü", "~", "-", "a:b", "%2e%2e", "x" * 255])
def test_an_ordinary_name_goes_below_the_destination(name: str) -> None:
    assert BUCKET.below(name) == f"s3://b/p/{name}"
    assert FOLDER.below(name) == f"/data/out/{name}"


def test_names_are_as_long_as_a_file_or_a_key_may_have_them() -> None:
    with pytest.raises(BadDestination, match="255 bytes"):
        FOLDER.below("d/" + "ü" * 128)
    with pytest.raises(BadDestination, match="an empty name"):
        FOLDER.below("a//b")
    assert BUCKET.below("a//b") == "s3://b/p/a//b"
    assert BUCKET.below("x" * 1022)
    with pytest.raises(BadDestination, match="the id of a version"):
        BUCKET.below("x?versionId=1")
    with pytest.raises(BadDestination, match="1024 bytes"):
        BUCKET.below("x" * 1023)


def test_several_items_need_a_prefix() -> None:
    assert place_of_items("s3://b").text == "s3://b/"
    with pytest.raises(BadDestination, match="s3://b/p is one object"):
        place_of_items("s3://b/p")
    with pytest.raises(BadDestination):
        place_of_items("https://b/p/")


def test_a_whole_destination_in_a_list_is_below_the_one_that_is_given() -> None:
    assert BUCKET.relative("s3://b/p/x/y") == BUCKET.relative("x/y") == "x/y"
    assert FOLDER.relative("/data/out/x") == "x"
    for place, elsewhere in [(BUCKET, "s3://b/q/x"), (BUCKET, "s3://c/p/x"), (FOLDER, "/data/outside")]:
        with pytest.raises(BadDestination, match="not below"):
            place.relative(elsewhere)


@pytest.mark.parametrize(
    ("name", "base", "expected"),
    [
        ("a b/ü?#.x", "https://h/d", "https://h/d/a%20b/%C3%BC%3F%23.x"),
        ("a?b", "s3://b/p", "s3://b/p/a?b"),
        ("a:b", "/data", "/data/a:b"),
        ("https://o/x", "https://h/d/", "https://o/x"),
        ("a:b", None, "./a:b"),
        ("d/x", None, "d/x"),
    ],
)
def test_a_relative_name_is_below_the_base(name: str, base: str | None, expected: str) -> None:
    assert whole_source(name, base).url == expected


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../x", "a\nb"])
@pytest.mark.parametrize("base", ["https://h/d/", "s3://b/p/", "/data"])
def test_no_name_leads_out_of_the_base(name: str, base: str) -> None:
    with pytest.raises(BadSource, match="in the source"):
        whole_source(name, base)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{name}", "x.fastq.gz"),
        ("{stem}{ext}", "x.fastq.gz"),
        ("{stem}", "x"),
        ("{ext}", ".fastq.gz"),
        ("{dir}/{n:03}-{name}", "a/b/007-x.fastq.gz"),
        ("{host}/{path}", "h.org/a/b/x.fastq.gz"),
        ("{date}/{sample id}/{{}}", "2026-11-28/s 1/{}"),
    ],
)
def test_a_template_is_filled_with_what_is_known_of_an_item(template: str, expected: str) -> None:
    url = parse_source("https://h.org:8443/a/b/x.fastq.gz?token=s3cret")
    assert Template(template, "2026-11-28").fill("a/b/x.fastq.gz", url, 7, {"sample id": "s 1"}) == expected


@pytest.mark.parametrize("template", ["{", "{}", "{name", "{name!r}", "{name:9}", "{n:>9}"])
def test_a_template_that_can_not_be_read_is_a_wrong_usage(template: str) -> None:
    with pytest.raises(Usage):
        Template(template, "")


def test_an_unknown_field_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(Usage, match=r"unknown field 'x\.y'") as caught:
        Template("{x.y}", "").fill("x", SourceUrl("file", "x"), 1, {"lane": "3"})
    assert "{stem}" in caught.value.hint
    assert "{lane}" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "expected"),
    [("x", ""), (".x", ""), ("x.tar.gz", ".tar.gz"), ("x.v1.2.bam", ".bam"), (".x.gz", ".gz"), ("x.gz", ".gz")],
)
def test_the_extension_of_a_compressed_file_has_both_endings(name: str, expected: str) -> None:
    assert extension_of(name) == expected


@pytest.mark.parametrize(
    ("filters", "taken", "left"),
    [
        ("", "a a/b", ""),
        ("-*.tmp", "a b/c a.tmpx", "a.tmp b/a.tmp x.tmp/a"),
        ("+*.bam", "a.bam b/a.bam", "a b.bai"),
        ("-.git", "a .gitignore", ".git/x a/.git/b"),
        ("+a/* -*", "a/b a/b/c", "b b/a/c"),
        ("-a/b/ +*.x", "a/c.x b.x", "a/b/c.x d.y"),
        ("+runs/*/raw", "runs/1/raw/x", "runs/raw runs/1/2/raw"),
        ("+runs/**/raw", "runs/raw runs/1/raw runs/1/2/raw", "x/runs/raw"),
        ("+[ab]? -*", "ax b1", "cx a"),
        ("+[!a].x", "b.x", "a.x /.x"),
        ("-**", "", "a a/b"),
        ("+*.x -b.x", "a.x b.x", ""),
        ("-./a", "b b/a", "a a/b"),
    ],
)
def test_the_first_glob_that_matches_decides(filters: str, taken: str, left: str) -> None:
    rules = [Filter("include" if each[0] == "+" else "exclude", each[1:]) for each in filters.split()]
    wanted = Filters(tuple(rules))
    assert [name for name in taken.split() if not wanted.takes(name)] == []
    assert [name for name in left.split() if wanted.takes(name)] == []


@pytest.mark.parametrize("glob", ["", "[z-a]", "./"])
def test_a_glob_that_can_not_be_read_is_a_wrong_usage(glob: str) -> None:
    with pytest.raises(Usage):
        Filters((Filter("include", glob),))


def test_only_what_was_modified_before_a_time_is_old() -> None:
    wanted = Filters(newest=100.0)
    assert [wanted.is_new(when) for when in (None, 99.0, 100.0, 100.5)] == [False, False, False, True]
    assert not Filters().is_new(1e12)


@pytest.mark.parametrize(
    ("glob", "root", "matching", "entered"),
    [
        ("*.bam", "./", "a.bam", ""),
        ("/d/e/*.bam", "/d/e/", "a.bam", ""),
        ("/*.x", "/", "a.x", ""),
        ("d/*/x?", "d/", "a/x1", "a"),
        ("d/**/*.x", "d/", "a.x a/b.x a/b/c.x", "a a/b"),
        ("d/.*/x", "d/", ".a/x", ".a"),
    ],
)
def test_a_glob_enters_only_folders_that_it_needs(glob: str, root: str, matching: str, entered: str) -> None:
    found = glob_of(glob)
    assert found.root == root
    assert all(map(found.matches, matching.split()))
    assert [name for name in ("a", "a/b", ".a", "b/c/d") if found.enters(name)][:2] == entered.split()[:2]
    assert not any(map(found.matches, ["", "a", ".a.bam", ".a.x", "b/.c/x1"]))
