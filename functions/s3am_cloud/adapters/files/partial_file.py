"""A download on its way: `.NAME.partial` with the bytes, `.NAME.progress` with what is known of them.

Both names are S3AM's. The file appears under its own name only when it is whole. Whoever downloads holds the partial
file open and locked from the first look at it to the last; what is written, compared and named is that open file, and
never what somebody else has put in its place.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from s3am_cloud.adapters.files.file_errors import naming_writes, write_error
from s3am_cloud.adapters.files.locked_file import Identity, identity, is_named, open_locked, open_regular
from s3am_cloud.adapters.files.placing import put_in_place
from s3am_cloud.checksums.crc64nvme import EMPTY, update
from s3am_cloud.decoders import Decoder
from s3am_cloud.errors import BadDestination, DownloadBusy, JobFailed
from s3am_cloud.limits import KIB
from s3am_cloud.model import MovedPart, Part, Plan, SourceInfo

SUFFIXES = (".partial", ".progress")
_READ = 256 * KIB
# What most file systems take (NAME_MAX), where this one does not say.
_NAME_MAX = 255
_DIGITS = 16


class _Head(msgspec.Struct, frozen=True):
    """The first line of a progress file: the version that the bytes are of, and how they were cut."""

    info: SourceInfo
    part_size: int


_decode_head: Decoder[_Head] = Decoder(_Head)
_decode_part: Decoder[MovedPart] = Decoder(MovedPart)


class PartialFile:
    """The files of one download. Raises BadDestination for a name that ends like theirs or where no file can be.

    All but `exists` is for who holds it. `note` hears what the user should know.
    """

    def __init__(self, path: Path, note: Callable[[str], None] = lambda text: None) -> None:
        if path.name.endswith(SUFFIXES):
            raise BadDestination(f"{path.name} ends like a file of an unfinished download", "choose another name")
        with naming_writes(path):
            if not stat.S_ISDIR(_folder_mode(path.parent)):
                raise BadDestination(f"{path.parent} is not a folder", "make the folder first")
        self.final = path
        self._note = note
        self.path, self._progress = paths_beside(path)
        # Whether the last one who held it has left something of its own.
        self.left = False
        # Descriptors of the two, while they are held; -1 where there is none.
        self._file = self._notes = -1

    @property
    def exists(self) -> bool:
        """Whether there is anything of an earlier download: a file that was only just opened is nothing yet."""
        return os.path.lexists(self._progress) or _size(self.path) > 0

    @property
    def taken(self) -> bool:
        """Whether the final name has a file."""
        return os.path.lexists(self.final)

    @property
    def identity(self) -> Identity:
        return identity(self._file)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keeps everybody else away from the files. Raises DownloadBusy where somebody has them."""
        self._file = open_locked(self.path, False, self._without_locks)
        try:
            yield
        finally:
            ours = is_named(self._file, self.path)
            self.left = ours and self.exists
            if not self.left:
                self.discard()
            self._close()

    def begin(self, info: SourceInfo, plan: Plan) -> None:
        """An empty file of the full size, without a byte on disk yet, and a progress file that names the version.

        Always a new file: the old one may be known by another name, too.
        """
        self.discard()
        self._close()
        self._file = open_locked(self.path, True, self._without_locks)
        with naming_writes(self.path):
            os.ftruncate(self._file, plan.size)
        try:
            self._notes = self._open_notes(os.O_CREAT | os.O_EXCL)
        except FileExistsError as error:
            raise DownloadBusy(f"another download to this name has just begun: {self._progress}") from error
        self._write_note(_Head(info, plan.part_size))

    def record(self, part: MovedPart) -> None:
        """Notes that a part is there, with its CRC: a later run trusts it only after reading it again."""
        self._write_note(part)

    def recorded(self, info: SourceInfo) -> tuple[int, list[MovedPart]] | None:
        """The part size and the parts that an earlier run noted of this very version; None where it was another."""
        status = os.fstat(self._file)
        if status.st_size != info.size or status.st_nlink > 1 or not os.path.lexists(self._progress):
            return None
        notes = self._open_notes(0)
        with open(notes, "rb", closefd=False) as file:
            lines = file.read().splitlines(keepends=True)
        try:
            head = _decode_head(lines[0] if lines else b"")
        except msgspec.DecodeError:
            head = None
        if head is None or not head.info.same_version(info):
            os.close(notes)
            return None
        parts = list(_decoded(lines[1:]))
        # What a crash cut off must not become the beginning of the next line.
        os.ftruncate(notes, sum(map(len, lines[: len(parts) + 1])))
        self._notes = notes
        return head.part_size, parts

    def crc(self, part: Part) -> int:
        """The CRC64NVME of a part as it is on disk, read into one small buffer that stays in the processor's cache."""
        crc, left, place = EMPTY, part.length, part.first
        buffer = memoryview(bytearray(_READ))
        with naming_writes(self.path):
            while left and (count := os.preadv(self._file, [buffer[:left]], place)):
                crc = update(crc, buffer[:count])
                place += count
                left -= count
        return crc

    def commit(self, overwrite: bool) -> None:
        """Puts the whole file under its name, on disk before it is seen. Raises LocalFileExists unless `overwrite`."""
        self._check_named(self.path)
        with naming_writes(self.final):
            os.fsync(self._file)
            put_in_place(self.path, self.final, self._file, overwrite)
            self._check_named(self.final)
            self._progress.unlink(missing_ok=True)

    def discard(self) -> None:
        """Removes both files, as far as they are those that are held."""
        whole = is_named(self._file, self.path)
        with naming_writes(self.path):
            if whole or (self._notes >= 0 and is_named(self._notes, self._progress)):
                self._progress.unlink(missing_ok=True)
            if whole:
                self.path.unlink(missing_ok=True)

    def _without_locks(self) -> None:
        self._note(f"The file system of {self.final} has no locks: do not start a second download to the same name")

    def _check_named(self, path: Path) -> None:
        if not is_named(self._file, path):
            raise JobFailed(
                f"{path} was removed or replaced by somebody else during the download", "run the command again"
            )

    def _open_notes(self, how: int) -> int:
        return open_regular(self._progress, os.O_APPEND | how)

    def _write_note(self, note: _Head | MovedPart) -> None:
        line = msgspec.json.encode(note) + b"\n"
        with naming_writes(self._progress):
            while line:
                line = line[os.write(self._notes, line) :]

    def _close(self) -> None:
        for descriptor in (self._file, self._notes):
            if descriptor >= 0:
                os.close(descriptor)
        self._file = self._notes = -1


