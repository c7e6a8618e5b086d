"""The files of a run: an outcome per line, the items that failed as a manifest, checksums, and a summary.

They are written as outcomes come, so that a run that is killed leaves what it did; `summary.json` comes last.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType

from s3am_cloud.datasets.outcomes import Outcome, Summary
from s3am_cloud.datasets.report_files import CHECKSUMS, FAILED, ITEMS, SUMMARY, ReportFiles, encoded_summary
from s3am_cloud_client.inprocess.system_errors import naming_system_errors


class RunFiles:
    """Written to from one thread. Files of an earlier run in the same folder are replaced."""

    def __init__(self, folder: Path) -> None:
        """Raises AccessDenied, DiskFull and what else the system refuses."""
        self.folder = folder
        self._open = ExitStack()
        with naming_system_errors():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            items, checksums = (self._open.enter_context((folder / name).open("wb")) for name in (ITEMS, CHECKSUMS))
            failed = self._open.enter_context(os.fdopen(_private(folder / FAILED), "wb"))
            self._files = self._open.enter_context(ReportFiles(items, failed, checksums))

    def __enter__(self) -> RunFiles:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with naming_system_errors():
            self._open.close()

    def add(self, outcome: Outcome) -> None:
        with naming_system_errors():
            self._files.add(outcome)

    def end(self, summary: Summary) -> None:
        with naming_system_errors():
            (self.folder / SUMMARY).write_bytes(encoded_summary(summary))


def _private(path: Path) -> int:
    """For a file with URLs as they were given, with secrets that may be in them: nobody could use them without."""
    with suppress(FileNotFoundError):
        path.unlink()  # an earlier run's may be open to others
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
