"""Probing sources over libcurl."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from s3am_cloud.adapters.curl.source.file_probe import AnsweredByHttp, OverCapacity, probe_file
from s3am_cloud.adapters.curl.source.http_probe import HttpProbe, Postponed
from s3am_cloud.adapters.curl.transport.admission import patience
from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.adapters.curl.transport.hosts import host_not_allowed, refused_host
from s3am_cloud.adapters.curl.transport.retry import Retry
from s3am_cloud.errors import SourceBusy
from s3am_cloud.limits import LONGEST_RETRY_AFTER, OVER_CAPACITY_SECONDS, PROBE_ATTEMPTS
from s3am_cloud.model import SourceInfo
from s3am_cloud.ports.transfer import Clock
from s3am_cloud.urls import SourceUrl


class CurlSource:
    """A `Source` for http, https, ftp, ftps and sftp."""

    def __init__(self, settings: CurlSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock

    def probe(self, url: SourceUrl) -> SourceInfo:
        """Raises a named error for whatever is not a file that can be read."""
        host = refused_host(url.url, self._settings.hosts)
        if host is not None:
            raise host_not_allowed(url.display, host)
        ask = self._ask_http if url.scheme in {"http", "https"} else self._ask_file
        return self._insist(lambda: self._passing(url, ask))

    def _passing(self, url: SourceUrl, ask: Callable[[SourceUrl], SourceInfo]) -> SourceInfo:
        """Asks in the turn of the source's server."""
        gate = None if self._settings.gates is None else self._settings.gates.of(url)
        if gate is None:
            return ask(url)
        with gate.passed():
            try:
                return ask(url)
            except Postponed as error:
                gate.busy(error.seconds)
                raise

    def _insist(self, ask: Callable[[], SourceInfo]) -> SourceInfo:
        retry = Retry(self._clock, PROBE_ATTEMPTS, patience=self._settings.patience)
        admission = patience(self._clock)
        patient_until = self._clock.monotonic() + LONGEST_RETRY_AFTER
        while True:
            began = self._clock.monotonic()
            try:
                return ask()
            except OverCapacity as error:
                wait, last = admission.wait(OVER_CAPACITY_SECONDS), SourceBusy(error.message, error.hint)
            except Postponed as error:
                wait, last = retry.wait(error.seconds), SourceBusy(error.message, error.hint)
            except SourceBusy as error:
                # All that a probe asks for is an answer, so all of its time has passed in vain.
                wait, last = retry.wait(silent=self._clock.monotonic() - began), error
            if wait is None or self._clock.monotonic() + wait > patient_until:
                raise last
            self._clock.sleep(wait)

    def _ask_http(self, url: SourceUrl) -> SourceInfo:
        return HttpProbe(self._settings, self._clock).ask(url)

    def _ask_file(self, url: SourceUrl) -> SourceInfo:
        try:
            return probe_file(url, self._settings, self._clock)
        except AnsweredByHttp:
            return msgspec.structs.replace(self._ask_http(url), reached="http")
