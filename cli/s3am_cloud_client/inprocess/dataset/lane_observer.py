"""What a lane's single transfers are observed by: they end with the run, and their bytes count with its others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from s3am_cloud.datasets.lanes import ByteCount, Stopped
from s3am_cloud_client.observer import Meter, SilentMeter, SilentObserver


class LaneObserver(SilentObserver):
    """Ends a single transfer when the run is stopped, and passes its notes on."""

    def __init__(self, stop: threading.Event, note: Callable[[str], None], count: ByteCount) -> None:
        self._stop, self._note, self._count = stop, note, count

    def note(self, text: str) -> None:
        self._note(text)

    def check(self) -> None:
        if self._stop.is_set():
            raise Stopped("the run was stopped")

    @contextmanager
    def progress(self, title: str, total: int) -> Iterator[Meter]:
        yield _LaneMeter(self._count)


class _LaneMeter(SilentMeter):
    def __init__(self, count: ByteCount) -> None:
        self._count = count

    def __call__(self, count: int) -> None:
        self._count(count)
