"""Several sources of one item, as lists have them."""

from __future__ import annotations

import io

import pytest

from s3am_cloud.adapters.files.item_list import SqliteItemList
from s3am_cloud.datasets.manifests.reading import read_manifest
from s3am_cloud.items import Item, Placed

ENA = "run_accession\tfastq_ftp\tfastq_bytes\tfastq_md5\nA\tftp.host/a.gz;ftp://ftp.host/b.gz\t1;2\t;\n"


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
