"""The direction out of S3, into files below one folder."""

from __future__ import annotations

import os
import stat

import msgspec

from s3am_cloud.adapters.files.below import FoldersBelow
from s3am_cloud.adapters.files.file_errors import naming_writes
from s3am_cloud.adapters.files.local_file import version_of
from s3am_cloud.datasets.answers import known_of_file, object_version, outcome_of_saved
from s3am_cloud.datasets.candidates import Candidate, object_candidate
from s3am_cloud.datasets.decisions import Known, has_digest, is_known
from s3am_cloud.datasets.names import local_name_error
from s3am_cloud.datasets.outcomes import Outcome, outcome_of
from s3am_cloud.datasets.single import Done, Task
from s3am_cloud.errors import BadDestination, LocalFileExists, TransferError
from s3am_cloud.limits import MAX_WHOLE_FILE
from s3am_cloud.ports.item_list import Existing, Listed
from s3am_cloud.ports.objects import Put, Saved, WholeFile
from s3am_cloud.same_source import source_id

_EXISTS = "give --exists overwrite or update to replace it, or --exists skip to leave it"


class Downloading:
    """A `Direction`."""

    def __init__(self, folders: FoldersBelow) -> None:
        self._folders = folders

    def is_whole(self, listed: Listed) -> bool:
        size = listed.item.size
        return size is None or size <= MAX_WHOLE_FILE

    def candidate(self, listed: Listed) -> Candidate:
        path = listed.item.destination
        name = path.removeprefix(f"{self._folders.root}/")
        error = local_name_error(name)
        if error is not None:
            raise error
        self._folders.make_parent(path)
        found = _existing(path)
        return object_candidate(listed if found is None else msgspec.structs.replace(listed, existing=found))

    def is_unchanged(self, one: Candidate, known: Known | None) -> bool:
        listed = one.listed
        version = object_version(listed.etag, listed.item.size)
        if listed.existing is None or listed.item.size not in {None, listed.existing.size}:
            return False
        if one.expected is not None:
            return has_digest(listed.existing, known, one.expected)
        return is_known(listed.existing, known, source_id(one.source), version)

    def whole(self, one: Candidate, replace: bool) -> WholeFile:
        listed = one.listed
        return WholeFile(
            number=one.number,
            source=one.stored,
            path=listed.item.destination,
            size=listed.item.size,
            etag=listed.etag,
            expected=one.expected,
            overwrite=replace,
        )

    def settled(self, one: Candidate, made: Put | Saved, replaces: bool) -> Done | Task:
        assert isinstance(made, Saved)
        known = known_of_file(one, made.etag, made.size, made.file_version)
        return Done(one.number, outcome_of_saved(one.listed, made), known)

    def skipped(self, listed: Listed, reason: str) -> Outcome:
        existing = listed.existing
        return msgspec.structs.replace(
            outcome_of(listed.item, "skipped"),
            size=existing.size if existing is not None else listed.item.size,
            etag=listed.etag,
            reason=reason,
        )

    def exists_error(self, listed: Listed) -> TransferError:
        return LocalFileExists(f"{listed.item.destination} exists", _EXISTS)


def _existing(path: str) -> Existing | None:
    """The file that has this name. A symbolic link has no version, so that what it names is compared each time.

    Raises BadDestination where something is in the way that is never replaced.
    """
    with naming_writes(path):
        try:
            status = os.lstat(path)
        except FileNotFoundError:
            return None
    if stat.S_ISDIR(status.st_mode):
        raise BadDestination(f"{path} is a folder", "move it out of the way, or use --name")
    if stat.S_ISREG(status.st_mode):
        return Existing(destination=path, size=status.st_size, etag=version_of(status))
    if not stat.S_ISLNK(status.st_mode):
        raise BadDestination(f"{path} is not a regular file", "move it out of the way, or use --name")
    return Existing(destination=path, size=status.st_size)
