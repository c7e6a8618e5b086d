"""How sources' servers are to be spared: connections and requests a second, by host."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

from s3am_cloud.urls import NETWORK_SCHEMES, SourceUrl, place_of


class HostLimit(msgspec.Struct, frozen=True, kw_only=True):
    """None is no limit. A request that is redirected counts for the server that it was sent to first."""

    connections: int | None = None
    requests_per_second: float | None = None


HostLimits = Mapping[str, HostLimit]
"""By HOST, HOST:PORT or a place as `place_of` writes it: a host alone stands for all of its ports."""


def limit_name(limits: HostLimits, source: SourceUrl) -> str | None:
    """Under which name there is a limit for that source's server: the one that says most of it. None for none."""
    if not limits or source.scheme not in NETWORK_SCHEMES:
        return None
    place, host = place_of(source), urlsplit(source.url).hostname or ""
    names = (place, place.partition("://")[2], host)
    return next((name for name in names if name in limits), None)


def most_connections(limits: HostLimits, source: SourceUrl, requested: int | None) -> int | None:
    """The connections that may be used at once, where either says so."""
    name = limit_name(limits, source)
    numbers = [number for number in (requested, limits[name].connections if name else None) if number is not None]
    return min(numbers, default=None)
