"""The jobs of the benchmark: what is moved, by whom, and how one knows that every byte arrived."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import tools
from benchmarks.targets import File, Folder, Nothing, Objects, StrictObject, Target
from benchmarks.tools import OWN, Bench, Ways

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Wanted = Callable[[str], bool]

MIB = 1 << 20
BUCKET = "bench"
SMALL = 16 << 10
DATASETS = {"10KiB": 10 << 10, "256KiB": 256 << 10}
"""Sizes of the items of a dataset. The names of the rows are those of the common workloads for S3 clients."""
HUGE = 5 << 30
LATENCY = 0.02
"""Seconds from a request to its answer at a server that is far away, as one in another part of a continent is."""
STRICT_SIZE = 128 * MIB
"""At most: what is deleted stays on the strict server's disk for a while."""
SOURCE_RATE = 20 * 10**6
"""Bytes a second that the source of URL to S3 lets each connection have."""
_URL = f"{OWN} with 16 slots; the source lets each connection have 20 MB/s. Two rounds suffice: others take its time."
_COPY = "The server copies by itself and at once: what is left is the tools' own time, not that of Amazon S3."
_EACH = "One command for each object, one after the other; those with 'one command' get the folder."
_FAR = "The source answers each request after 20 ms, as over a network; S3 answers at once."
_STRICT = "The server checks every signature and checksum; it, not the tools, sets the pace."


@dataclass(frozen=True)
class Row:
    """One job. `source` and `where` are for the tools; what `unchecked` ones move is kept nowhere."""

    name: str
    size: int
    ways: Ways
    bench: Bench
    source: str
    where: str
    target: Target
    note: str = ""
    unchecked: frozenset[str] = frozenset()
    most_rounds: int | None = None


@dataclass(frozen=True)
class Files:
    """What is moved. `work` is the folder that the tools run in."""

    work: Path
    large: Path
    slow: Path
    tiny: Path
    many: Path
    strict: Path
    items: int

    @classmethod
    def make(cls, folder: Path, size: int, slow: int, count: int, items: int) -> Files:
        """`size` and `slow` in bytes, `count` of small files, `items` of a dataset, which are made later. The fast
        server serves what is in `served`."""
        served, many = folder / "served" / BUCKET, folder / "many"
        (folder / "work").mkdir()
        for number in range(count):
            make_file(many / f"{number:04}", SMALL)
        return cls(
            folder / "work",
            make_file(served / "large", size),
            make_file(served / "slow", slow),
            make_file(folder / "tiny", 1 << 10),
            many,
            make_file(folder / "strict", min(size, STRICT_SIZE)),
            items,
        )


