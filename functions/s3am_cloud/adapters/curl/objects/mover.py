"""Many whole objects at once over one loop: each is read, and sent with one PUT that carries its checksum."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from typing import NamedTuple

import msgspec

from s3am_cloud.adapters.curl.objects.bodies import (
    IN_MEMORY,
    Content,
    FileContent,
    MemoryContent,
    WholeBody,
    probe_file,
)
from s3am_cloud.adapters.curl.objects.copy import CopySides, ObjectCopy
from s3am_cloud.adapters.curl.objects.fetch import WholeGet
from s3am_cloud.adapters.curl.objects.holding import checksum_headers, is_enforced
from s3am_cloud.adapters.curl.objects.repeats import Repeats
from s3am_cloud.adapters.curl.objects.turns import settling
from s3am_cloud.adapters.curl.parts.upload import PutTarget, UploadFlow
from s3am_cloud.adapters.curl.store.put import PLAIN_PAYLOAD, SignedPut
from s3am_cloud.adapters.curl.store.routing import object_headers
from s3am_cloud.adapters.curl.transport.context import CurlContext
from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.adapters.curl.transport.loop import Loop
from s3am_cloud.adapters.curl.transport.pipes import PartEvents
from s3am_cloud.adapters.curl.transport.retry import Budget, Retry
from s3am_cloud.adapters.files.small_file import read_small
from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.adapters.s3.features import Attempt, Feature, Features
from s3am_cloud.adapters.s3.signer import Endpoint, Signer
from s3am_cloud.checksums.digests import Expected
from s3am_cloud.errors import TransferError
from s3am_cloud.limits import MAX_WHOLE_OBJECT
from s3am_cloud.model import MovedPart, Part, SourceInfo
from s3am_cloud.ports.objects import AttributesOf, Put, Refused, Settled, Unfit, WholeObject
from s3am_cloud.ports.pace import ShouldStop
from s3am_cloud.ports.transfer import Clock, ObjectSink, Progress
from s3am_cloud.urls import S3Url

_WATCH_SECONDS = 1.0
_WEB = ("http", "https")


class ObjectRoute(msgspec.Struct, frozen=True):
    """Where all objects of one run go, by which connections, and what they carry."""

    access: S3Access
    settings: CurlSettings
    attributes_of: AttributesOf
    # The way to objects in S3 that are copied: without it they are left to the thorough way.
    source: S3Access | None = None


class CurlObjectMover:
    """An `ObjectMover` with up to `connections` objects on their way."""

    def __init__(
        self,
        route: ObjectRoute,
        connections: int,
        clock: Clock,
        progress: Progress,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self._route, self._connections, self._clock = route, connections, clock
        self._progress, self._check = progress, check

    def copy(self, objects: Iterable[WholeObject | None], should_stop: ShouldStop) -> Iterator[Settled]:
        with closing(Loop(self._clock, self._route.settings.rate_limit)) as loop:
            run = _Run(self._route, CurlContext(loop, self._clock, self._route.settings), self._progress)
            loop.later(_WATCH_SECONDS, run.watch)

            def should_go_on() -> bool:
                self._check()
                return not should_stop()

            yield from settling(run, loop, objects, self._connections, should_go_on)


class _Bucket(NamedTuple):
    """Where a bucket's objects go: looked up once, and not for each of them."""

    signer: Signer
    endpoint: Endpoint
    features: Features


