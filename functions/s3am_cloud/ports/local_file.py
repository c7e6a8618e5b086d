"""The contract of what a download fills."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from s3am_cloud.model import MovedPart, Part, Plan, SourceInfo


class LocalTarget(Protocol):
    """A local file that a download fills: its bytes stay under another name until it is whole.

    Everything but `exists` is for who holds it.
    """

    path: Path
    final: Path

    @property
    def exists(self) -> bool:
        """Whether an earlier download left something."""

    @property
    def taken(self) -> bool:
        """Whether the final name has a file."""

    @property
    def identity(self) -> tuple[int, int]:
        """Device and inode of the file that is held."""

    def lock(self) -> AbstractContextManager[None]:
        """Keeps every other download away from it. Raises DownloadBusy where another one holds it."""

    def begin(self, info: SourceInfo, plan: Plan) -> None:
        """Starts afresh."""

    def record(self, part: MovedPart) -> None:
        """Notes that the part's bytes are in the file."""

    def recorded(self, info: SourceInfo) -> tuple[int, list[MovedPart]] | None:
        """Part size and parts noted of this very version, None where nothing can be resumed."""

    def crc(self, part: Part) -> int:
        """The CRC64NVME of the part's bytes as they are on disk."""

    def commit(self, overwrite: bool) -> None:
        """Gives the file its name, when it is on disk. Raises LocalFileExists unless `overwrite`, and JobFailed where
        somebody else has removed or replaced the file that was held."""

    def discard(self) -> None:
        """Removes what the download has left."""