def make_file(path: Path, size: int) -> Path:
    """Bytes that nobody can compress or leave out."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        for place in range(0, size, MIB):
            file.write(os.urandom(min(MIB, size - place)))
    return path


def rows(files: Files, bench: Bench, source: str, kind: str = "") -> Iterator[Row]:
    """The rows at the fast server; `kind` is the end of their names, `source` where the slow object is."""
    size = files.large.stat().st_size
    download = {**tools.DOWNLOAD, **tools.download_floors(size)}
    upload = {**tools.UPLOAD, **tools.UPLOAD_FLOORS}
    large, back = f"s3://{BUCKET}/large", files.work / "back"

    def row(
        name: str, like: Path, ways: Ways, source: str, note: str = "", unchecked: frozenset[str] = frozenset()
    ) -> Row:
        key = f"{BUCKET}/{name.partition(' ')[0]}"
        objects = Objects(bench.endpoint, bench.certificate, [(key, like)])
        return Row(name + kind, like.stat().st_size, ways, bench, source, f"s3://{key}", objects, note, unchecked)

    yield Row(
        "download" + kind,
        size,
        download,
        bench,
        large,
        str(back),
        File(back, files.large),
        unchecked=frozenset({"raw socket"}),
    )
    yield row("upload", files.large, upload, str(files.large), unchecked=frozenset({"dd"}))
    url = row("URL to S3, 20 MB/s per connection", files.slow, tools.FROM_URL, source, _URL)
    yield replace(url, most_rounds=2)
    yield row("S3 to S3", files.large, tools.COPY, large, _COPY)
    yield row("upload of 1 KiB", files.tiny, tools.UPLOAD, str(files.tiny))


def small_rows(files: Files, bench: Bench) -> Iterator[Row]:
    """What starting costs: once, and again for each of many small objects."""
    many = sorted(files.many.iterdir())
    yield Row(
        f"upload of {len(many)} objects of 16 KiB",
        SMALL * len(many),
        {**tools.each_file(tools.UPLOAD), **tools.all_files()},
        bench,
        str(files.many),
        f"s3://{BUCKET}/many",
        Objects(bench.endpoint, bench.certificate, [(f"{BUCKET}/many/{path.name}", path) for path in many]),
        _EACH,
    )
    yield Row("start", 0, tools.HELP, bench, "", "", Nothing(), "--help, or as near to it as a tool has.")


def dataset_rows(folder: Path, count: int, bench: Bench, far: str, wanted: Wanted) -> Iterator[Row]:
    """`count` items by one command. Files are made for the rows that are `wanted` alone, and removed after each: all
    together take 10 GB. `far` is the URL of the same server behind a network."""
    for name, size in DATASETS.items():
        titles = [title for way in ("upload", "download") if wanted(title := f"{way}-{name}-{count:_}x")]
        made = _made(folder / "served" / BUCKET / name, size, count if titles else 0)
        # The server keeps checksums of what it has served, so that both rows have to have the same files.
        yield from _removed([_dataset(title, made, size, bench) for title in titles], folder)
    if wanted("upload-5GiB-1x"):
        yield from _removed([_huge(folder / "huge", bench)], folder)
    urls = f"URLs-10KiB-{count // 10:_}x"
    for title, source, note in ((urls, bench.endpoint, ""), (f"{urls}, 20 ms", far, _FAR)):
        if wanted(title):
            yield from _removed([_urls(title, folder, source, bench, note, count // 10)], folder)


def _made(folder: Path, size: int, count: int) -> list[Path]:
    return [make_file(folder / f"{number:05}", size) for number in range(count)]


def _dataset(title: str, paths: list[Path], size: int, bench: Bench) -> Row:
    folder = paths[0].parent
    if title.startswith("upload"):
        key = f"uploaded/{folder.name}"
        objects = Objects(bench.endpoint, bench.certificate, [(f"{BUCKET}/{key}/{path.name}", path) for path in paths])
        where = f"s3://{BUCKET}/{key}"
        return Row(title, size * len(paths), tools.whole_folder(), bench, str(folder), where, objects)
    back = folder.parent.parent.parent / "back"
    source = f"s3://{BUCKET}/{folder.name}"
    return Row(title, size * len(paths), tools.WHOLE_PREFIX, bench, source, str(back), Folder(back, folder))


def _huge(path: Path, bench: Bench) -> Row:
    make_file(path, HUGE)
    objects = Objects(bench.endpoint, bench.certificate, [(f"{BUCKET}/huge", path)])
    return Row("upload-5GiB-1x", HUGE, tools.UPLOAD, bench, str(path), f"s3://{BUCKET}/huge", objects)


def _urls(title: str, folder: Path, source: str, bench: Bench, note: str, count: int) -> Row:
    """Small items from a web server."""
    size = DATASETS["10KiB"]
    paths = _made(folder / "served" / BUCKET / "web", size, count)
    listed = folder / "urls.csv"
    listed.write_text("".join(f"{source}/{BUCKET}/web/{path.name},{path.name}\n" for path in paths))
    objects = Objects(bench.endpoint, bench.certificate, [(f"{BUCKET}/fetched/{path.name}", path) for path in paths])
    return Row(title, size * count, tools.URLS, bench, str(listed), f"s3://{BUCKET}/fetched", objects, note)


def _removed(made: list[Row], folder: Path) -> Iterator[Row]:
    """The rows, and then no longer their files."""
    for row in made:
        yield row
        row.target.clear()
    for name in ("web", *DATASETS):
        shutil.rmtree(folder / "served" / BUCKET / name, ignore_errors=True)
    (folder / "huge").unlink(missing_ok=True)


def strict_rows(files: Files, bench: Bench, client: S3Client) -> Iterator[Row]:
    """Up to and from a server that checks as Amazon S3 does. It needs a bucket of the benchmark's name."""
    size, back = files.strict.stat().st_size, files.work / "back"
    client.upload_file(str(files.strict), BUCKET, "strict")
    stored = StrictObject(client, BUCKET, "up", files.strict)
    yield Row(
        "download, strict S3",
        size,
        tools.DOWNLOAD,
        bench,
        f"s3://{BUCKET}/strict",
        str(back),
        File(back, files.strict),
        _STRICT,
    )
    yield Row("upload, strict S3", size, tools.UPLOAD, bench, str(files.strict), f"s3://{BUCKET}/up", stored, _STRICT)
