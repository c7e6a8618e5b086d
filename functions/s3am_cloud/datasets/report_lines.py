"""The lines of a run's files that other programs read."""

from __future__ import annotations

import base64
import os

import msgspec

from s3am_cloud.checksums.digests import PARTS_CRC
from s3am_cloud.datasets.outcomes import Outcome
from s3am_cloud.items import Item


def failed_line(outcome: Outcome) -> bytes:
    """A line of a manifest: running it copies just these items, from any folder.

    The size of a file or an object in S3 is what a listing said: it is no condition, and may be another by then.
    """
    is_listed = outcome.source.startswith("s3://") or is_local(outcome.source)
    item = Item(
        source=absolute(outcome.source),
        destination=outcome.destination,
        size=None if is_listed else outcome.size,
        digest=outcome.digest,
        labels=outcome.labels,
    )
    fields = msgspec.to_builtins(item)
    labels = fields.pop("labels", {})
    if outcome.error is not None:
        fields["error"] = f"{outcome.error.name}: {outcome.error.message}"
    return msgspec.json.encode({**labels, **fields})


def is_local(source: str) -> bool:
    """Whether an item's source is a path, as it has it."""
    return source.startswith(("/", "./", "../", "file:")) or ":" not in source


def absolute(source: str) -> str:
    """From whatever folder it is read; a folder keeps its slash."""
    if source.startswith("file:") or not is_local(source):
        return source
    whole = os.path.abspath(source)
    return f"{whole}/" if source.endswith("/") and whole != "/" else whole


def checksum_line(outcome: Outcome) -> bytes | None:
    """`ALGORITHM (DESTINATION) = HEX`, as `sha256sum --tag` writes it; of the item's own digest where it has one."""
    if outcome.state != "copied":
        return None
    algorithm, _, value = (outcome.digest or outcome.checksum or "").partition(":")
    if not value:
        return None
    if outcome.digest is None and algorithm == PARTS_CRC:
        value = base64.b64decode(value).hex()
    return f"{algorithm.upper()} ({outcome.destination}) = {value}".encode()
