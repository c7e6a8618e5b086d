"""Folders below one folder: nothing that is made here is anywhere else, whatever links are in the way."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from s3am_cloud.adapters.files.file_errors import naming_writes
from s3am_cloud.errors import BadDestination

# Folders that were looked at are remembered up to this number, which takes a few MiB.
_REMEMBERED = 20_000


class FoldersBelow:
    """Makes folders below `root`, an absolute path. Not for folders that somebody hostile changes at the same time."""

    def __init__(self, root: str, makes: bool = True) -> None:
        """Makes the root itself. Raises what `write_error` names, and BadDestination where it is a file.

        Without `makes` nothing is made, and what would be refused is refused all the same.
        """
        self._makes = makes
        with naming_writes(root):
            try:
                if makes or (os.path.lexists(root) and not os.path.isdir(root)):
                    os.makedirs(root, exist_ok=True)
            except FileExistsError as error:
                raise BadDestination(f"{root} is not a folder", "give a folder for several files") from error
            self._real = os.path.realpath(root)
        self.root = root.rstrip("/")
        self._known: set[str] = set()

    def make_parent(self, path: str) -> None:
        """Makes the folder of this file. Raises BadDestination where it would be outside, or where a file is in the
        way, and what `write_error` names."""
        folder = os.path.dirname(path)
        if folder in self._known:
            return
        if folder != self.root and not folder.startswith(f"{self.root}/"):
            raise BadDestination(f"{path} is not below {self.root}", "give names below the folder")
        at = self.root
        for name in filter(None, folder[len(self.root) :].split("/")):
            at = f"{at}/{name}"
            with naming_writes(path):
                self._enter(at, path)
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known.add(folder)

    def _enter(self, folder: str, path: str) -> None:
        try:
            mode = os.lstat(folder).st_mode
        except FileNotFoundError:
            if self._makes:
                os.mkdir(folder)
            return
        if stat.S_ISLNK(mode):
            self._check_inside(folder, path)
        elif not stat.S_ISDIR(mode):
            raise BadDestination(f"{path}: {folder} is not a folder", "move it out of the way, or use --name")

    def _check_inside(self, link: str, path: str) -> None:
        real = Path(os.path.realpath(link))
        if not real.is_relative_to(self._real):
            raise BadDestination(
                f"{path}: {link} is a symbolic link that leads out of {self.root}", "remove the link, or use --name"
            )
        if not real.is_dir():
            raise BadDestination(f"{path}: {link} is not a folder", "remove the link, or use --name")
