"""Making movers that work in this process."""

from __future__ import annotations

from s3am_cloud.adapters.curl.mover import CurlMover, MoverSetup
from s3am_cloud.adapters.curl.store.routing import Signers, route
from s3am_cloud.adapters.curl.transport.concurrency import growth, local_limit
from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.model import PinnedSource
from s3am_cloud.ports.transfer import Clock, Progress, Sink


class CurlMovers:
    """The `Movers` of a Lambda worker. `source_access` is for sources that are reached by other settings or keys."""

    def __init__(
        self, settings: CurlSettings, access: S3Access, clock: Clock, source_access: S3Access | None = None
    ) -> None:
        self._settings, self._access, self._clock = settings, access, clock
        self._source_access = source_access or access

    def __call__(
        self, origin: PinnedSource, sink: Sink, slots: int, progress: Progress, first: int | None = None
    ) -> CurlMover:
        to = route(origin, sink, self._access, self._source_access)
        signers = Signers(self._access, self._source_access)
        limit, counted = local_limit(growth(first, slots, to.is_copy), slots, self._clock, progress)
        return CurlMover(MoverSetup(to, self._settings, signers), limit, counted, self._clock)
