"""Several sources of one item, as lists have them."""

from __future__ import annotations

import io

import pytest

from s3am_cloud.adapters.files.item_list import SqliteItemList
from s3am_cloud.datasets.manifests.reading import read_manifest
from s3am_cloud.errors import BadManifest
from s3am_cloud.items import Item, Placed

ENA = "run_accession\tfastq_ftp\tfastq_bytes\tfastq_md5\nA\tftp.host/a.gz;ftp://ftp.host/b.gz\t1;2\t;\n"


METALINK = """<metalink xmlns="urn:ietf:params:xml:ns:metalink">
<file name="p/x"><size>4</size><hash type="md5">098f6bcd4621d373cade4e832627b4f6</hash>
<pieces type="sha-1" length="2"><hash>ff</hash></pieces><metaurl>https://a/x.torrent</metaurl>
<url priority="2">ftp://b/x</url><url priority="1">https://a/x</url></file>
<file name="y"><url>https://a/y</url></file></metalink>
"""


def test_a_metalink_has_files_with_mirrors_sizes_and_digests() -> None:
    first, second = read_manifest(io.BytesIO(METALINK.encode()), "list", "auto")
    assert (first.source, first.mirrors, first.destination) == ("https://a/x", ("ftp://b/x",), "p/x")
    assert (first.size, first.digest) == (4, "md5:098f6bcd4621d373cade4e832627b4f6")
    assert (second.source, second.mirrors, second.size) == ("https://a/y", (), None)


@pytest.mark.parametrize(
    "text",
    [
        METALINK.replace("</metalink>", ""),
        '<!DOCTYPE x [<!ENTITY a "b">]>' + METALINK,
        METALINK.replace("https://a/y", "magnet:y"),
        METALINK.replace(">4<", ">four<"),
    ],
    ids=["cut off", "entities", "no URL", "no size"],
)
def test_a_metalink_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadManifest, match=r"list:\d"):
        list(read_manifest(io.BytesIO(text.encode()), "list", "auto"))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"source": ["https://a/x", "ftp://b/x"]}\n', [("https://a/x", ("ftp://b/x",))]),
        ('{"source": ["https://a/x"]}\n', [("https://a/x", ())]),
        ("https://a/x\tftp://b/x\n  out=y\nhttps://c/z\n", [("https://a/x", ("ftp://b/x",)), ("https://c/z", ())]),
        (ENA, [("https://ftp.host/a.gz", ("ftp://ftp.host/a.gz",)), ("ftp://ftp.host/b.gz", ())]),
    ],
    ids=["JSON lines", "one in a list", "aria2", "ENA"],
)
def test_mirrors_are_read_in_their_order(text: str, found: list[tuple[str, tuple[str, ...]]]) -> None:
    lines = read_manifest(io.BytesIO(text.encode()), "list", "auto")
    assert [(line.source, line.mirrors) for line in lines] == found


def test_a_list_of_items_keeps_their_mirrors() -> None:
    item = Item(source="https://a/x", destination="s3://b/x", mirrors=("ftp://b/x", "https://c/x"))
    with SqliteItemList() as listed:
        listed.add([Placed(item=item, place="list:1")])
        assert [one.item for one in listed.items()] == [item]
