"""The memory that a run over very many items takes, with a mover that sends nothing: `python -m benchmarks.million`.

python -m benchmarks.million [ITEMS]     prints memory and CPU time as the run goes on
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from s3am_cloud.model import SourceInfo
from s3am_cloud.ports.objects import Put, Settled, WholeObject
from s3am_cloud.ports.pace import ShouldStop
from s3am_cloud_client import Aws, DatasetOptions, UploadOptions, upload_many
from s3am_cloud_client.inprocess.dataset import upload_run

_ITEMS = 1_000_000
_SIZE = 10 << 10


class NoMover:
    """Says of each object that it was put."""

    def __init__(self, *given: object) -> None:
        """Takes what the mover takes that it stands for."""

    def copy(self, objects: Iterable[WholeObject | None], should_stop: ShouldStop) -> Iterator[Settled]:
        for wanted in objects:
            if wanted is not None:
                etag = f'"{wanted.number:032x}"'
                info = SourceInfo(size=_SIZE, ranges=True, etag=etag)
                yield Put(number=wanted.number, size=_SIZE, crc=wanted.number, info=info, etag=etag, shown=True)


def write_list(path: Path, count: int) -> None:
    with path.open("w") as file:
        for n in range(count):
            name = f"sample{n // 1000:05}/file{n:08}.dat"
            file.write(f"https://data.example.org/runs/2026/{name},{name}\n")


def shown(what: str) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    private = sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024
    print(
        f"{what:>12}: {peak:.0f} MiB resident at most, {private:.0f} private, {time.process_time():.0f} s CPU",
        flush=True,
    )


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else _ITEMS
    setattr(upload_run, "CurlObjectMover", NoMover)  # noqa: B010 (for a moment, and for nobody else)
    shown("start")
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "list.csv"
        write_list(listed, count)
        dataset = DatasetOptions(manifest=str(listed), exists="overwrite", report_dir=Path(folder) / "report")
        uploads = upload_many([], "s3://bucket/runs/", options=UploadOptions(aws=Aws()), dataset=dataset)
        shown("list read")
        for number, _ in enumerate(uploads, 1):
            if number % max(1, count // 5) == 0:
                shown(f"{number:,}")


if __name__ == "__main__":
    main()
