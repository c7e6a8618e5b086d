"""What each format of a manifest says of an item, besides what all of them promise (`contract/test_manifests.py`)."""

from __future__ import annotations

import io

import msgspec
import pytest

from contract.test_manifests import MANIFESTS, MD5, NAMES, SHA, read
from s3am_cloud.datasets.manifests.reading import read_manifest
from s3am_cloud.datasets.outcomes import Outcome
from s3am_cloud.datasets.report_lines import checksum_line
from s3am_cloud.errors import BadManifest


def test_json_lines_keep_all_else_as_labels() -> None:
    known = f'"source":"s","destination":"d","size":"7","digest":"MD5:{MD5.upper()}"'
    [line] = read(f'# ours\n{{{known},"lane":3,"paired":true,"x":null}}\n')
    assert (line.place, line.destination, line.size, line.digest) == ("list:2", "d", 7, f"md5:{MD5}")
    assert line.labels == {"lane": "3", "paired": "true"}


def test_the_outcomes_of_a_run_are_a_manifest() -> None:
    error = BadManifest("m").report()
    outcome = Outcome(
        source="s", destination="s3://b/k", size=1, labels={"a": "b"}, state="failed", retries=2, error=error
    )
    [line] = read(msgspec.json.encode(outcome) + b"\n")
    assert (line.source, line.destination, line.size, line.labels) == ("s", "s3://b/k", 1, {"a": "b"})


@pytest.mark.parametrize(
    ("header", "row", "expected"),
    [
        ("url,name,md5,lane", f"u,n,{MD5},3", ("u", "n", None, f"md5:{MD5}", {"lane": "3"})),
        ("sha256,md5,source,key", f"{SHA},{MD5},s,k", ("s", "k", None, f"sha256:{SHA}", {"md5": MD5})),
        ("MD5 sum,File Size,URI,Path", f"{MD5},5,u,p/q", ("u", "p/q", 5, f"md5:{MD5}", {})),
        ("url,checksum,size", f"u,{SHA},NA", ("u", None, None, f"sha256:{SHA}", {})),
        (
            "url,checksum,path,filename",
            f"u,sha1:{'0' * 40},p,f",
            ("u", "p", None, f"sha1:{'0' * 40}", {"filename": "f"}),
        ),
        ("path,size", "d/x,5", ("d/x", None, 5, None, {})),
        ("url,note", 'u,"a ""b"", c"', ("u", None, None, None, {"note": 'a "b", c'})),
        ('url\t"note"', 'u\t"it"', ("u", None, None, None, {"note": "it"})),
        ("Bucket,Key,Size", "b,a b,5", ("s3://b/a b", None, 5, None, {})),
        ("run_url\turl", '"Big\tu', ("u", None, None, None, {"run_url": '"Big'})),
    ],
)
def test_columns_go_by_their_names(header: str, row: str, expected: tuple[object, ...]) -> None:
    [line] = read(f"# by us\n{header}\n{row}\n")
    assert (line.source, line.destination, line.size, line.digest, line.labels) == expected


def test_a_row_of_a_sample_sheet_has_an_item_for_each_of_its_files() -> None:
    lines = read("sample,fastq_1,fastq_2,md5\ns1,a_1.fq,a_2.fq,x\n#2,b.fq,,y\n")
    assert [(line.source, line.labels["sample"]) for line in lines] == [
        *(("a_1.fq", "s1"), ("a_2.fq", "s1"), ("b.fq", "#2"))
    ]
    assert {line.digest for line in lines} == {None}


def test_a_report_of_ena_has_sizes_digests_and_labels_of_each_file() -> None:
    [first, second, third] = read(MANIFESTS["ena"][2])
    assert (first.size, second.size, third.place) == (5, 6, "list:3")
    assert (second.digest, second.labels) == (f"md5:{MD5}", {"run_accession": "R1"})
    assert second.place_of(second.source) == "list:2:12"


def test_files_of_gdc_go_below_their_ids() -> None:
    first = read(MANIFESTS["gdc"][2])[0]
    assert (first.destination, first.size, first.digest) == ("id-a.bam/a.bam", 5, f"md5:{MD5}")
    assert first.labels == {"state": "released"}


def test_the_digests_of_storage_transfers_are_base64() -> None:
    assert {(line.size, line.digest) for line in read(MANIFESTS["sts"][2])} == {(5, f"md5:{MD5}")}
    assert read("TsvHttpData-1.0\nhttps://h/a\n")[0].size is None


