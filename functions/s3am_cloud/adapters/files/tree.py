"""Local folders as trees."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import islice

import msgspec

from s3am_cloud.adapters.files.file_errors import read_error
from s3am_cloud.errors import BadSource, SourceNotFound, TransferError
from s3am_cloud.limits import TREE_NAMES
from s3am_cloud.ports.trees import Entry, Found, NoEntry, Unreadable, every_folder
from s3am_cloud.urls import SourceUrl, shown_path

_KINDS = (
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a character device"),
    (stat.S_ISBLK, "a block device"),
)


class _Folder(msgspec.Struct):
    """A folder that is being read: its path with a slash at its end, its name in the tree likewise, which folder of the
    file system it is, and the names in it that are still to come."""

    path: str
    name: str
    identity: tuple[int, int]
    names: Iterator[str]


class LocalTree:
    """The `FileTree` of local folders. Names are sorted in each folder, those of a very large one in pieces.

    Symbolic links are followed, but not to a folder above them; without `follow` they are left out.
    """

    def __init__(self, follow: bool = True) -> None:
        self._follow = follow

    def entries(self, url: SourceUrl, enters: Callable[[str], bool] = every_folder) -> Iterator[Found]:
        root = url.url if url.url.endswith("/") else f"{url.url}/"
        stack = [_opened(root, "")]
        while stack:
            folder = stack[-1]
            try:
                name = next(folder.names, None)
            except OSError as error:  # a disk that fails, or a folder that is removed meanwhile
                yield Unreadable(source=_text(folder.path), name=folder.name, error=read_error(error, folder.path))
                name = None
            if name is None:
                stack.pop()
                continue
            found = self._look(folder, name, stack, enters)
            if isinstance(found, _Folder):
                stack.append(found)
            elif found is not None:
                yield found

    def entry(self, url: SourceUrl) -> Found:
        path, name = url.url, url.name
        try:
            status = os.stat(path)
        except OSError as error:
            return Unreadable(source=_text(path), name=name, error=read_error(error, path))
        if stat.S_ISREG(status.st_mode):
            return Entry(source=_text(path), name=name, size=status.st_size, modified=status.st_mtime)
        if stat.S_ISDIR(status.st_mode):
            hint = f"write {shown_path(path)}/ for all files in it"
            return Unreadable(source=_text(path), name=name, error=BadSource(f"{shown_path(path)} is a folder", hint))
        unfit = BadSource(f"{shown_path(path)} is {_kind(status.st_mode)}", "save what it gives to a file first")
        return Unreadable(source=_text(path), name=name, error=unfit)

    def _look(
        self, folder: _Folder, name: str, stack: list[_Folder], enters: Callable[[str], bool]
    ) -> Found | _Folder | None:
        path, relative = folder.path + name, folder.name + name
        try:
            status = os.stat(path, follow_symlinks=False)
            if stat.S_ISLNK(status.st_mode):
                if not self._follow:
                    return NoEntry(source=_text(path), name=relative, reason="a symbolic link (--no-follow)")
                status = os.stat(path)
        except FileNotFoundError as error:
            broken = os.path.islink(path)
            why = f"{shown_path(path)} is a symbolic link to what does not exist" if broken else None
            missing = SourceNotFound(why, "check the link") if why else read_error(error, path)
            return Unreadable(source=_text(path), name=relative, error=missing)
        except OSError as error:
            return Unreadable(source=_text(path), name=relative, error=read_error(error, path))
        if stat.S_ISREG(status.st_mode):
            return Entry(source=_text(path), name=relative, size=status.st_size, modified=status.st_mtime)
        if not stat.S_ISDIR(status.st_mode):
            return NoEntry(source=_text(path), name=relative, reason=_kind(status.st_mode))
        if not enters(relative):
            return None
        if any((status.st_dev, status.st_ino) == above.identity for above in stack):
            return NoEntry(source=_text(path), name=relative, reason="a symbolic link to a folder above it")
        return _subfolder(path, relative)


def _subfolder(path: str, relative: str) -> _Folder | Unreadable:
    try:
        return _opened(f"{path}/", f"{relative}/")
    except TransferError as error:
        return Unreadable(source=_text(f"{path}/"), name=f"{relative}/", error=error)


def _opened(path: str, name: str) -> _Folder:
    """Raises SourceNotFound, AccessDenied, BadSource."""
    try:
        status = os.stat(path)
        return _Folder(path, name, (status.st_dev, status.st_ino), _names(path))
    except OSError as error:
        raise read_error(error, path) from error


def _names(path: str) -> Iterator[str]:
    """The names in a folder, which stays open only if it is very large."""
    with ExitStack() as closing:
        listing = closing.enter_context(os.scandir(path))
        names = sorted(entry.name for entry in islice(listing, TREE_NAMES))
        if len(names) < TREE_NAMES:
            return iter(names)
        return _in_pieces(names, listing, closing.pop_all())


def _in_pieces(names: list[str], listing: Iterator[os.DirEntry[str]], closing: ExitStack) -> Iterator[str]:
    with closing:
        while names:
            yield from names
            names = sorted(entry.name for entry in islice(listing, TREE_NAMES))


def _text(path: str) -> str:
    """As sources are written: a path with a colon in its first name would be a URL."""
    shown = shown_path(path)
    is_plain = shown.startswith(("/", "./", "../", "file://")) or (":" not in shown and shown != "-")
    return shown if is_plain else f"./{shown}"


def _kind(mode: int) -> str:
    return next((text for is_kind, text in _KINDS if is_kind(mode)), "not a regular file")
