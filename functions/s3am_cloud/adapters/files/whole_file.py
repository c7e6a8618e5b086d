"""A small file of a dataset on its way: it comes whole, so nothing of it is kept for a later run.

Until it gets its name its bytes are in `.NAME.partial` beside it, locked as any other unfinished download is: what a
run leaves that is killed in that moment is taken up, or removed, by the next download to the name.
"""

from __future__ import annotations

import os
from pathlib import Path

from s3am_cloud.adapters.files.file_errors import naming_writes
from s3am_cloud.adapters.files.local_file import version_of
from s3am_cloud.adapters.files.locked_file import open_locked
from s3am_cloud.adapters.files.partial_file import SUFFIXES, paths_beside
from s3am_cloud.adapters.files.placing import put_in_place
from s3am_cloud.errors import DownloadBusy


class WholeFileWriter:
    """An open file, until `commit` or `drop`. It is not synchronized with the disk: a run has too many of them."""

    def __init__(self, path: str) -> None:
        """Raises DownloadBusy where there is something of another download, and what `write_error` names."""
        self._final = Path(path)
        if self._final.name.endswith(SUFFIXES):
            raise DownloadBusy(f"{self._final.name} ends like a file of an unfinished download")
        self._partial, _ = paths_beside(self._final)
        # Without locks nothing is shared with other downloads but the name, which is new.
        self._descriptor = open_locked(self._partial, True, lambda: None)

    def write(self, data: bytes | bytearray) -> None:
        rest = memoryview(data)
        with naming_writes(self._final):
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]

    def commit(self, overwrite: bool) -> str:
        """Gives it its name, and returns what identifies this version of the file. Raises LocalFileExists."""
        try:
            with naming_writes(self._final):
                put_in_place(self._partial, self._final, self._descriptor, overwrite)
                version = version_of(os.fstat(self._descriptor))
        except BaseException:
            self.drop()
            raise
        os.close(self._descriptor)
        return version

    def drop(self) -> None:
        with naming_writes(self._partial):
            self._partial.unlink(missing_ok=True)
            os.close(self._descriptor)
