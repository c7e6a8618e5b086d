"""Making movers that work in this process."""

from __future__ import annotations

from s3am_cloud.adapters.curl.easy import CurlSettings
from s3am_cloud.adapters.curl.mover import CurlMover
from s3am_cloud.adapters.curl.requests import Route, buckets
from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.model import Origin
from s3am_cloud.ports import Clock, Progress, Sink


def route(origin: Origin, sink: Sink, access: S3Access) -> Route:
    """Raises BadDestination where a bucket on the way does not exist."""
    return Route(origin=origin, sink=sink, endpoints={name: access.endpoint(name) for name in buckets(origin, sink)})


class CurlMovers:
    """The `Movers` of a Lambda worker, and of transfers too small to share out."""

    def __init__(self, settings: CurlSettings, access: S3Access, clock: Clock) -> None:
        self._settings, self._access, self._clock = settings, access, clock

    def __call__(self, origin: Origin, sink: Sink, slots: int, progress: Progress) -> CurlMover:
        way = route(origin, sink, self._access)
        return CurlMover(way, self._settings, self._access.signer, slots, progress, self._clock)
