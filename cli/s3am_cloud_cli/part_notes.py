"""The checksums of parts that this machine has moved, for stores that keep them but do not list them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from s3am_cloud.decoders import Decoder
from s3am_cloud.model import MovedPart, UploadedPart

_decode_part: Decoder[MovedPart] = Decoder(MovedPart)


class PartNotes:
    """One line for each part of an upload, written when the store has it; what counts is what the store lists."""

    def __init__(self, folder: Path, upload_id: str) -> None:
        # Upload ids may be longer than a file's name can be.
        self._path = folder / f"{hashlib.sha256(upload_id.encode()).hexdigest()[:40]}.jsonl"

    def keep(self, moved: Iterable[MovedPart]) -> Iterator[MovedPart]:
        """Passes the parts on as they come, each once it is noted."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        for part in moved:
            with self._path.open("ab") as file:
                file.write(msgspec.json.encode(part) + b"\n")
            yield part

    def of(self, there: Iterable[UploadedPart]) -> list[MovedPart]:
        """The notes on those of the listed parts that are still the ones that were noted."""
        listed = {(part.number, part.length, part.etag) for part in there}
        noted = {part.number: part for part in self._read() if (part.number, part.length, part.etag) in listed}
        return [MovedPart(part.number, part.length, part.crc, part.etag) for part in noted.values()]

    def forget(self) -> None:
        self._path.unlink(missing_ok=True)

    def _read(self) -> Iterator[MovedPart]:
        lines = self._path.read_bytes().splitlines() if self._path.exists() else []
        for line in lines:
            try:
                yield _decode_part(line)
            except msgspec.DecodeError:
                return  # the line that a crash cut off