def test_checksums_are_of_the_algorithm_that_line_or_file_names() -> None:
    """Checksums are of the algorithm that their line or their file names."""
    text = f"SHA256 (a (b) = c) = {SHA}\nCRC64NVME (x) = 00000000000000AB\n\\{MD5}  a\\nb\n{SHA}  ü d\n"
    assert [(line.source, line.digest) for line in read(text)] == [
        ("a (b) = c", f"sha256:{SHA}"),
        ("x", "crc64nvme:00000000000000ab"),
        ("a\nb", f"md5:{MD5}"),
        ("ü d", f"sha256:{SHA}"),
    ]
    [line] = read_manifest(io.BytesIO(f"{'0' * 128}  x\n".encode()), "d/B2SUMS")
    assert line.digest == f"blake2b:{'0' * 128}"


def test_the_checksums_that_a_run_leaves_are_a_list_of_its_objects() -> None:
    made = Outcome(source="https://h/a", destination="s3://b/a (1)", state="copied", checksum="crc64nvme:AAAAAAAAAKs=")
    written = [checksum_line(made), checksum_line(msgspec.structs.replace(made, digest=f"sha256:{SHA}"))]
    assert [(line.source, line.digest) for line in read(b"\n".join(filter(None, written)))] == [
        ("s3://b/a (1)", "crc64nvme:00000000000000ab"),
        ("s3://b/a (1)", f"sha256:{SHA}"),
    ]


@pytest.mark.parametrize("url", [f"https://h/x?sig={SHA}", f"https://h/{MD5}", f"https://h/x#{SHA}"])
def test_a_url_that_ends_like_a_checksum_is_a_url(url: str) -> None:
    assert [line.source for line in read(f"{url}\n")] == [url]
    [line] = read(f"{SHA}  {url}\n")
    assert (line.source, line.digest) == (url, f"sha256:{SHA}")


def test_the_options_of_aria2_belong_to_the_url_above() -> None:
    text = f"https://h/a\n  dir=d/e\n\tout=x\n  checksum=sha-256={SHA}\n  split=5\nhttps://h/b\n dir=d/\nhttps://h/c\n"
    assert [(line.place, line.destination, line.digest) for line in read(text)] == [
        ("list:1", "d/e/x", f"sha256:{SHA}"),
        ("list:6", "d/", None),
        ("list:8", None, None),
    ]


def test_names_of_rclones_list_are_destinations() -> None:
    assert [line.destination for line in read(MANIFESTS["rclone"][2])] == list(NAMES)


def test_an_inventory_of_all_versions_gives_the_current_objects() -> None:
    version = "kQ5c1Z3lXbA9wR7tY2uI4oP6aS8dF0gH"
    text = "".join(
        f'"bkt","{key}","{version}","{latest}","{marker}","{size}","2026-01-01T00:00:00.000Z","{MD5}"\n'
        for key, latest, marker, size in [
            ("a%20b", "true", "false", "5"),
            ("a%20b", "false", "false", "6"),
            ("c", "true", "true", ""),
        ]
    )
    assert [(line.source, line.size) for line in read(text)] == [("s3://bkt/a b", 5)]


def test_objects_of_an_inventory_keep_their_keys_and_markers_are_left_out() -> None:
    found = [
        (line.source, line.destination) for line in read('"bkt","a/","0"\n"bkt","a/b%2Bc","5"\n"bkt","d/b%2Bc","5"\n')
    ]
    assert found == [("s3://bkt/a/b+c", "a/b+c"), ("s3://bkt/d/b+c", "d/b+c")]


def test_a_quoted_cell_may_go_over_several_lines() -> None:
    text = 'url,note,name\nh/a,"two\nlines, ""quoted""",x\nh/b,one,y\n'
    assert [(line.place, line.source, line.destination, line.labels["note"]) for line in read(text)] == [
        ("list:2", "h/a", "x", 'two\nlines, "quoted"'),
        ("list:4", "h/b", "y", "one"),
    ]


def test_a_batch_names_versions_of_objects() -> None:
    version = "kQ5c1Z3lXbA9wR7tY2uI4oP6aS8dF0gH"
    assert [line.source for line in read(f"bkt,a%20b,{version}\nbkt,c,null\n")] == [
        *(f"s3://bkt/a b?versionId={version}", "s3://bkt/c")
    ]
