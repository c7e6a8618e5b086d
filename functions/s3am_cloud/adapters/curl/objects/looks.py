"""Looks at many objects over one loop: a HEAD each, read as boto3 reads it.

What a plain answer does not show is left to the single look, which repeats what may pass and names what is refused.
"""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Iterable, Iterator
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
    """The HEADs on their way."""

    def __init__(self, access: S3Access, context: CurlContext) -> None:
        self._access, self._context = access, context
        self._active: dict[int, pycurl.Curl] = {}
        self.settled: deque[LookedAt] = deque()

    @property
    def count(self) -> int:
        return len(self._active)

    def begin(self, wanted: LookWanted) -> None:
        try:
            url, headers = self._signed(wanted.target)
        except TransferError:
            self.settled.append(LookedAt(number=wanted.number))
            return
        head = list[bytes]()
        kind = f"HEAD {url[: url.find('/', len('https://'))]}"
        easy = self._context.loop.spare(kind) or _head_handle(self._context.settings, url)
        easy.setopt(pycurl.URL, url)
        set_headers(easy, headers)
        easy.setopt(pycurl.HEADERFUNCTION, head.append)
        self._active[wanted.number] = easy
        self._context.loop.start(easy, functools.partial(self._done, wanted, head), kind)

    def stop(self) -> None:
        for easy in self._active.values():
            self._context.loop.stop(easy)
        self._active.clear()

    def _signed(self, target: S3Url) -> tuple[str, dict[str, str]]:
        """Raises NoCredentials, and BadDestination where the bucket does not exist."""
        access, query = self._access, {"versionId": target.version} if target.version else {}
        headers = {"x-amz-checksum-mode": "ENABLED", **access.headers(target)}
        return access.signer.sign("HEAD", access.endpoint(target.bucket), target.key, query, headers)

    def _done(self, wanted: LookWanted, head: list[bytes], number: int, message: str) -> None:
        del self._active[wanted.number]
        response = Response()
        for line in head:
            response.take_line(line)
        info = self._info(wanted.target, response) if not number and response.status == 200 else None
        self.settled.append(LookedAt(number=wanted.number, info=info))

    def _info(self, target: S3Url, response: Response) -> ObjectInfo | None:
        try:
            return parsed(self._access.client_for(target.bucket), response.headers.joined(), target)
        except (TransferError, ValueError):
            return None


def _head_handle(settings: CurlSettings, url: str) -> pycurl.Curl:
    # Where S3 answers is the user's own setting, and may be inside a private network.
    easy = as_source(new_easy(settings), settings, Guard(allow_private=True))
    go_to(easy, url)
    easy.setopt(pycurl.NOBODY, 1)
    easy.setopt(pycurl.TIMEOUT, int(settings.patience))
    return easy