class _Run:
    """The objects on their way."""

    def __init__(self, route: ObjectRoute, context: CurlContext, progress: Progress) -> None:
        self._route, self._context, self._progress = route, context, progress
        self._budget, self._repeats = Budget(), Repeats()
        self._active: dict[int, UploadFlow | WholeGet | ObjectCopy] = {}
        self._contents: dict[int, Content] = {}
        self._buckets: dict[str, _Bucket] = {}
        self.settled: deque[Settled] = deque()

    @property
    def count(self) -> int:
        return len(self._active)

    def begin(self, wanted: WholeObject) -> None:
        if wanted.source.scheme in _WEB and (wanted.size is None or wanted.size <= MAX_WHOLE_OBJECT):
            self._fetch(wanted)
        elif wanted.source.scheme == "file":
            self._open(wanted)
        elif wanted.source.scheme == "s3" and self._route.source is not None:
            self._copy(wanted, self._route.source)
        else:
            self.settled.append(Unfit(number=wanted.number))

    def watch(self) -> None:
        for flow in list(self._active.values()):
            if isinstance(flow, UploadFlow):
                flow.watch()
        self._context.loop.later(_WATCH_SECONDS, self.watch)

    def stop(self) -> None:
        for flow in self._active.values():
            flow.stop()
        for content in self._contents.values():
            content.close()
        self._active.clear()
        self._contents.clear()

    def _open(self, wanted: WholeObject) -> None:
        small = read_small(wanted.source.url, IN_MEMORY)
        if small is None:
            self._open_large(wanted)
        else:
            self._hold_and_send(wanted, MemoryContent(*small))

    def _open_large(self, wanted: WholeObject) -> None:
        """Of a file that is read in pieces, or that something is wrong with."""
        try:
            info = probe_file(wanted.source)
            # Where a manifest and the file disagree, the thorough way looks again, and says so.
            if info.size is None or info.size > MAX_WHOLE_OBJECT or wanted.size not in {None, info.size}:
                self.settled.append(Unfit(number=wanted.number))
                return
            content = FileContent(wanted.source, info, wanted.expected)
        except TransferError as error:
            self.settled.append(Refused(number=wanted.number, error=error))
        else:
            self._send(wanted, content)

    def _copy(self, wanted: WholeObject, source: S3Access) -> None:
        context = self._context
        retry = Retry(context.clock, budget=self._budget, patience=context.settings.patience)
        sides = CopySides(self._route.access, source, self._route.attributes_of)
        copy = ObjectCopy(context, retry, sides, wanted, self._progress, self._copied)
        self._active[wanted.number] = copy
        copy.start()

    def _copied(self, settled: Settled) -> None:
        del self._active[settled.number]
        if not isinstance(settled, Refused):
            self._budget.earn()
        self.settled.append(settled)

    def _fetch(self, wanted: WholeObject) -> None:
        get = WholeGet(self._context, wanted.source, self._repeats, functools.partial(self._fetched, wanted))
        self._active[wanted.number] = get
        get.start()

    def _fetched(self, wanted: WholeObject, content: MemoryContent | None) -> None:
        del self._active[wanted.number]
        if content is None:
            self.settled.append(Unfit(number=wanted.number))
        else:
            self._hold_and_send(wanted, content)

    def _hold_and_send(self, wanted: WholeObject, content: MemoryContent) -> None:
        # Where a manifest and the source disagree, or the source with itself, the thorough way looks again and says so.
        claims = (Expected(name, digest, by_source=True) for name, digest in content.info.claims.items())
        disagrees = any(content.digest_error(claim, wanted.source.display) is not None for claim in claims)
        if disagrees or wanted.size not in {None, content.length}:
            self.settled.append(Unfit(number=wanted.number))
            return
        error = content.digest_error(wanted.expected, wanted.source.display) if wanted.expected else None
        if error is not None:
            self.settled.append(Refused(number=wanted.number, error=error))
        else:
            self._send(wanted, content)

    def _send(self, wanted: WholeObject, content: Content) -> None:
        try:
            flow = self._flow(wanted, content)
        except TransferError as error:
            content.close()
            self.settled.append(Refused(number=wanted.number, error=error))
            return
        self._active[wanted.number], self._contents[wanted.number] = flow, content
        flow.start()

    def _flow(self, wanted: WholeObject, content: Content) -> UploadFlow:
        context = self._context
        retry = Retry(context.clock, budget=self._budget, patience=context.settings.patience)
        finished = functools.partial(self._finished, wanted, content.info)
        failed = functools.partial(self._failed, wanted, retry)
        # What a server has sent was held back when it came.
        throttle = context.loop.throttle if wanted.source.scheme == "file" else None
        body = functools.partial(WholeBody, content, throttle, self._progress)
        part = Part(1, 0, content.length)
        return UploadFlow(context, retry, part, self._target(wanted, content), body, PartEvents(finished, failed))

    def _target(self, wanted: WholeObject, content: Content) -> PutTarget:
        """Raises NoCredentials, and BadDestination where the bucket does not exist."""
        bucket = self._bucket(wanted.target)
        used: tuple[Feature, ...] = ("acl", "checksum") if wanted.overwrite else ("acl", "checksum", "condition")
        return PutTarget(
            name=str(wanted.target),
            signed=self._signed(bucket, wanted, content),
            attempt=Attempt(bucket.features, used),
            commits=True,
            digests=checksum_headers(content.crc, wanted.expected) if wanted.expected is not None else {},
        )

    def _bucket(self, target: S3Url) -> _Bucket:
        found = self._buckets.get(target.bucket)
        if found is None:
            access = self._route.access
            signer, endpoint, features = access.signer, access.endpoint(target.bucket), access.features(target.bucket)
            found = self._buckets[target.bucket] = _Bucket(signer, endpoint, features)
        return found

    def _signed(self, bucket: _Bucket, wanted: WholeObject, content: Content) -> SignedPut:
        target, features = wanted.target, bucket.features
        sink = ObjectSink(target, wanted.overwrite, self._route.attributes_of(wanted.number, content.info))
        checksums = checksum_headers(content.crc, wanted.expected)
        common = {**self._route.access.headers(target), **(checksums if features.has("checksum") else {})}

        def signed(headers: dict[str, str]) -> tuple[str, dict[str, str]]:
            given = {**headers, **common, **object_headers(sink, features)}
            return bucket.signer.sign("PUT", bucket.endpoint, target.key, {}, given, PLAIN_PAYLOAD)

        return signed

    def _finished(self, wanted: WholeObject, info: SourceInfo, moved: MovedPart) -> None:
        self._forget(wanted)
        self._budget.earn()
        expected = wanted.expected
        put = Put(
            number=wanted.number,
            size=moved.length,
            crc=moved.crc or 0,
            info=info,
            etag=moved.etag,
            shown=moved.shown,
            digest_sent=expected is not None and is_enforced(expected),
            retries=moved.retries,
        )
        self.settled.append(put)

    def _failed(self, wanted: WholeObject, retry: Retry, error: TransferError) -> None:
        self._forget(wanted)
        self.settled.append(Refused(number=wanted.number, error=error, retries=retry.total))

    def _forget(self, wanted: WholeObject) -> None:
        del self._active[wanted.number]
        self._contents.pop(wanted.number).close()
