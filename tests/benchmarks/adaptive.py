"""How many connections are opened to sources of three kinds: by default, and with explicit numbers.

../.venv/bin/python -m benchmarks.adaptive      in tests/; prints a Markdown table
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from benchmarks.limited_source import Kind

_PROGRAM = Path(sys.executable).with_name("s3am-cloud")
_EXPLICIT = (1, 4, 8, 16, 32)
_KINDS = {
    "20 MB/s per connection": Kind(each=20),
    "100 MB/s in all": Kind(each=20, total=100),
    "20 MB/s per connection, 503 above 8": Kind(each=20, most=8),
}
_HEAD = ("source", "slots", "wall s", "MB/s", "most", "settled", "refused")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.adaptive", description=__doc__)
    parser.add_argument("--size", type=int, default=1024, help="of the source, in MiB")
    parser.add_argument("--part-size", default="8MB")
    parser.add_argument("--slots", type=int, nargs="*", default=_EXPLICIT, help="explicit numbers to compare with")
    parser.add_argument("--verbose", action="store_true")
    given = parser.parse_args()
    print(_line(_HEAD), _line("---" for _ in _HEAD), sep="\n", flush=True)
    with tempfile.TemporaryDirectory(dir="/dev/shm") as scratch:
        for name, kind in _KINDS.items():
            for slots in (None, *given.slots):
                _measure(name, kind, slots, given, Path(scratch))


def _measure(name: str, kind: Kind, slots: int | None, given: argparse.Namespace, scratch: Path) -> None:
    size = given.size << 20
    numbers = map(str, (size, kind.each, kind.total, kind.most))
    with _server("limited_source", *numbers) as source, _server("fast_s3", str(scratch)) as target:
        wall, failed = _upload(f"{source}/x", slots, given, target, scratch)
        seen = json.load(urlopen(f"{source}/seen"))
    row = [name, "by itself" if slots is None else slots]
    row += [failed, ""] if failed else [f"{wall:.1f}", f"{size / wall / 1e6:.0f}"]
    print(_line([*row, max(seen["at_once"]), _settled(seen["at_once"]), seen["refused"]]), flush=True)


def _settled(at_once: Sequence[int]) -> int:
    """The median of the second half, without the very end, where the parts run out."""
    return round(statistics.median(at_once[len(at_once) // 2 : -len(at_once) // 20 or None] or [0]))


def _upload(url: str, slots: int | None, given: argparse.Namespace, target: str, scratch: Path) -> tuple[float, str]:
    command: list[Any] = [_PROGRAM, "upload", "--part-size", given.part_size, "--exists", "overwrite", url, "s3://b/x"]
    command += [] if slots is None else ["--download-slots", str(slots)]
    command += ["--verbose"] if given.verbose else []
    began = time.monotonic()
    done = subprocess.run(command, env=_environment(target, scratch), capture_output=True, check=False)
    wall = time.monotonic() - began
    if given.verbose:
        sys.stderr.write(done.stderr.decode())
    return wall, f"exit code {done.returncode}" if done.returncode else ""


@contextmanager
def _server(name: str, *words: str) -> Iterator[str]:
    """One of our servers, in a process of its own; its URL."""
    process = subprocess.Popen(
        [sys.executable, "-m", f"benchmarks.{name}", *words],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parent.parent,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait()


def _environment(endpoint: str, home: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": endpoint,
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }


def _line(cells: Any) -> str:
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    main()
