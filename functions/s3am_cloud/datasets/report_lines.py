"""The lines of a run's files that other programs read."""

from __future__ import annotations

import base64

import msgspec

from s3am_cloud.checksums.digests import PARTS_CRC
from s3am_cloud.datasets.outcomes import Outcome
from s3am_cloud.items import Item


def failed_line(outcome: Outcome) -> bytes:
    """A line of a manifest: running it copies just these items."""
    item = Item(
        source=outcome.source,
        destination=outcome.destination,
        size=outcome.size,
        digest=outcome.digest,
        labels=outcome.labels,
    )
    fields = msgspec.to_builtins(item)
    labels = fields.pop("labels", {})
    if outcome.error is not None:
        fields["error"] = f"{outcome.error.name}: {outcome.error.message}"
    return msgspec.json.encode({**labels, **fields})


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
