"""What every format of a manifest promises: the items as they are written, in bounded memory, or an error with a place.

The same three items are written in each format, as far as it can say what is known of them.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import io
import random
import resource
import time
import tracemalloc
from collections.abc import Iterator
from itertools import chain, islice, repeat
from typing import IO, cast

import pytest

from s3am_cloud.datasets.manifests.lines import ManifestLine
from s3am_cloud.datasets.manifests.reading import FORMATS, read_manifest
from s3am_cloud.errors import BadManifest, Usage
from s3am_cloud.limits import MANIFEST_LINE

MD5 = "0" * 31 + "a"
SHA = "1" * 63 + "b"
B64 = base64.b64encode(bytes.fromhex(MD5)).decode()
NAMES = ("a.bam", "b.bam", "ü c.bam")
# Each with the format that is detected in it, and the source of its second item.
MANIFESTS = {
    "json-lines": ("jsonl", "https://h/b.bam", "".join(f'{{"source":"https://h/{n}","size":5}}\n' for n in NAMES)),
    "csv": ("csv", "https://h/b.bam", "url,size\n" + "".join(f'"https://h/{n}",5\n' for n in NAMES)),
    "tsv": ("csv", "https://h/b.bam", "File URL\tSize\n" + "".join(f"https://h/{n}\t5\n" for n in NAMES)),
    "semicolons": ("csv", "https://h/b.bam", "url;Bytes\n" + "".join(f"https://h/{n};5\n" for n in NAMES)),
    "one-column": ("csv", "https://h/b.bam", "url\n" + "".join(f"https://h/{n}\n" for n in NAMES)),
    "paths": ("csv", "d/b.bam", "path,md5\n" + "".join(f"d/{n},{MD5}\n" for n in NAMES)),
    "ena": (
        "ena",
        "https://h/b.bam",
        "run_accession\tfastq_ftp\tfastq_bytes\tfastq_md5\n"
        + f"R1\th/a.bam;h/b.bam\t5;6\t{MD5};{MD5}\nR2\th/ü c.bam\t5\t{MD5}\nR3\t\t\t\n",
    ),
    "gdc": (
        "gdc",
        "https://api.gdc.cancer.gov/data/id-b.bam",
        "id\tfilename\tmd5\tsize\tstate\n" + "".join(f"id-{n}\t{n}\t{MD5}\t5\treleased\n" for n in NAMES),
    ),
    "sts": ("sts", "https://h/b.bam", "TsvHttpData-1.0\n" + "".join(f"https://h/{n}\t5\t{B64}\n" for n in NAMES)),
    "gnu": ("checksums", "d/b.bam", "".join(f"{SHA}  d/{n}\n" for n in NAMES)),
    "gnu-binary": ("checksums", "d/b.bam", "".join(f"{MD5} *d/{n}\n" for n in NAMES)),
    "bsd": ("checksums", "d/b.bam", "".join(f"SHA256 (d/{n}) = {SHA}\n" for n in NAMES)),
    "urls": ("urls", "https://h/b.bam", "".join(f"https://h/{n}\n" for n in NAMES)),
    "names": ("urls", "d/b.bam", "".join(f"d/{n}\n" for n in NAMES)),
    "aria2": ("urls", "https://h/b.bam", "".join(f"https://h/{n}\thttps://m/{n}\n  out={n}\n" for n in NAMES)),
    "rclone": ("urls", "https://h/b.bam", "".join(f"https://h/{n},{n}\n" for n in NAMES)),
    "batch": ("inventory", "s3://bucket/b.bam", "bucket,a.bam\nbucket,b.bam\nbucket,%C3%BC+c.bam\n"),
    "inventory": ("inventory", "s3://bkt/b.bam", "".join(f'"bkt","{n}","5"\n' for n in ("a.bam", "b.bam", "c%2Bd"))),
}


def read(text: str | bytes, form: str = "auto") -> list[ManifestLine]:
    data = text if isinstance(text, bytes) else text.encode()
    return list(read_manifest(io.BytesIO(data), "list", form))


def refused(text: str | bytes, form: str = "auto") -> str:
    with pytest.raises(BadManifest) as caught:
        read(text, form)
    assert caught.value.code == 2
    assert caught.value.hint
    return caught.value.message


@pytest.fixture(params=list(MANIFESTS))
def manifest(request: pytest.FixtureRequest) -> tuple[str, str, str]:
    return MANIFESTS[request.param]


def test_a_manifest_is_read_and_its_format_detected(manifest: tuple[str, str, str]) -> None:
    form, source, text = manifest
    lines = read(text)
    assert [line.source for line in lines][1] == source
    assert len(lines) == 3
    assert [line.place for line in lines] == sorted(line.place for line in lines)
    assert read(text, form) == lines


@pytest.mark.parametrize(
    "written",
    [
        gzip.compress,
        lambda data: gzip.compress(data[:40]) + gzip.compress(data[40:]),
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: data.removesuffix(b"\n"),
        lambda data: data + b"\n\n",
        lambda data: data.decode().encode("utf-16"),
    ],
    ids=["gzip", "gzip-members", "bom", "crlf", "no-end", "empty-lines", "utf-16"],
)
def test_how_the_lines_are_written_does_not_matter(manifest: tuple[str, str, str], written: object) -> None:
    _, _, text = manifest
    assert callable(written)
    assert read(written(text.encode())) == read(text)


def test_a_wrong_byte_is_named_with_its_line_and_column(manifest: tuple[str, str, str]) -> None:
    text = manifest[2].encode()
    number = len(text.splitlines()) + 1
    last = text.splitlines()[-1]
    assert f"list:{number}:3: not UTF-8" in refused(text + last[:2] + b"\xff" + last[2:])
    assert f"list:{number}:3: control character '\\x07'" in refused(text + last[:2] + b"\x07" + last[2:])


def test_a_very_long_line_is_refused_before_it_is_read(manifest: tuple[str, str, str]) -> None:
    text = manifest[2].encode()
    number = len(text.splitlines()) + 1
    assert f"list:{number}: the line is longer" in refused(text + b"x" * (MANIFEST_LINE + 1))


def test_a_manifest_is_read_in_bounded_memory(manifest: tuple[str, str, str]) -> None:
    """Its beginning is given before its end is read: memory does not depend on its length."""
    head, *rows = manifest[2].encode().splitlines(keepends=True)
    endless = _Endless(chain([head], chain.from_iterable(repeat(rows))))
    tracemalloc.start()
    lines = read_manifest(cast(IO[bytes], endless), "list")
    for _ in range(1000):
        next(lines)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


class _Endless(io.RawIOBase):
    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        line = next(self._lines)
        memoryview(cast(bytearray, buffer))[: len(line)] = line
        return len(line)


@pytest.mark.parametrize("form", [form for form in FORMATS if form != "auto"])
@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n"])
def test_a_manifest_without_items_is_refused(form: str, text: str) -> None:
    refused(text, form)
    refused(text)


def test_an_unknown_format_is_a_wrong_usage() -> None:
    with pytest.raises(Usage, match="unknown manifest format 'xml'"):
        read("x", "xml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"source":"a"}\n{"source":"ü",}\n', "list:2:15: not a JSON object"),
        ('{"source":"a"}\n[1]\n', "list:2: not a JSON object"),
        ('{"source":""}\n', 'list:1: no "source"'),
        ('{"size":1}\n', 'list:1: no "source"'),
        ('{"source":5}\n', 'list:1:2: "source" is not a text'),
        ('{"source":"a","size":-1}\n', "list:1:15: '-1' is not a number of bytes"),
        ('{"source":"a","size":1.5}\n', 'list:1:15: "size" is not a number'),
        ('{"source":"a","size":true}\n', 'list:1:15: "size" is not a number'),
        ('{"source":"a","digest":"md5:12"}\n', "list:1:15: '12'"),
        ('{"source":"a","digest":"no:12"}\n', "list:1:15: unknown checksum"),
        ('{"source":"a","labels":[]}\n', 'list:1:15: "labels"'),
        ('[{"source":"a"}]\n', "list:1:1: a JSON array"),
        ("<!doctype html>\n", "list:1:1: a page"),
        ("PK\x03\x04", "list is a zip file"),
        ("url,size\nhttps://h/a,5,6\n", "list:2: 3 cells"),
        ("url,size\nhttps://h/a,5k\n", "list:2:13: '5k' is not a number"),
        ("url,md5\nhttps://h/a,abc\n", "list:2:13: 'abc'"),
        ('url,md5\n"https://h/a,\nhttps://h/b,\n', "list:2: not CSV"),
        ('url,note,size\nhttps://h/a,"x\ny",z\n', "list:2: 'z' is not a number"),
        ('url,note,size\nhttps://h/a,"x\ny",1\nhttps://h/b,,z\n', "list:4:14: 'z' is not a number"),
        ('url,md5\n"https://h/a"b,\n', "list:2: not CSV"),
        ("url,uri\na,b\n", "list:1:5: both 'url' and 'uri'"),
        ("url,x,x\na,b,c\n", "list:1:5: two columns"),
        ("url,size\n,5\n", "list:2: no source"),
        ("fastq_1,fastq_2\n,\na,b\n,\n-,-\n", "list:5: no source"),
        ("sample,age\na,5\n", "list:1: the format of the list can't be recognized"),
        ("fastq_ftp\tfastq_bytes\nh/a;h/b\t5\n", "list:2:9: 1 values of fastq_bytes for 2 files"),
        (f"TsvHttpData-1.0\nhttps://h/a\t5\t{B64}\tx\n", "list:2:40: more than three"),
        ("TsvHttpData-1.0\nhttps://h/a\tx\n", "list:2:13: 'x'"),
        (f"{SHA}  a\nnothing here\n", "list:2: not a line of checksums"),
        (f"{SHA}  a\n{SHA}  -\n", "list:2: a checksum of no file"),
        ("https://h/a\tb\n", "list:1:13: more than a URL"),
        ("https://h/a\n  header=Cookie: s3cret\n", "list:2:3: the option header"),
        ("  out=x\n", "list:1:3: an option without"),
        ("https://h/a\n  checksum=md5=1\n", "list:2:12: '1' is no md5"),
        ("bucket,a\nbucket,%ff\n", "list:2:8: the key is not"),
        ("bucket,a?versionId%3D1\n", "list:1:8: the key ends like a version's id"),
        (b"\x1f\x8b\x08" + b"\0" * 20, "list:1: can't be read further"),
        (gzip.compress(b"https://h/a\n" * 100, mtime=0)[:-9], "can't be read further"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(text: str | bytes, said: str) -> None:
    message = refused(text)
    assert said in message
    assert "s3cret" not in message


@pytest.mark.parametrize(
    ("form", "text", "said"),
    [
        ("gdc", "id\tfilename\tmd5\n1\ta\t\n", "list:1: not a manifest of GDC"),
        ("csv", "sample,age\na,5\n", "list:1: no column names the source"),
        ("sts", "https://h/a\t5\n", "list:1: the first line is not TsvHttpData-1.0"),
        ("checksums", "a b c\n", "list:1: not a line of checksums"),
        ("inventory", "https://h/a\n", "list:1: no bucket and key"),
        ("jsonl", "https://h/a\n", "list:1:1: not a JSON object"),
    ],
)
def test_a_manifest_in_another_format_than_the_one_named_is_refused(form: str, text: str, said: str) -> None:
    assert said in refused(text, form)


def test_a_spoiled_manifest_is_read_or_refused_by_name(manifest: tuple[str, str, str]) -> None:
    """Whatever is wrong with it."""
    pieces = [*'",\t\n;{\\\r(= #[\u0663', "://", "%ff", "null", "9" * 25]
    chance = random.Random(manifest[2])
    for _ in range(40):
        text = manifest[2]
        for _ in range(chance.randrange(1, 4)):
            first, last = sorted(chance.choices(range(len(text) + 1), k=2))
            text = text[:first] + chance.choice(pieces) + text[min(last, first + chance.randrange(4)) :]
        with contextlib.suppress(BadManifest):
            assert all(line.source for line in read(text, chance.choice(FORMATS)))


@pytest.mark.stress
def test_a_million_lines_take_under_100_mb(manifest: tuple[str, str, str]) -> None:
    head, *rows = manifest[2].encode().splitlines(keepends=True)
    endless = _Endless(chain([head], chain.from_iterable(repeat(rows))))
    before, begin = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    lines = read_manifest(cast(IO[bytes], endless), "list")
    assert sum(1 for _ in islice(lines, 1_000_000)) == 1_000_000
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    print(f"{time.process_time() - begin:.1f} s, {grown} MB")
    assert grown < 20
