"""Compares s3am-cloud with other tools: `make bench`.

Every round runs all tools of a row one after the other, so that what else the machine does meets all of them alike;
medians and ratios of runs of the same round are told, and the bytes are checked after every run.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.measure import Failed, Taken, take
from benchmarks.rows import Row, rows
from benchmarks.table import Measured, markdown, svg
from benchmarks.tools import Bench
from servers.certificates import Certificate, make_certificate

_SLOW = 20 * 10**6


def main() -> None:
    given = _arguments()
    with tempfile.TemporaryDirectory(dir=given.scratch) as scratch:
        folder = Path(scratch)
        (folder / "work").mkdir()
        (folder / "served").mkdir()
        measured = list(_measured(given, folder))
    given.output.mkdir(parents=True, exist_ok=True)
    (given.output / "benchmark.md").write_text(markdown(measured))
    (given.output / "benchmark.svg").write_text(svg(measured))
    print(markdown(measured))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--programs", type=Path, required=True, help="the folder with the other tools' commands")
    parser.add_argument("--size", type=int, default=1024, help="of the large object, in MiB")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--row", action="append", help="only rows whose names begin so")
    parser.add_argument("--tool", action="append", help="only these tools")
    parser.add_argument("--tls", action="store_true", help="TLS between all tools and S3")
    parser.add_argument("--scratch", type=Path, default=Path("/dev/shm"), help="a folder in memory, for the files")
    parser.add_argument("--output", type=Path, default=Path("build"))
    return parser.parse_args()


def _measured(given: argparse.Namespace, folder: Path) -> Iterator[Measured]:
    certificate = make_certificate(folder) if given.tls else None
    with server(folder, certificate) as port, server(folder, None, "--rate", str(_SLOW)) as slow:
        endpoint = f"{'https' if certificate else 'http'}://127.0.0.1:{port}"
        bench = Bench(given.programs.absolute(), endpoint, certificate.file if certificate else None)
        for row in rows(folder, given.size << 20, f"http://127.0.0.1:{slow}"):
            if not given.row or row.name.startswith(tuple(given.row)):
                yield _run(row, bench, folder, given.rounds, given.tool)


def _run(row: Row, bench: Bench, folder: Path, rounds: int, wanted: list[str] | None) -> Measured:
    runs: dict[str, list[Taken]] = {tool: [] for tool in row.ways if not wanted or tool in wanted}
    for _ in range(rounds):
        for tool in list(runs):
            try:
                runs[tool].append(
                    take(row.ways[tool](bench, row.source, row.target), _environment(bench, folder), folder / "work")
                )
                row.check(bench, row.target)
            except Failed as error:
                print(f"{row.name}: {tool} is left out: {error}", file=sys.stderr)
                del runs[tool]
    print(f"{row.name}: {rounds} rounds", file=sys.stderr)
    return Measured(row.name, row.size, runs)


def _environment(bench: Bench, folder: Path) -> dict[str, str]:
    found = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder / "work"),
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": bench.endpoint,
        "AWS_ENDPOINT_URL_S3": bench.endpoint,
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }
    if bench.certificate:
        found |= {name: str(bench.certificate) for name in ("AWS_CA_BUNDLE", "SSL_CERT_FILE")}
    return found


@contextmanager
def server(folder: Path, certificate: Certificate | None, *options: str) -> Iterator[int]:
    """A server in a process of its own, so that its CPU time is nobody's."""
    tls = ("--certificate", str(certificate.file), str(certificate.key_file)) if certificate else ()
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.fast_s3", str(folder / "served"), *tls, *options],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parent.parent,
        text=True,
    )
    try:
        if process.stdout is None:
            raise RuntimeError("the server says nothing")
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    main()
