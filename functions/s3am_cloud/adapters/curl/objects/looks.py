"""Looks at many objects over one loop: a HEAD each, read as boto3 reads it.

What a plain answer does not show is left to the single look, which repeats what may pass and names what is refused.
"""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing

import pycurl

from s3am_cloud.adapters.curl.objects.turns import settling
from s3am_cloud.adapters.curl.transport.context import CurlContext
from s3am_cloud.adapters.curl.transport.easy import (
    CurlSettings,
    Response,
    as_source,
    go_to,
    new_easy,
    set_headers,
)
from s3am_cloud.adapters.curl.transport.guard import Guard
from s3am_cloud.adapters.curl.transport.loop import Loop
from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.adapters.s3.head import parsed
from s3am_cloud.errors import TransferError
from s3am_cloud.model import ObjectInfo
from s3am_cloud.ports.objects import LookedAt, LookWanted
from s3am_cloud.ports.pace import ShouldStop
from s3am_cloud.ports.transfer import Clock
from s3am_cloud.urls import S3Url


class CurlObjectLooks:
    """The `ObjectLooks` with up to `connections` HEADs on their way."""

    def __init__(self, access: S3Access, settings: CurlSettings, connections: int, clock: Clock) -> None:
        self._access, self._settings, self._connections, self._clock = access, settings, connections, clock

    def look(self, objects: Iterable[LookWanted | None], should_stop: ShouldStop) -> Iterator[LookedAt]:
        with closing(Loop(self._clock)) as loop:
            run = _Run(self._access, CurlContext(loop, self._clock, self._settings))
            yield from settling(run, loop, objects, self._connections, lambda: not should_stop())


class _Run:
    """The looks on their way."""

    def __init__(self, access: S3Access, context: CurlContext) -> None:
        self._access, self._context = access, context
        self._active: dict[int, Look] = {}
        self.settled: deque[LookedAt] = deque()

    @property
    def count(self) -> int:
        return len(self._active)

    def begin(self, wanted: LookWanted) -> None:
        look = Look(self._context, self._access, wanted.target, functools.partial(self._seen, wanted.number))
        self._active[wanted.number] = look
        look.start()

    def stop(self) -> None:
        for look in self._active.values():
            look.stop()
        self._active.clear()

    def _seen(self, number: int, info: ObjectInfo | None) -> None:
        del self._active[number]
        self.settled.append(LookedAt(number=number, info=info))


class Look:
    """One HEAD. `on_info` gets what it shows, from a call-back of the loop; nothing after `stop`."""

    def __init__(
        self, context: CurlContext, access: S3Access, target: S3Url, on_info: Callable[[ObjectInfo | None], None]
    ) -> None:
        self._context, self._access, self._target, self._on_info = context, access, target, on_info
        self._head: list[bytes] = []
        self._easy: pycurl.Curl | None = None

    def start(self) -> None:
        loop = self._context.loop
        try:
            url, headers = self._signed()
        except TransferError:
            loop.later(0, lambda: self._on_info(None))
            return
        # Its options but those below are alike for one server.
        kind = f"HEAD {url[: url.find('/', len('https://'))]}"
        self._easy = loop.spare(kind) or _head_handle(self._context.settings, url)
        self._easy.setopt(pycurl.URL, url)
        set_headers(self._easy, headers)
        self._easy.setopt(pycurl.HEADERFUNCTION, self._head.append)
        loop.start(self._easy, self._done, kind)

    def stop(self) -> None:
        if self._easy is not None:
            self._context.loop.stop(self._easy)
            self._easy = None

    def _signed(self) -> tuple[str, dict[str, str]]:
        """Raises NoCredentials, and BadDestination where the bucket does not exist."""
        access, target = self._access, self._target
        query = {"versionId": target.version} if target.version else {}
        headers = {"x-amz-checksum-mode": "ENABLED", **access.headers(target)}
        return access.signer.sign("HEAD", access.endpoint(target.bucket), target.key, query, headers)

    def _done(self, number: int, message: str) -> None:
        self._easy = None
        response = Response()
        for line in self._head:
            response.take_line(line)
        self._on_info(self._info(response) if not number and response.status == 200 else None)

    def _info(self, response: Response) -> ObjectInfo | None:
        try:
            return parsed(self._access.client_for(self._target.bucket), response.headers.joined(), self._target)
        except (TransferError, ValueError):
            return None


def _head_handle(settings: CurlSettings, url: str) -> pycurl.Curl:
    # Where S3 answers is the user's own setting, and may be inside a private network.
    easy = as_source(new_easy(settings), settings, Guard(allow_private=True))
    go_to(easy, url)
    easy.setopt(pycurl.NOBODY, 1)
    easy.setopt(pycurl.TIMEOUT, int(settings.patience))
    return easy
