"""The jobs of the benchmark: what is moved, by whom, and how one knows that every byte arrived."""

from __future__ import annotations

import hashlib
import http.client
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks import tools
from benchmarks.tools import Bench, Way

MIB = 1 << 20
BUCKET = "bench"


class Different(RuntimeError):
    """A tool said it was done, and the bytes are others."""


@dataclass(frozen=True)
class Row:
    """One job. `source` and `target` are for the tools, `check` raises Different after each run of one that moves."""

    name: str
    size: int
    ways: dict[str, Way]
    source: str
    target: str
    check: Callable[[Bench, str], None]


def make_file(path: Path, size: int) -> Path:
    """Bytes that nobody can compress or leave out."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        for _ in range(0, size, MIB):
            file.write(os.urandom(min(MIB, size)))
    return path


def rows(folder: Path, size: int, source_url: str) -> list[Row]:
    """The rows over files in `folder`; `source_url` is a server that lets each connection have 20 MB/s."""
    large, small = make_file(folder / "served" / BUCKET / "large", size), make_file(folder / "small", 1024)
    slow = make_file(folder / "served" / BUCKET / "slow", min(size, 320 * MIB))
    digest = _digest(large)

    def is_file(bench: Bench, target: str) -> None:
        path = Path(target)
        if _digest(path) != digest:
            raise Different(target)
        path.unlink()

    def is_stored(of: Path) -> Callable[[Bench, str], None]:
        expected = of.stat().st_size, _crc_header(of)

        def check(bench: Bench, target: str) -> None:
            if _head(bench, target) != expected:
                raise Different(target)

        return check

    return [
        Row("download", size, tools.DOWNLOAD, f"s3://{BUCKET}/large", str(folder / "work" / "back"), is_file),
        Row("upload", size, tools.UPLOAD, str(large), f"s3://{BUCKET}/up", is_stored(large)),
        Row(
            "URL to S3, 20 MB/s per connection",
            slow.stat().st_size,
            tools.FROM_URL,
            f"{source_url}/{BUCKET}/slow",
            f"s3://{BUCKET}/from-url",
            is_stored(slow),
        ),
        Row("S3 to S3", size, tools.COPY, f"s3://{BUCKET}/large", f"s3://{BUCKET}/copy", is_stored(large)),
        Row("upload of 1 KiB", 1024, _without_floor(tools.UPLOAD), str(small), f"s3://{BUCKET}/one", is_stored(small)),
        Row("start", 0, tools.HELP, "", "", lambda bench, target: None),
    ]


def _without_floor(ways: dict[str, Way]) -> dict[str, Way]:
    return {name: way for name, way in ways.items() if name != tools.FLOOR}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _crc_header(path: Path) -> str:
    from benchmarks.stored import Stored, crc_of

    return Stored(path.stat().st_size, crc_of(path, 0, path.stat().st_size)).checksum


def _head(bench: Bench, url: str) -> tuple[int, str | None]:
    """Asks the server itself, which has computed the CRC of what it was sent."""
    import ssl

    where = urlsplit(bench.endpoint)
    if bench.certificate:
        context = ssl.create_default_context(cafile=str(bench.certificate))
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(where.netloc, context=context)
    else:
        connection = http.client.HTTPConnection(where.netloc)
    connection.request("HEAD", f"/{url.removeprefix('s3://')}")
    answer = connection.getresponse()
    found = int(answer.headers.get("content-length", -1)), answer.headers.get("x-amz-checksum-crc64nvme")
    connection.close()
    return found
