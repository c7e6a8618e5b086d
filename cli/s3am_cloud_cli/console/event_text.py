"""Failed events as people read them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from s3am_cloud_client.results import FailedEvent, FailedEvents


def failed_text(failed: FailedEvents) -> list[str]:
    lines = [line for event in failed.events for line in _lines(event)]
    if failed.others:
        lines.append(f"{failed.others} dead letters are about other things than requests: see the queue")
    return lines or ["no event failed"]


def _lines(event: FailedEvent) -> Iterator[str]:
    way = f"{event.source} -> {event.destination}" if event.source or event.destination else "a request"
    yield f"{event.id}  {event.event.time}  from {event.event.source}: {way}"
    yield f"    {event.error.name}: {event.error.message}. Hint: {event.error.hint}."
    if not event.replayable:
        why = event.problem or "its request is not kept, as there may be a secret in it in clear"
        yield f"    It can't be sent again: {why}."
