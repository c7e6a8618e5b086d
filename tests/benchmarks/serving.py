"""The servers of the benchmark, each in a process of its own, so that its CPU time is nobody's."""

from __future__ import annotations

import fnmatch
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.authority import Trusted, make_trusted
from benchmarks.rows import (
    BUCKET,
    LATENCY,
    SOURCE_RATE,
    Files,
    Row,
    Wanted,
    dataset_rows,
    rows,
    small_rows,
    strict_rows,
)
from benchmarks.tools import Bench
from servers.certificates import Certificate
from servers.strict_s3 import StrictS3


@dataclass(frozen=True)
class Programs:
    """Folders with commands: the other tools', with a Python that can import them, and that of s3am-cloud."""

    others: Path
    own: Path


@dataclass(frozen=True)
class Served:
    """A fast server: where it listens, on 127.0.0.1, and its process id."""

    port: int
    pid: int


@contextmanager
def serving(folder: Path, certificate: Certificate | None, *options: str) -> Iterator[Served]:
    """A fast server for the files in the folder `served` of `folder`, with TLS if there is a certificate."""
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
        yield Served(int(process.stdout.readline()), process.pid)
    finally:
        process.kill()
        process.wait()


@contextmanager
def server(folder: Path, certificate: Certificate | None, *options: str) -> Iterator[int]:
    """A fast server's port."""
    with serving(folder, certificate, *options) as served:
        yield served.port


def wanted_rows(folder: Path, files: Files, programs: Programs, patterns: Sequence[str]) -> Iterator[Row]:
    """The rows whose names match one of the patterns, each while its servers run."""

    def wanted(name: str) -> bool:
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)

    groups = (
        _plain(folder, files, programs),
        _tls(folder, files, programs),
        _strict(files, programs),
        _datasets(folder, files, programs, wanted),
    )
    for group in groups:
        yield from (row for row in group if wanted(row.name))


def _plain(folder: Path, files: Files, programs: Programs) -> Iterator[Row]:
    with ExitStack() as stack:
        bench, source = _bench(stack, folder, None, programs)
        yield from rows(files, bench, source)
        yield from small_rows(files, bench)


def _tls(folder: Path, files: Files, programs: Programs) -> Iterator[Row]:
    with ExitStack() as stack:
        bench, source = _bench(stack, folder, make_trusted(folder), programs)
        yield from rows(files, bench, source, ", TLS")


def _datasets(folder: Path, files: Files, programs: Programs, wanted: Wanted) -> Iterator[Row]:
    with ExitStack() as stack:
        bench, _ = _bench(stack, folder, None, programs)
        far = stack.enter_context(server(folder, None, "--latency", str(LATENCY)))
        yield from dataset_rows(folder, files.items, bench, f"http://127.0.0.1:{far}", wanted)


def _bench(stack: ExitStack, folder: Path, trusted: Trusted | None, programs: Programs) -> tuple[Bench, str]:
    """An S3, and the URL of the object in a source that is slow, but not for many."""
    scheme, certificate = ("https", trusted.server) if trusted else ("http", None)
    s3 = stack.enter_context(serving(folder, certificate))
    slow = stack.enter_context(serving(folder, certificate, "--rate", str(SOURCE_RATE)))
    bench = Bench(
        programs.others,
        programs.own,
        f"{scheme}://127.0.0.1:{s3.port}",
        trusted.authority if trusted else None,
        servers=(s3.pid, slow.pid),
    )
    return bench, f"{scheme}://127.0.0.1:{slow.port}/{BUCKET}/slow"


def _strict(files: Files, programs: Programs) -> Iterator[Row]:
    with StrictS3() as strict:
        client = strict.client()
        client.create_bucket(Bucket=BUCKET)
        bench = Bench(
            programs.others,
            programs.own,
            strict.endpoint_url,
            access_key=strict.access_key,
            secret_key=strict.secret_key,
            servers=(strict.pid,),
        )
        yield from strict_rows(files, bench, client)
