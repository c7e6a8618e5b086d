"""The checksums of parts that this machine has moved, for stores that keep them but do not list them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from s3am_cloud.adapters.files.private_files import open_private, private_folder, read_private
from s3am_cloud.concurrency import Note, silent
from s3am_cloud.decoders import Decoder
from s3am_cloud.errors import AccessDenied, TransferError
from s3am_cloud.jobs.part_records import keep, known
from s3am_cloud.model import Job, MovedPart, Upload, UploadedPart
from s3am_cloud.ports.records import JobStore
from s3am_cloud_client.state_home import state_home

_decode_part: Decoder[MovedPart] = Decoder(MovedPart)


def record_sent(job: Job, sent: Sequence[MovedPart], jobs: JobStore, note: Callable[[str], None]) -> None:
    """Records what this run has sent, or compared with the source, so that whoever continues it elsewhere need not
    compare these parts."""
    try:
        keep(job, None, sent, jobs)
    except TransferError as error:
        note(f"which parts were sent is not recorded: {error.message}")


def notes_of(upload: Upload, note: Note = silent) -> PartNotes:
    """This user's notes on the parts of the upload."""
    home = state_home()
    return PartNotes(None if home is None else home / "parts", upload.upload_id, note)


class PartNotes:
    """One line for each part of an upload, written when the store has it; what counts is what the store lists."""

    def __init__(self, folder: Path | None, upload_id: str, note: Callable[[str], None]) -> None:
        """Without a folder, or with one that can't be written, nothing is noted."""
        # Upload ids may be longer than a file's name can be.
        name = f"{hashlib.sha256(upload_id.encode()).hexdigest()[:40]}.jsonl"
        self._path, self._warn = None if folder is None else folder / name, note

    def keep(self, moved: Iterable[MovedPart]) -> Iterator[MovedPart]:
        """Passes the parts on as they come, each once it is noted."""
        for part in moved:
            self._note(part)
            yield part

    def _note(self, part: MovedPart) -> None:
        if self._path is None:
            return
        try:
            private_folder(self._path.parent.parent, self._path.parent.name)
            with os.fdopen(open_private(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT), "ab") as file:
                file.write(msgspec.json.encode(part) + b"\n")
        except (OSError, AccessDenied) as error:
            why = error.strerror if isinstance(error, OSError) else error
            self._warn(f"checksums of parts are not noted in {self._path}: {why}")
            self._path = None

    def of(self, listed: Iterable[UploadedPart]) -> list[MovedPart]:
        """The notes on those of the listed parts that are still the ones that were noted."""
        return known(listed, self._read())

    def forget(self) -> None:
        if self._path is not None:
            with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
                self._path.unlink()

    def _read(self) -> Iterator[MovedPart]:
        for line in self._lines():
            try:
                yield _decode_part(line)
            except msgspec.DecodeError:
                return  # the line that a crash cut off

    def _lines(self) -> list[bytes]:
        """What can't be read was never noted: the store's own list counts."""
        try:
            return [] if self._path is None else read_private(self._path).splitlines()
        except (FileNotFoundError, NotADirectoryError, PermissionError, AccessDenied):
            return []
