"""The direction into S3."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from s3am_cloud.checksums.published import NONE
from s3am_cloud.datasets.answers import known_of_put, outcome_of_put
from s3am_cloud.datasets.candidates import Candidate, candidate
from s3am_cloud.datasets.decisions import Known, fingerprint, has_digest, is_known
from s3am_cloud.datasets.outcomes import Outcome, outcome_of
from s3am_cloud.datasets.single import Done, Task
from s3am_cloud.errors import ObjectExists, TransferError
from s3am_cloud.limits import MAX_WHOLE_OBJECT
from s3am_cloud.model import SourceInfo
from s3am_cloud.ports.item_list import Listed
from s3am_cloud.ports.objects import Put, Saved, WholeObject
from s3am_cloud.same_source import source_id
from s3am_cloud.urls import SourceUrl

_WHOLE_SCHEMES = ("file", "http", "https", "s3")
_EXISTS = "give --exists overwrite or update to replace it, or --exists skip to leave it"


class Uploading:
    """A `Direction`. `probe_file` looks at a local file. `source_digest` is what was asked for of all items: only the
    thorough way looks for digests beside a source."""

    def __init__(self, probe_file: Callable[[SourceUrl], SourceInfo], source_digest: str | None = None) -> None:
        self._probe_file = probe_file
        self._looks_beside = source_digest not in {None, NONE}

    def is_whole(self, listed: Listed) -> bool:
        if self._looks_beside:
            return False
        source, size = listed.item.source, listed.item.size
        scheme = source.partition(":")[0].lower() if ":" in source else "file"
        is_whole = scheme in _WHOLE_SCHEMES or source.startswith(("/", "."))
        return is_whole and (size is None or size <= MAX_WHOLE_OBJECT)

    def candidate(self, listed: Listed) -> Candidate:
        return candidate(listed)

    def is_unchanged(self, one: Candidate, known: Known | None) -> bool:
        existing = one.listed.existing
        if existing is None or one.listed.stated_size not in {None, existing.size}:
            return False
        if one.expected is not None:
            return has_digest(existing, known, one.expected)
        if known is None or one.source.scheme != "file":
            return False
        try:
            version = fingerprint(self._probe_file(one.source))
        except TransferError:
            return False  # its own look names what is wrong
        return is_known(existing, known, source_id(one.source), version)

    def whole(self, one: Candidate, replace: bool) -> WholeObject:
        return WholeObject(
            number=one.number,
            source=one.source,
            target=one.stored,
            size=one.listed.stated_size,
            expected=one.expected,
            overwrite=replace,
        )

    def settled(self, one: Candidate, made: Put | Saved, replaces: bool) -> Done | Task:
        assert isinstance(made, Put)
        if not made.etag:
            return Task(one, True, replaces, sent=made)  # the answer was lost: it may be ours
        if made.shown is False:
            return Task(one, False, True)  # the store has kept other bytes than were sent
        return Done(one.number, outcome_of_put(one.listed, made), known_of_put(one, made))

    def skipped(self, listed: Listed, reason: str) -> Outcome:
        existing = listed.existing
        return msgspec.structs.replace(
            outcome_of(listed.item, "skipped"),
            size=existing.size if existing is not None else listed.item.size,
            etag=existing.etag if existing is not None else None,
            reason=reason,
        )

    def exists_error(self, listed: Listed) -> TransferError:
        return ObjectExists(f"{listed.item.destination} exists", _EXISTS)
