"""Making readers of any origin."""

from __future__ import annotations

from s3am_cloud.adapters.curl.reading.reader import CurlReader, ReaderContext, Watch, unwatched
from s3am_cloud.adapters.curl.store.routing import source_address, source_endpoint
from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.adapters.files.file_reader import FileReader
from s3am_cloud.adapters.files.local_file import refuse_local
from s3am_cloud.adapters.files.pipes import PipeReader
from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.limits import LIMITED_SECONDS
from s3am_cloud.model import PinnedSource
from s3am_cloud.ports.pace import within
from s3am_cloud.ports.transfer import Clock, OrderedReader, Progress


class CurlReaders:
    """The `Readers` of every kind of origin; `access` is the way to those in S3, with their keys."""

    def __init__(self, settings: CurlSettings, access: S3Access, clock: Clock, watch: Watch = unwatched) -> None:
        self._context, self._access = ReaderContext(settings, clock, watch), access

    def __call__(
        self, origin: PinnedSource, slots: int, progress: Progress, part_size: int | None = None
    ) -> OrderedReader:
        if not self._context.settings.local_files:
            refuse_local(origin.source)
        limit = self._context.settings.rate_limit
        if origin.info.once:
            return PipeReader(origin.source, progress, self._hold)
        if origin.source.scheme == "file":
            return FileReader(origin, progress)
        address = source_address(origin, source_endpoint(origin, self._access), lambda _: self._access.signer)
        return CurlReader(self._context, origin, address, within(limit, slots), progress, part_size)

    def _hold(self, count: int) -> None:
        """Waits until `count` bytes may pass."""
        limit, clock = self._context.settings.rate_limit, self._context.clock
        if limit is None:
            return
        while (allowance := limit.allowance()) <= 0:
            clock.sleep(max(LIMITED_SECONDS, -allowance / limit.rate))
        limit.count(count)
