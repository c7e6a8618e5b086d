"""How the items of a dataset ended. Their counts always add up to the number of items."""

from __future__ import annotations

from typing import Literal

import msgspec

from s3am_cloud.decoders import Converter
from s3am_cloud.error_base import ErrorReport
from s3am_cloud.item_counts import Counts
from s3am_cloud.items import Item
from s3am_cloud.model import Verdict
from s3am_cloud.request import Value
from s3am_cloud.urls import SourceUrl

RunState = Literal["succeeded", "partial", "failed", "interrupted"]
ItemState = Literal["copied", "skipped", "failed", "not-reached"]


class Outcome(Value, frozen=True, kw_only=True):
    """How one item ended: a line of `items.jsonl.gz`, and of `--json-lines`.

    The first five fields are the item's, with the size that the object has; whoever shows an outcome or keeps it makes
    its URL `displayable`. Only
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


class ItemResult(Outcome, frozen=True, kw_only=True):
    """A line of a dataset's results in the cloud: the outcome of the item with this number."""

    number: int


_to_result: Converter[ItemResult] = Converter(ItemResult)


def result_of(number: int, outcome: Outcome) -> ItemResult:
    return _to_result({"number": number, **msgspec.to_builtins(outcome)})


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


def shown_source(source: str) -> str:
    """The source without what may be secret in a URL."""
    if "://" not in source or source.startswith(("s3://", "file://")):
        return source
    return SourceUrl(source.partition(":")[0].lower(), source).display


def displayable(outcome: Outcome) -> Outcome:
    """The outcome as anybody may see it."""
    shown = shown_source(outcome.source)
    return outcome if shown == outcome.source else msgspec.structs.replace(outcome, source=shown)


class Failures(msgspec.Struct, frozen=True, kw_only=True):
    """The failed items that met one error: how many, the first of them, and what to do about it."""

    name: str
    count: int
    code: int
    retryable: bool
    hint: str
    first: str
    message: str


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """How a run ended: `summary.json`."""

    state: RunState
    counts: Counts
    failures: tuple[Failures, ...] = ()
    started: str
    seconds: float
    # How many existing objects had to be asked about one by one.
    heads: int = 0
    report: str | None = None


class Tally:
    """Adds outcomes up."""

    def __init__(self) -> None:
        self._counts = dict.fromkeys(Counts.__struct_fields__, 0)
        self._failures: dict[str, Failures] = {}

    def add(self, outcome: Outcome) -> None:
        size, name = outcome.size or 0, outcome.state.replace("-", "_")
        self._counts["items"] += 1
        self._counts["bytes"] += size
        self._counts[name] += 1
        if f"{name}_bytes" in self._counts:
            self._counts[f"{name}_bytes"] += size
        if outcome.error is not None:
            self._fail(outcome, outcome.error)

    @property
    def counts(self) -> Counts:
        return Counts(**self._counts)

    @property
    def state(self) -> RunState:
        """Of a run that has ended."""
        counts = self.counts
        if not counts.failed + counts.not_reached:
            return "succeeded"
        return "partial" if counts.copied + counts.skipped else "failed"

    @property
    def failures(self) -> tuple[Failures, ...]:
        """The most frequent first."""
        return tuple(sorted(self._failures.values(), key=lambda one: (-one.count, one.name)))

    def _fail(self, outcome: Outcome, error: ErrorReport) -> None:
        known = self._failures.get(error.name)
        if known is not None:
            self._failures[error.name] = msgspec.structs.replace(known, count=known.count + 1)
            return
        self._failures[error.name] = Failures(
            name=error.name,
            count=1,
            code=error.code,
            retryable=error.retryable,
            hint=error.hint,
            first=shown_source(outcome.source),
            message=error.message,
        )
