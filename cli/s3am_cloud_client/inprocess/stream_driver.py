"""Downloads to standard output, FIFOs and devices from this machine."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import msgspec

from s3am_cloud.adapters.curl.reading.factory import CurlReaders
from s3am_cloud.adapters.files.output_stream import open_output
from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.errors import SourceChanged
from s3am_cloud.model import Receipt
from s3am_cloud.ports.transfer import Ports
from s3am_cloud.transfer.download import DownloadRequest
from s3am_cloud.transfer.download_stream import download_stream
from s3am_cloud_client.inprocess.destinations import Output
from s3am_cloud_client.inprocess.ports import SourceReach, curl_settings
from s3am_cloud_client.inprocess.stopping import stop_handlers
from s3am_cloud_client.observer import Observer


def run_stream(
    request: DownloadRequest,
    output: Output,
    access: S3Access,
    reach: SourceReach,
    ports: Ports,
    observer: Observer,
) -> Receipt:
    """Copies the object to the output, in order. Whatever goes wrong, the user reads that the output is not whole."""
    keyboard = _Keyboard(observer)
    readers = CurlReaders(curl_settings(access, reach), access, ports.clock, keyboard.watch)
    observer.advise("run the command again: an output can't be resumed")
    with open_output(output.name, output.descriptor) as stream, observer.progress(request.source.key, 0) as meter:

        def write(data: memoryview) -> None:
            with keyboard.raising():
                stream.write(data)

        try:
            with_readers = msgspec.structs.replace(ports, readers=readers)
            return download_stream(request, output.name, write, with_readers, meter, meter.expect)
        except BaseException as error:  # whatever ends the run
            if stream.written:
                observer.note(f"Do not use the {stream.written:,} bytes that were written to {output.name}")
            if isinstance(error, SourceChanged):
                raise SourceChanged(error.message, "download it again") from error
            raise


class _Keyboard:
    """Ctrl-C: kept for the reader's next look while libcurl is at work, which would swallow it; raised at once while an
    output that may wait for its reader is written."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._handlers = stop_handlers()
        self._pending: list[tuple[int, FrameType | None]] = []
        self._at_once = False

    @contextmanager
    def watch(self) -> Iterator[Callable[[], None]]:
        try:
            for number in self._handlers:
                signal.signal(number, self._press)
            yield self._check
        finally:
            for number, handler in self._handlers.items():
                signal.signal(number, handler)

    @contextmanager
    def raising(self) -> Iterator[None]:
        self._at_once = True
        try:
            self._check()
            yield
        finally:
            self._at_once = False

    def _press(self, number: int, frame: FrameType | None) -> None:
        self._pending.append((number, frame))
        if self._at_once:
            self._check()

    def _check(self) -> None:
        while self._pending:
            number, frame = self._pending.pop(0)
            self._handlers[number](number, frame)
        self._observer.check()
