"""One object from S3, by one GET, into a file that appears only when it is whole and matches S3's checksum.

An object that one plain answer does not settle is left to the thorough way of single downloads, which names the errors.
"""

from __future__ import annotations

from collections.abc import Callable

import pycurl

from s3am_cloud.adapters.curl.objects.arrival import Arrival
from s3am_cloud.adapters.curl.objects.holding import stated_checksum
from s3am_cloud.adapters.curl.source.answers import curl_words, plain_number, refused_by_proxy, stored_error
from s3am_cloud.adapters.curl.transport.context import CurlContext
from s3am_cloud.adapters.curl.transport.easy import (
    CurlSettings,
    Response,
    as_source,
    go_to,
    listen,
    new_easy,
    set_headers,
)
from s3am_cloud.adapters.curl.transport.guard import Guard
from s3am_cloud.adapters.curl.transport.retry import Retry
from s3am_cloud.errors import (
    ChecksumMismatch,
    DownloadBusy,
    NotAsExpected,
    SourceBusy,
    SourceChanged,
    SourceNotFound,
    SourceUnavailable,
    TransferError,
)
from s3am_cloud.etags import plain, quoted
from s3am_cloud.limits import MAX_REFUSAL, MAX_WHOLE_FILE
from s3am_cloud.ports.objects import Refused, Saved, Settled, Unfit, WholeFile
from s3am_cloud.ports.transfer import Progress

# Makes the signed request, anew for each try: its URL and its headers.
SignedGet = Callable[[], tuple[str, dict[str, str]]]
_PASSING = (SourceBusy, SourceUnavailable, ChecksumMismatch)
_CERTAIN = (SourceNotFound, SourceChanged)


class SaveFlow:
    """Reports once how the object settled, from a call-back of the loop; nothing after `stop`."""

    def __init__(
        self,
        context: CurlContext,
        retry: Retry,
        wanted: WholeFile,
        signed: SignedGet,
        progress: Progress,
        on_settled: Callable[[Settled], None],
    ) -> None:
        self._context, self._retry, self._wanted = context, retry, wanted
        self._signed, self._progress, self._on_settled = signed, progress, on_settled
        self._name, self._url = str(wanted.source), ""
        self._easy: pycurl.Curl | None = None
        self._response, self._refusal = Response(explains=True), b""
        self._arrival: Arrival | None = None
        # Whether the answer is none for this way, and what went wrong here while it came.
        self._unfit, self._stopped = False, False
        self._error: TransferError | None = None

    def start(self) -> None:
        if self._stopped:
            return
        settings = self._context.settings
        self._response, self._refusal = Response(explains=True), b""
        self._arrival, self._error, self._unfit = None, None, False
        self._url, headers = self._signed()
        # Its options but those below are alike for one server.
        kind = f"GET {self._url[: self._url.find('/', len('https://'))]}"
        easy = self._context.loop.spare(kind) or _get_handle(settings, self._url)
        easy.setopt(pycurl.URL, self._url)
        set_headers(easy, {"Accept-Encoding": "identity", **headers})
        easy.setopt(pycurl.WRITEFUNCTION, self._take)
        listen(easy, self._response)
        self._easy = easy
        self._context.loop.start(easy, self._done, kind)

    def stop(self) -> None:
        self._stopped = True
        if self._easy is not None:
            self._context.loop.stop(self._easy)
            self._easy = None
        if self._arrival is not None:
            self._arrival.drop()

    def _take(self, data: bytes) -> int | None:
        if self._response.status != 200:
            self._refusal += data
            return None if len(self._refusal) <= MAX_REFUSAL else 0
        arrival = self._arrival or self._begin()
        if arrival is None:
            return 0
        throttle = self._context.loop.throttle
        if throttle is not None and throttle.holds(self._resume, len(data)):
            return int(pycurl.WRITEFUNC_PAUSE)
        try:
            arrival.add(data)
        except TransferError as error:
            self._error = error
            return 0
        self._progress(len(data))
        return None

    def _resume(self) -> None:
        if self._easy is not None:
            self._context.loop.unpause(self._easy)

    def _begin(self) -> Arrival | None:
        """None where the head is not that of a whole object, as the listing said, that one GET is right for."""
        self._response.begin_body()
        size, wanted = plain_number(self._response.header("Content-Length")), self._wanted
        fits = size is not None and size <= MAX_WHOLE_FILE and wanted.size in {None, size}
        try:
            stated = stated_checksum(self._response)
        except ValueError:
            fits = False
        if not fits:
            self._unfit = True
            return None
        self._arrival = Arrival(wanted, stated)
        return self._arrival

    def _done(self, number: int, message: str) -> None:
        self._easy = None
        if self._stopped:
            return
        arrival = self._arrival
        if not number and arrival is None and self._response.status == 200:
            arrival = self._begin()  # an object without a byte
        error = self._error or self._answer_error(number, message)
        if error is None and arrival is not None and not self._unfit:
            error = arrival.error()
        if error is None and arrival is not None and not self._unfit:
            self._finish(arrival)
            return
        if arrival is not None:
            self._progress(-arrival.size)
            arrival.drop()
        self._end(error)

    def _answer_error(self, number: int, message: str) -> TransferError | None:
        status = self._response.status
        if self._unfit:
            return None
        if status >= 300:
            return stored_error(status, self._refusal, self._name)
        if number or not status:
            refused = refused_by_proxy(number, message, status, self._name, self._url)
            return refused or SourceUnavailable(f"{self._name}: {curl_words(number)}")
        etag, listed = self._response.header("ETag"), self._wanted.etag
        if listed is not None and etag is not None and plain(etag) != plain(listed):
            return SourceChanged(f"{self._name} was replaced since it was listed", "run the command again")
        return None

    def _finish(self, arrival: Arrival) -> None:
        try:
            version = arrival.finish()
        except TransferError as error:
            self._progress(-arrival.size)
            arrival.drop()
            self._end(error)
            return
        etag, version_id = self._response.header("ETag"), self._response.header("x-amz-version-id")
        self._on_settled(
            Saved(
                number=self._wanted.number,
                size=arrival.size,
                crc=arrival.crc,
                shown=arrival.shown,
                etag=quoted(etag or ""),
                version_id=version_id,
                file_version=version,
                retries=self._retry.total,
            )
        )

    def _end(self, error: TransferError | None) -> None:
        """Tries again after what may pass; what is certain, or about the file, is reported; the rest is not for us."""
        number = self._wanted.number
        passes = isinstance(error, _PASSING) and not isinstance(error, NotAsExpected)
        if passes and error is not self._error:
            wait = self._retry.wait()
            if wait is not None:
                self._context.loop.later(wait, self.start)
                return
        is_stated = self._response.status < 300 or isinstance(error, (*_PASSING, *_CERTAIN))
        if error is None or isinstance(error, DownloadBusy) or not is_stated:
            self._on_settled(Unfit(number=number))
        else:
            self._on_settled(Refused(number=number, error=error, retries=self._retry.total))


def _get_handle(settings: CurlSettings, url: str) -> pycurl.Curl:
    # Where S3 answers is the user's own setting, and may be inside a private network.
    easy = as_source(new_easy(settings), settings, Guard(allow_private=True))
    go_to(easy, url)
    return easy
