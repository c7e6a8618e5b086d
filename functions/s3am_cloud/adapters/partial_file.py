"""A download on its way: `.NAME.partial` with the bytes, `.NAME.progress` with what is known of them.

Both names are S3AM's. The file appears under its own name only when it is whole.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from s3am_cloud.checksum import EMPTY, update
from s3am_cloud.decoders import Decoder
from s3am_cloud.errors import AccessDenied, BadDestination, DiskFull, LocalFileExists
from s3am_cloud.limits import KIB
from s3am_cloud.model import MovedPart, Part, Plan, SourceInfo

SUFFIXES = (".partial", ".progress")
_READ = 256 * KIB


class _Head(msgspec.Struct, frozen=True):
    """The first line of a progress file: the version that the bytes are of, and how they were cut."""

    info: SourceInfo
    part_size: int


_decode_head: Decoder[_Head] = Decoder(_Head)
_decode_part: Decoder[MovedPart] = Decoder(MovedPart)


class PartialFile:
    """The files of one download. Raises BadDestination for a name that ends like theirs or where no file can be."""

    def __init__(self, path: Path) -> None:
        if path.name.endswith(SUFFIXES):
            raise BadDestination(f"{path.name} ends like a file of an unfinished download", "choose another name")
        if not path.parent.is_dir():
            raise BadDestination(f"{path.parent} is not a folder", "make the folder first")
        self.final = path
        self.path = path.with_name(f".{path.name}.partial")
        self._progress = path.with_name(f".{path.name}.progress")

    @property
    def exists(self) -> bool:
        return self.path.exists() or self._progress.exists()

    def begin(self, info: SourceInfo, plan: Plan) -> None:
        """An empty file of the full size, without a byte on disk yet, and a progress file that names the version."""
        self.discard()
        with _naming(self.path):
            with self.path.open("wb") as file:
                file.truncate(plan.size)
            self._progress.write_bytes(msgspec.json.encode(_Head(info, plan.part_size)) + b"\n")

    def record(self, part: MovedPart) -> None:
        """Notes that a part is there, with its CRC: a later run trusts it only after reading it again."""
        with _naming(self._progress), self._progress.open("ab") as file:
            file.write(msgspec.json.encode(part) + b"\n")

    def recorded(self, info: SourceInfo) -> tuple[int, list[MovedPart]] | None:
        """The part size and the parts that an earlier run noted of this very version; None where it was another."""
        lines = iter(self._progress.read_bytes().splitlines()) if self._progress.exists() else iter(())
        try:
            head = _decode_head(next(lines, b""))
        except msgspec.DecodeError:
            return None
        if not head.info.same_version(info) or not self.path.exists() or self.path.stat().st_size != info.size:
            return None
        return head.part_size, list(_decoded(lines))

    def crc(self, part: Part) -> int:
        """The CRC64NVME of a part as it is on disk, read into one small buffer that stays in the processor's cache."""
        crc, left, place = EMPTY, part.length, part.first
        buffer = memoryview(bytearray(_READ))
        with _naming(self.path), self.path.open("rb", buffering=0) as file:
            while left and (count := os.preadv(file.fileno(), [buffer[:left]], place)):
                crc = update(crc, buffer[:count])
                place += count
                left -= count
        return crc

    def commit(self, overwrite: bool) -> None:
        """Puts the whole file under its name, on disk before it is seen. Raises LocalFileExists unless `overwrite`."""
        with _naming(self.final):
            with self.path.open("rb+") as file:
                os.fsync(file.fileno())
            if overwrite:
                self.path.replace(self.final)
            else:
                self._link()
            self._progress.unlink(missing_ok=True)

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)
        self._progress.unlink(missing_ok=True)

    def _link(self) -> None:
        """A rename would replace a file that appeared meanwhile; a link does not."""
        try:
            self.final.hardlink_to(self.path)
        except FileExistsError as error:
            raise LocalFileExists(f"{self.final} exists") from error
        except OSError as error:
            if error.errno not in {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS} or self.final.exists():
                raise
            self.path.rename(self.final)  # a file system without links
            return
        self.path.unlink()


def _decoded(lines: Iterator[bytes]) -> Iterator[MovedPart]:
    for line in lines:
        try:
            yield _decode_part(line)
        except msgspec.DecodeError:
            return  # the line that a crash cut off


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Raises the operating system's refusals under our names."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFull(f"{path}: the disk is full") from error
        raise AccessDenied(f"{path} can't be written: {error.strerror}", "check the folder") from error
