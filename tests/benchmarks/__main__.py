"""Compares s3am-cloud with other tools, in speed, CPU time and memory: `make bench`.

Every round runs all tools of a row one after the other; the bytes are compared after every run. The table is
benchmark.md, the plot benchmark.svg, and every single run is in benchmark.json.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.compare import compare
from benchmarks.machine import about
from benchmarks.plot import svg
from benchmarks.rows import MIB, Files
from benchmarks.serving import Programs, wanted_rows
from benchmarks.table import Measured, markdown

_QUICK = {"size": 128, "slow_size": 64, "rounds": 1, "objects": 5, "items": 300}
_FULL = {"size": 1024, "slow_size": 1024, "rounds": 5, "objects": 50, "items": 10_000}


def main() -> None:
    given = _arguments()
    # As Ctrl-C does: gigabytes of memory are not to be left behind.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    machine = about(given.programs, given.own, given.scratch)
    machine.append(
        f"objects of {given.size} MiB, URL to S3 {given.slow_size} MiB, {given.rounds} rounds, "
        f"{given.objects} small objects, {given.items} items of a dataset"
    )
    given.output.mkdir(parents=True, exist_ok=True)
    measured: list[Measured] = []
    with tempfile.TemporaryDirectory(dir=given.scratch) as scratch:
        folder = Path(scratch)
        files = Files.make(folder, given.size * MIB, given.slow_size * MIB, given.objects, given.items)
        for row in wanted_rows(folder, files, Programs(given.programs, given.own), given.row or ["*"]):
            measured.append(compare(row, files.work, given.rounds, given.tool))
            _write(given.output, measured, machine)
    print(markdown(measured, machine))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    folder = Path(sys.executable).parent
    parser.add_argument("--programs", type=_folder, required=True, help="the folder with the other tools' commands")
    parser.add_argument("--own", type=_folder, default=folder, help="the folder with s3am-cloud [%(default)s]")
    parser.add_argument("--size", type=int, help=f"of the large object, in MiB [{_FULL['size']}]")
    parser.add_argument("--slow-size", type=int, help=f"of the object at a URL, in MiB [{_FULL['slow_size']}]")
    parser.add_argument("--rounds", type=int, help=f"how often each tool does each job [{_FULL['rounds']}]")
    parser.add_argument("--objects", type=int, help=f"how many small objects [{_FULL['objects']}]")
    parser.add_argument("--items", type=int, help=f"how many items a dataset has [{_FULL['items']}]")
    parser.add_argument("--quick", action="store_true", help="all in about two minutes, which shows that it works")
    parser.add_argument("--row", action="append", help="only rows with such names: 'download', '*TLS', '*strict*'")
    parser.add_argument("--tool", action="append", help="only these tools")
    parser.add_argument(
        "--scratch",
        type=_folder,
        default=Path("/dev/shm"),
        help="where the files are, up to 2.5 times SIZE [%(default)s, which is memory; on a disk its speed counts too]",
    )
    parser.add_argument("--output", type=_folder, default=Path("build"), help="for the results [%(default)s]")
    given = parser.parse_args()
    for name, value in (_QUICK if given.quick else _FULL).items():
        if getattr(given, name) is None:
            setattr(given, name, value)
    return given


def _folder(text: str) -> Path:
    return Path(text).absolute()


def _write(folder: Path, measured: Sequence[Measured], machine: Sequence[str]) -> None:
    """After each row, so that whoever interrupts a long run has what was measured."""
    (folder / "benchmark.md").write_text(markdown(measured, machine))
    (folder / "benchmark.svg").write_text(svg(measured))
    found = {"machine": machine, "rows": [asdict(row) for row in measured]}
    (folder / "benchmark.json").write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
