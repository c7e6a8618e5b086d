"""Which events may name which secrets, as the stack's ingest file says it.

A route or a schedule may name the secret in its own options. All other events may name what a `[[secret]]` grants to
their source. A sender writes that source into the event, so the right to put events has to be given for some sources
only (condition `events:source`); whoever starts executions directly can claim any. What the secret says of its own use
(named_secrets.py) holds for them all the same.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from s3am_cloud.decoders import Decoder
from s3am_cloud.errors import SecretNotGranted
from s3am_cloud.events import Event
from s3am_cloud.ingest.rules import Ingest, Route
from s3am_cloud.model import Ingested

Grants = Mapping[str, tuple[str, ...]]
"""Names of secrets, by who may name them."""

_decode_grants: Decoder[dict[str, tuple[str, ...]]] = Decoder(dict[str, tuple[str, ...]])


def grants_of(ingest: Ingest) -> Grants:
    found: dict[str, tuple[str, ...]] = {}
    for secret in ingest.secret:
        for source in secret.events:
            found[_events_of(source)] = (*found.get(_events_of(source), ()), secret.name)
    for entry in ingest.entries:
        named = entry.options.get("secret")
        if isinstance(named, str):
            found[f"{'route' if isinstance(entry, Route) else 'schedule'} {entry.name}"] = (named,)
    return found


def sender(event: Event, ingested: Ingested | None) -> str:
    """Who an event's request is from, as grants name it."""
    if ingested is None:
        return _events_of(event.source)
    return f"route {ingested.route}" if ingested.route is not None else f"schedule {ingested.schedule}"


def check_granted(secret: str | None, by: str, granted: Grants) -> None:
    """Raises SecretNotGranted."""
    if secret is not None and secret not in granted.get(by, ()):
        raise SecretNotGranted(f"{by} may not name the secret {secret}")


def write_grants(granted: Grants) -> str:
    return msgspec.json.encode(granted, order="deterministic").decode()


def read_grants(text: str) -> Grants:
    return _decode_grants(text) if text else {}


def _events_of(source: str) -> str:
    return f"events of {source}"
