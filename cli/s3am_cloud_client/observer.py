"""What a transfer reports while it runs. The command's console is one observer, a program's callback another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from s3am_cloud.model import MovedPart

OnProgress = Callable[[int, int | None], object]
"""Gets the number of bytes transferred so far, and that of all bytes where it is known, as often as it changes."""


class Meter(Protocol):
    """Counts the bytes of one step; a byte that is sent again is taken back first with a negative count."""

    def __call__(self, count: int) -> None: ...

    def expect(self, total: int) -> None:
        """Sets the number of bytes, where it was unknown at the start, or changes."""

    def say(self, text: str) -> None:
        """Shows this beside the bytes from now on."""

    def count_items(self, done: int, total: int, failed: int) -> None:
        """Of a dataset: how many of its items have ended, and how many of these failed."""

    def counting(self, moving: Iterable[MovedPart], count: int, done: int) -> Iterator[MovedPart]:
        """Passes parts on as they come; `count` is the number of all parts, `done` of those that were there before."""


class Observer(Protocol):
    """Gets what a transfer on this machine has to report. `SilentObserver` is one to derive others from."""

    def note(self, text: str) -> None:
        """Reports what the user has to know, such as what an interrupted transfer leaves in S3."""

    def detail(self, text: str) -> None:
        """Reports what is of interest with --verbose."""

    def advise(self, hint: str) -> None:
        """Says what to do if the transfer is interrupted, as far as it has come; the last one counts."""

    def check(self) -> None:
        """Raises what is to end the transfer. It is called often; elsewhere nothing may be raised while bytes move."""

    def progress(self, title: str, total: int) -> AbstractContextManager[Meter]:
        """The meter of the bytes that are transferred; `total` is 0 where their number is unknown."""

    def checking(self, title: str, total: int) -> AbstractContextManager[Meter]:
        """The meter of a step that only reads, in order to compare."""


class SilentMeter:
    """A `Meter` that shows nothing."""

    def __call__(self, count: int) -> None:
        """Nobody wants to know."""

    def say(self, text: str) -> None:
        """Nobody wants to know."""

    def expect(self, total: int) -> None:
        """Nobody wants to know."""

    def count_items(self, done: int, total: int, failed: int) -> None:
        """Nobody wants to know."""

    def counting(self, moving: Iterable[MovedPart], count: int, done: int) -> Iterator[MovedPart]:
        yield from moving


class SilentObserver:
    """An `Observer` that reports nothing. Derive from it to hear of some things only."""

    def note(self, text: str) -> None:
        """Nobody wants to know."""

    def detail(self, text: str) -> None:
        """Nobody wants to know."""

    def advise(self, hint: str) -> None:
        """Nobody wants to know."""

    def check(self) -> None:
        """Nothing ends it."""

    @contextmanager
    def progress(self, title: str, total: int) -> Iterator[Meter]:
        yield SilentMeter()

    @contextmanager
    def checking(self, title: str, total: int) -> Iterator[Meter]:
        yield SilentMeter()


class CallbackObserver:
    """Calls a function with the bytes that are transferred, and passes everything on to another observer.

    What the function raises ends the transfer, though only at the next check: libcurl would swallow it.
    """

    def __init__(self, on_progress: OnProgress, observer: Observer) -> None:
        self._on_progress, self._observer = on_progress, observer
        self.note, self.detail, self.advise = observer.note, observer.detail, observer.advise
        self.checking = observer.checking
        self._raised: BaseException | None = None

    def check(self) -> None:
        self._observer.check()
        if self._raised is not None:
            raise self._raised

    def call(self, done: int, total: int | None) -> None:
        if self._raised is None:
            try:
                self._on_progress(done, total)
            except BaseException as error:  # whatever it is, it is the caller's to handle
                self._raised = error

    @contextmanager
    def progress(self, title: str, total: int) -> Iterator[Meter]:
        with self._observer.progress(title, total) as meter:
            yield _CallbackMeter(self, meter, total)
            self.check()


class _CallbackMeter:
    def __init__(self, observer: CallbackObserver, meter: Meter, total: int) -> None:
        self._observer, self._meter, self._total = observer, meter, total
        self._done = 0

    def __call__(self, count: int) -> None:
        self._done += count
        self._meter(count)
        self._observer.call(self._done, self._total or None)

    def expect(self, total: int) -> None:
        self._total = total
        self._meter.expect(total)

    def say(self, text: str) -> None:
        self._meter.say(text)

    def count_items(self, done: int, total: int, failed: int) -> None:
        self._meter.count_items(done, total, failed)

    def counting(self, moving: Iterable[MovedPart], count: int, done: int) -> Iterator[MovedPart]:
        for part in self._meter.counting(moving, count, done):
            self._observer.check()
            yield part


def observer_of(on_progress: OnProgress | None, observer: Observer | None) -> Observer:
    """One observer of what a program gives: a callback, an observer, both or neither."""
    found: Observer = observer if observer is not None else SilentObserver()
    return found if on_progress is None else CallbackObserver(on_progress, found)
