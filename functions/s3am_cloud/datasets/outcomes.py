"""How the items of a dataset ended. Their counts always add up to the number of items."""

from __future__ import annotations

from typing import Literal

import msgspec

from s3am_cloud.error_base import ErrorReport
from s3am_cloud.items import Item
from s3am_cloud.model import Verdict
from s3am_cloud.request import Value

ItemState = Literal["copied", "skipped", "failed", "not-reached"]


class Outcome(Value, frozen=True, kw_only=True):
    """How one item ended: a line of `items.jsonl.gz`, and of `--json-lines`.

    The first five fields are the item's, with URLs in their displayable form and the size that the object has. Only
    copied items have a `verdict`; `reason` is why an item was skipped or not reached; `error` is why it failed.
    """

    source: str
    destination: str
    size: int | None = None
    digest: str | None = None
    labels: dict[str, str] = msgspec.field(default_factory=dict)
    state: ItemState
    verdict: Verdict | None = None
    # ALGORITHM:VALUE of the object, as the receipts of single transfers have it.
    checksum: str | None = None
    etag: str | None = None
    version_id: str | None = None
    retries: int = 0
    reason: str | None = None
    error: ErrorReport | None = None


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many items, and of how many bytes, ended in each way."""

    items: int = 0
    bytes: int = 0
    copied: int = 0
    copied_bytes: int = 0
    skipped: int = 0
    skipped_bytes: int = 0
    failed: int = 0
    not_reached: int = 0


def outcome_of(item: Item, state: ItemState) -> Outcome:
    """What is known of the item before anything else is."""
    return Outcome(
        source=item.source,
        destination=item.destination,
        size=item.size,
        digest=item.digest,
        labels=item.labels,
        state=state,
    )