def paths_beside(path: Path) -> tuple[Path, Path]:
    """Where the bytes of an unfinished download to this file are, and the notes on them. Raises BadDestination."""
    stem = _stem(path)
    return path.with_name(f".{stem}.partial"), path.with_name(f".{stem}.progress")


def _stem(path: Path) -> str:
    """The name, or as much of it as fits between `.` and `.progress`, with a digest that no other name has."""
    name, longest = os.fsencode(path.name), _longest_name(path.parent)
    if len(name) > longest:
        raise write_error(OSError(errno.ENAMETOOLONG, ""), path)
    room = longest - len(".") - max(map(len, SUFFIXES))
    if len(name) <= room:
        return path.name
    digest = hashlib.sha256(name).hexdigest()[:_DIGITS]
    return f"{name[: room - _DIGITS - 1].decode(errors='ignore')}~{digest}"


def _longest_name(folder: Path) -> int:
    try:
        return os.pathconf(folder, "PC_NAME_MAX")
    except (OSError, ValueError):
        return _NAME_MAX


def _folder_mode(folder: Path) -> int:
    try:
        return folder.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return 0


def _size(path: Path) -> int:
    try:
        return os.lstat(path).st_size
    except OSError:
        return 0


def _decoded(lines: list[bytes]) -> Iterator[MovedPart]:
    for line in lines:
        try:
            part = _decode_part(line)
        except msgspec.DecodeError:
            return
        if not line.endswith(b"\n"):
            return  # the line that a crash cut off
        yield part
