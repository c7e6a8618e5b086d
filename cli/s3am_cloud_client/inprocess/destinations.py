"""Where a download goes: a regular file, or what is written to in order, such as standard output, a FIFO or a device.

Only a regular file is ever replaced. A symbolic link is followed, as cp and curl do: what it names is written.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import msgspec

from s3am_cloud.errors import BadDestination
from s3am_cloud.urls import S3Url

STDOUT = "-"
# Names of descriptors that a shell has opened; opening them anew would lose their position, or their pipe.
_DESCRIPTOR = re.compile(r"/dev/std(?P<name>out|err)|/(?:dev|proc/self)/fd/(?P<number>\d{1,6})")
_KINDS = ((stat.S_ISBLK, "a block device"), (stat.S_ISSOCK, "a socket"))


class Output(msgspec.Struct, frozen=True):
    """What takes bytes in order only: an open descriptor, or a FIFO or character device by its name."""

    name: str
    descriptor: int | None = None


def destination_of(source: S3Url, text: str) -> Path | Output:
    """The file, or the output, that `text` means for this object. Raises BadDestination before anything is fetched."""
    if not text:
        raise BadDestination("the destination is empty", "give a file, a folder, or - for standard output")
    if text == STDOUT:
        return Output("standard output", 1)
    if text.startswith("file:"):
        from s3am_cloud.urls import parse_source

        text = parse_source(text).url
    opened = _DESCRIPTOR.fullmatch(text)
    if opened:
        named = {"out": 1, "err": 2}.get(opened["name"] or "")
        return Output(text, named if named is not None else int(opened["number"]))
    path, mode = Path(text), _mode(text)
    if text.endswith(os.sep) or (mode is not None and stat.S_ISDIR(mode)):
        _check_folder(text, mode)
        path = path / _file_name(source)
        mode = _mode(path)
    return _of_mode(path, mode)


def _of_mode(path: Path, mode: int | None) -> Path | Output:
    if mode is None or stat.S_ISREG(mode):
        return Path(os.path.realpath(path)) if path.is_symlink() else path
    if stat.S_ISFIFO(mode) or stat.S_ISCHR(mode):
        return Output(str(path))
    if stat.S_ISDIR(mode):
        raise BadDestination(f"{path} is a folder", "give the file another name: DST may be a whole path")
    kind = next((kind for check, kind in _KINDS if check(mode)), "not a regular file")
    raise BadDestination(f"{path} is {kind}", "give a file or a folder, or - and redirect standard output")


def _check_folder(text: str, mode: int | None) -> None:
    if mode is None:
        raise BadDestination(f"{text} is not a folder: it does not exist", "make the folder first")
    if not stat.S_ISDIR(mode):
        raise BadDestination(f"{text} is not a folder", "leave the / at its end out to name a file")


def _file_name(source: S3Url) -> str:
    """The last piece of the key."""
    name = source.key.rsplit("/", 1)[-1]
    if not name:
        raise BadDestination(
            f"{source} ends in /, as markers of folders do, so it has no file name",
            "give the name of a file as DST, or the whole key of an object below it",
        )
    if name in {".", ".."} or "\0" in name:
        raise BadDestination(f"{name!r}, the end of {source}, can't be a file's name", "give another name as DST")
    return name


def _mode(path: str | Path) -> int | None:
    """What is there, behind symbolic links; None where nothing is."""
    from s3am_cloud.adapters.files.file_errors import naming_writes

    with naming_writes(path):
        try:
            return os.stat(path).st_mode
        except FileNotFoundError:
            return None
        except NotADirectoryError as error:
            raise BadDestination(f"{path} is below a file, which can't hold others", "check the path") from error
