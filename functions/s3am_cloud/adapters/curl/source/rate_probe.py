"""What one connection to a source gives: its first bytes, timed."""

from __future__ import annotations

from contextlib import closing

import pycurl

from s3am_cloud.adapters.curl.source.range_request import RangeRequest
from s3am_cloud.adapters.curl.transport.easy import CurlSettings, Response
from s3am_cloud.adapters.curl.transport.perform import perform
from s3am_cloud.errors import BadSource
from s3am_cloud.limits import SAMPLE_BYTES, SAMPLE_SECONDS
from s3am_cloud.model import Part, PinnedSource
from s3am_cloud.ports.transfer import Clock


class CurlRateProbe:
    """A `RateProbe` of http, https, ftp, ftps and sftp.

    One request for the first 8 MiB, given up a second after its first byte, or when connecting takes too long. What
    comes before the first byte does not count: it is paid once a part.
    """

    def __init__(self, settings: CurlSettings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock

    def __call__(self, origin: PinnedSource) -> int | None:
        sample = _Sample(self._clock, self._settings)
        try:
            response = self._taken(origin, sample)
        except BadSource:
            return None
        return sample.rate() if response.status < 400 else None

    def _taken(self, origin: PinnedSource, sample: _Sample) -> Response:
        """The answer that the sample was taken of, at the end of all redirects. Raises BadSource."""
        url, part = origin.source.url, Part(1, 0, SAMPLE_BYTES)
        request = RangeRequest(self._settings, origin, lambda: (url, {}), part)
        easy: pycurl.Curl | None = request.begin(0, conditions=False)
        while easy is not None:
            made = easy
            with closing(made):
                made.setopt(pycurl.WRITEFUNCTION, sample.take)
                perform(made, self._clock, sample.enough)
                easy = request.follow(made, 0, conditions=False)
        return request.response


class _Sample:
    def __init__(self, clock: Clock, settings: CurlSettings) -> None:
        self._clock = clock
        self._patience = clock.monotonic() + settings.connect_seconds
        self._began: float | None = None
        self._last, self._first, self._count = 0.0, 0, 0

    def take(self, data: bytes) -> int:
        self._last = self._clock.monotonic()
        if self._began is None:
            self._began, self._first = self._last, len(data)
        self._count += len(data)
        return 0 if self._count >= SAMPLE_BYTES else len(data)

    def enough(self) -> bool:
        now = self._clock.monotonic()
        return now > self._patience if self._began is None else now - self._began >= SAMPLE_SECONDS

    def rate(self) -> int | None:
        """Of what came after the first bytes, which may have lain ready; where nothing did, of the second itself."""
        if self._began is None:
            return None
        seconds, later = self._last - self._began, self._count - self._first
        if later and seconds:
            return int(later / seconds) or 1
        quiet = self._clock.monotonic() - self._began
        return int(self._count / quiet) if quiet >= SAMPLE_SECONDS else None
