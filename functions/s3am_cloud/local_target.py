"""The contract of what a download fills."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from s3am_cloud.model import MovedPart, Part, Plan, SourceInfo


class LocalTarget(Protocol):
    """A local file that a download fills: its bytes stay under another name until it is whole."""

    path: Path
    final: Path

    @property
    def exists(self) -> bool:
        """Whether an earlier download left something."""

    def begin(self, info: SourceInfo, plan: Plan) -> None:
        """Starts afresh."""

    def record(self, part: MovedPart) -> None:
        """Notes that the part's bytes are in the file."""

    def recorded(self, info: SourceInfo) -> tuple[int, list[MovedPart]] | None:
        """Part size and parts noted of this very version, None where there is nothing to go on with."""

    def crc(self, part: Part) -> int:
        """The CRC64NVME of the part's bytes as they are on disk."""

    def commit(self, overwrite: bool) -> None:
        """Gives the file its name, when it is on disk. Raises LocalFileExists unless `overwrite`."""

    def discard(self) -> None: ...
