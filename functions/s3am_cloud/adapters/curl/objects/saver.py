"""Many objects over one loop, into files: each is fetched with one GET, and compared with what S3 says of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import closing

from s3am_cloud.adapters.curl.objects.save import SaveFlow, SignedGet
from s3am_cloud.adapters.curl.objects.turns import settling
from s3am_cloud.adapters.curl.transport.context import CurlContext
from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.adapters.curl.transport.loop import Loop
from s3am_cloud.adapters.curl.transport.retry import Budget, Retry
from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.errors import BadDestination, BadSource, TransferError
from s3am_cloud.etags import quoted
from s3am_cloud.limits import MAX_WHOLE_FILE
from s3am_cloud.ports.objects import Refused, Settled, Unfit, WholeFile
from s3am_cloud.ports.pace import ShouldStop
from s3am_cloud.ports.transfer import Clock, Progress


class CurlFileMover:
    """A `FileMover` with up to `connections` objects on their way."""

    def __init__(
        self, access: S3Access, settings: CurlSettings, connections: int, clock: Clock, progress: Progress
    ) -> None:
        self._access, self._settings, self._connections = access, settings, connections
        self._clock, self._progress = clock, progress

    def copy(self, objects: Iterable[WholeFile | None], should_stop: ShouldStop) -> Iterator[Settled]:
        with closing(Loop(self._clock, self._settings.rate_limit)) as loop:
            run = _Run(self._access, CurlContext(loop, self._clock, self._settings), self._progress)
            yield from settling(run, loop, objects, self._connections, lambda: not should_stop())


class _Run:
    """The objects on their way."""

    def __init__(self, access: S3Access, context: CurlContext, progress: Progress) -> None:
        self._access, self._context, self._progress = access, context, progress
        self._budget = Budget()
        self._active: dict[int, SaveFlow] = {}
        self.settled: deque[Settled] = deque()

    @property
    def count(self) -> int:
        return len(self._active)

    def begin(self, wanted: WholeFile) -> None:
        if wanted.size is not None and wanted.size > MAX_WHOLE_FILE:
            self.settled.append(Unfit(number=wanted.number))
            return
        context = self._context
        retry = Retry(context.clock, budget=self._budget, patience=context.settings.patience)
        try:
            signed = self._signed(wanted)
        except TransferError as error:
            self.settled.append(Refused(number=wanted.number, error=error))
            return
        flow = SaveFlow(context, retry, wanted, signed, self._progress, self._settle)
        self._active[wanted.number] = flow
        flow.start()

    def stop(self) -> None:
        for flow in self._active.values():
            flow.stop()
        self._active.clear()

    def _signed(self, wanted: WholeFile) -> SignedGet:
        """Raises NoCredentials, and BadSource where the bucket does not exist."""
        access, source = self._access, wanted.source
        try:
            signer, endpoint = access.signer, access.endpoint(source.bucket)
        except BadDestination as error:
            raise BadSource(error.message, error.hint) from error
        headers = {"x-amz-checksum-mode": "ENABLED", **access.headers(source)}
        # One beyond ASCII can't be signed as every store reads it.
        if wanted.etag and wanted.etag.isascii():
            headers["If-Match"] = quoted(wanted.etag)
        query = {"versionId": source.version} if source.version else {}
        return lambda: signer.sign("GET", endpoint, source.key, query, headers)

    def _settle(self, settled: Settled) -> None:
        del self._active[settled.number]
        if not isinstance(settled, Refused):
            self._budget.earn()
        self.settled.append(settled)
