"""What ends a run from outside: Ctrl-C, SIGTERM (kill, batch systems, containers), SIGHUP (its terminal is closed)."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from s3am_cloud_client.observer import Observer

Handler = Callable[[int, FrameType | None], object]
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_AGAIN_SECONDS = 0.01


def heed_stops() -> None:
    """Has all of them raise KeyboardInterrupt, which ends a run in order: what is left in S3 is reported.

    Not those that whoever started us has us ignore, as nohup does. One that Python drops is repeated.
    """
    for number in STOPS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    signal.signal(signal.SIGALRM, _stop_again)
    sys.unraisablehook = _repeat_stop


def _stop_again(number: int, frame: FrameType | None) -> None:
    signal.raise_signal(next(stop for stop in STOPS if signal.getsignal(stop) is not signal.SIG_IGN))


def _repeat_stop(ignored: sys.UnraisableHookArgs) -> None:
    """Repeats, a moment later, a stop that Python ignores: it does so with whatever is raised while a weak reference or
    an object goes away, and every import lets one go."""
    if ignored.exc_type is KeyboardInterrupt:
        signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS)
    else:
        sys.__unraisablehook__(ignored)


def ignore_stops() -> None:
    """For worker processes, which their parent ends."""
    for number in STOPS:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def interruptible() -> Iterator[Callable[[], None]]:
    """The program's own handlers of stops are called between turns of the loop: libcurl swallows what is raised inside
    its call-backs."""
    handlers = stop_handlers()
    pending: list[tuple[int, FrameType | None]] = []

    def check() -> None:
        while pending:
            number, frame = pending.pop(0)
            handlers[number](number, frame)

    try:
        for number in handlers:
            signal.signal(number, lambda number, frame: pending.append((number, frame)))
        yield check
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    check()  # what came after the last turn


@contextmanager
def watching(observer: Observer) -> Iterator[Callable[[], None]]:
    """The same, for whatever ends a transfer: a stop, or what the observer raises."""
    with interruptible() as stopped:

        def check() -> None:
            stopped()
            observer.check()

        yield check


def stop_handlers() -> dict[int, Handler]:
    """The Python functions that handle stops in this process, as they are: what is ignored or kills stays so.

    Python calls handlers in the main thread, and lets no other thread change them.
    """
    if threading.current_thread() is not threading.main_thread():
        return {}
    found = {int(number): signal.getsignal(number) for number in STOPS}
    return {number: handler for number, handler in found.items() if callable(handler)}
