"""What ends a run from outside: Ctrl-C, SIGTERM (kill, batch systems, containers), SIGHUP (its terminal is closed)."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

Handler = Callable[[int, FrameType | None], object]
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def heed_stops() -> None:
    """Has all of them raise KeyboardInterrupt, which ends a run in order: what is left in S3 is reported."""
    for number in heeded_stops():
        signal.signal(number, signal.default_int_handler)


def ignore_stops() -> None:
    """For worker processes, which their parent ends."""
    for number in STOPS:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def interruptible() -> Iterator[Callable[[], None]]:
    """Stops raised between turns of the loop: libcurl swallows what is raised inside its call-backs."""
    pressed: list[int] = []
    before = {number: signal.signal(number, lambda number, frame: pressed.append(number)) for number in heeded_stops()}

    def check() -> None:
        if pressed:
            raise KeyboardInterrupt

    try:
        yield check
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def heeded_stops() -> list[signal.Signals]:
    """Not those that whoever started us has us ignore, as nohup does."""
    return [number for number in STOPS if signal.getsignal(number) is not signal.SIG_IGN]
