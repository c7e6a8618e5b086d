"""The files of a run: an outcome per line, the items that failed as a manifest, checksums, and a summary.

They are written as outcomes come, so that a run that is killed leaves what it did; `summary.json` comes last.
"""

from __future__ import annotations

import gzip
import io
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import msgspec

from s3am_cloud.datasets.outcomes import Outcome, Summary
from s3am_cloud.datasets.report_lines import checksum_line, failed_line
from s3am_cloud_client.inprocess.system_errors import naming_system_errors

ITEMS, FAILED, CHECKSUMS, SUMMARY = "items.jsonl.gz", "failed.jsonl", "checksums.txt", "summary.json"
# Speed matters more than size here: lines of a dataset resemble each other, so that any level takes most of it.
_LEVEL = 1


class RunFiles:
    """Written to from one thread. Files of an earlier run in the same folder are replaced."""

    def __init__(self, folder: Path) -> None:
        """Raises AccessDenied, DiskFull and what else the system refuses."""
        self.folder = folder
        self._open = ExitStack()
        with naming_system_errors():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._items = self._open.enter_context(
                io.BufferedWriter(gzip.open(folder / ITEMS, "wb", _LEVEL), 1 << 16)  # noqa: SIM115
            )
            self._failed = self._open.enter_context((folder / FAILED).open("wb"))
            self._checksums = self._open.enter_context((folder / CHECKSUMS).open("wb"))

    def __enter__(self) -> RunFiles:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with naming_system_errors():
            self._open.close()

    def add(self, outcome: Outcome) -> None:
        with naming_system_errors():
            self._items.write(msgspec.json.encode(outcome) + b"\n")
            if outcome.state in {"failed", "not-reached"}:
                self._failed.write(failed_line(outcome) + b"\n")
            line = checksum_line(outcome)
            if line:
                self._checksums.write(line + b"\n")

    def end(self, summary: Summary) -> None:
        with naming_system_errors():
            (self.folder / SUMMARY).write_bytes(msgspec.json.format(msgspec.json.encode(summary), indent=2) + b"\n")
