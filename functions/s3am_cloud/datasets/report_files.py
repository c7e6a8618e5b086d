"""The files of a run that are written as outcomes come, wherever they are kept."""

from __future__ import annotations

import gzip
import io
from contextlib import ExitStack
from types import TracebackType
from typing import IO

import msgspec

from s3am_cloud.datasets.outcomes import Outcome, Summary, displayable
from s3am_cloud.datasets.report_lines import checksum_line, failed_line

ITEMS, FAILED, CHECKSUMS, SUMMARY = "items.jsonl.gz", "failed.jsonl", "checksums.txt", "summary.json"
# Speed matters more than size here: lines of a dataset resemble each other, so that any level takes most of it.
_LEVEL = 1
_BUFFER = 1 << 16


class ReportFiles:
    """Writes to files that are open; leaving its context completes the compressed one, and leaves the others open."""

    def __init__(self, items: IO[bytes], failed: IO[bytes], checksums: IO[bytes]) -> None:
        self._open = ExitStack()
        compressed = gzip.GzipFile("", "wb", _LEVEL, items, mtime=0)
        self._items = self._open.enter_context(io.BufferedWriter(compressed, _BUFFER))
        self._failed, self._checksums = failed, checksums

    def __enter__(self) -> ReportFiles:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._open.close()

    def add(self, outcome: Outcome) -> None:
        self._items.write(msgspec.json.encode(displayable(outcome)) + b"\n")
        if outcome.state in {"failed", "not-reached"}:
            self._failed.write(failed_line(outcome) + b"\n")
        line = checksum_line(outcome)
        if line:
            self._checksums.write(line + b"\n")


def encoded_summary(summary: Summary) -> bytes:
    return msgspec.json.format(msgspec.json.encode(summary), indent=2) + b"\n"
