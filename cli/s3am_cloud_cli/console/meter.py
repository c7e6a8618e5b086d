"""Counts what is transferred, and shows it now and then."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple, Protocol

from s3am_cloud_cli.console.escaping import escaped
from s3am_cloud_cli.console.progress_text import Progress, progress_bar, progress_line
from s3am_cloud_cli.console.screen import Screen

if TYPE_CHECKING:
    from s3am_cloud.model import MovedPart
    from s3am_cloud_client import Clock

# Nobody wants a bar for what is over in a moment; without a terminal, a line now and then is enough for a log.
BAR_DELAY_SECONDS = 0.5
BAR_SECONDS = 0.1
LINE_SECONDS = 30.0
# The rate is that of the last _RATE_SECONDS, and is measured every _SAMPLE_SECONDS.
_RATE_SECONDS = 15.0
_SAMPLE_SECONDS = 1.0


class Display(Protocol):
    """How progress is shown: for the first time after `delay` seconds, and then all `rhythm` seconds."""

    delay: float
    rhythm: float

    def show(self, progress: Progress) -> None: ...

    def end(self, progress: Progress) -> None:
        """This is how it ended, whether anything was shown or not."""


class Bar:
    delay, rhythm = BAR_DELAY_SECONDS, BAR_SECONDS

    def __init__(self, screen: Screen) -> None:
        self._screen, self._is_shown = screen, False

    def show(self, progress: Progress) -> None:
        self._is_shown = True
        self._screen.draw(progress_bar(progress, self._screen.columns))

    def end(self, progress: Progress) -> None:
        if self._is_shown:
            self.show(progress)
            self._screen.leave()


class Lines:
    """One line at a time by `write`, which adds the time."""

    delay = rhythm = LINE_SECONDS

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    def show(self, progress: Progress) -> None:
        self._write(progress_line(progress))

    def end(self, progress: Progress) -> None:
        """The result follows."""


class Documents:
    """One JSON object at a time, and a last one at the end."""

    delay = rhythm = LINE_SECONDS

    def __init__(self, write: Callable[[Progress], None]) -> None:
        self.show = self.end = write


class Nothing:
    delay = rhythm = float("inf")

    def show(self, progress: Progress) -> None:
        """Nobody wants to see it."""

    def end(self, progress: Progress) -> None:
        """Nobody wants to see it."""


class _Sample(NamedTuple):
    at: float
    bytes: int
    items: int


class Meter:
    """Counts bytes and items as they are transferred. `total` is 0 where the number of bytes is unknown."""

    def __init__(self, title: str, total: int, display: Display, clock: Clock) -> None:
        self._title, self._total, self._display, self._clock = escaped(title), total, display, clock
        self._done, self._text = 0, ""
        self._items: tuple[int, int, int] | None = None
        now = clock.monotonic()
        self._samples = deque([_Sample(now, 0, 0)])
        self._next = now + display.delay

    def __call__(self, count: int) -> None:
        self._done += count
        now = self._clock.monotonic()
        if now - self._samples[-1].at >= _SAMPLE_SECONDS:
            self._sample(now)
        if now >= self._next:
            self._next = now + self._display.rhythm
            self._display.show(self.progress)

    def expect(self, total: int) -> None:
        """Says how many bytes there are, where that was not known from the start, or changes."""
        self._total = total

    @property
    def done(self) -> int:
        return self._done

    def advance_to(self, done: int) -> None:
        """For those who know how much there is, not how much has come."""
        self(done - self._done)

    def begin_at(self, done: int) -> None:
        """Says how much was there before, so that the rate and the time left follow from what comes from now on."""
        self._done = done
        self._samples = deque([_Sample(self._clock.monotonic(), done, 0)])

    def say(self, text: str) -> None:
        """The text beside the bytes from now on."""
        self._text = escaped(text)

    def count_items(self, done: int, total: int, failed: int) -> None:
        self._items = (done, total, failed)

    def counting(self, moving: Iterable[MovedPart], count: int, done: int) -> Iterator[MovedPart]:
        """Passes parts on as they come, and shows how many of `count` there are, and how often one was tried again."""
        retries = 0
        for part in moving:
            done, retries = done + 1, retries + part.retries
            self.say(parts_text(done, count, retries))
            yield part

    def close(self) -> None:
        self._display.end(self.progress)

    @property
    def progress(self) -> Progress:
        rate, item_rate = self._rates()
        items, total_items, failed = self._items or (None, None, None)
        return Progress(
            title=self._title,
            bytes=self._done,
            total_bytes=self._total or None,
            items=items,
            total_items=total_items,
            failed=failed,
            bytes_per_second=round(rate, 1),
            seconds_left=self._seconds_left(rate, item_rate),
            text=self._text,
        )

    def _sample(self, now: float) -> None:
        self._samples.append(_Sample(now, self._done, self._items[0] if self._items else 0))
        while len(self._samples) > 2 and self._samples[1].at <= now - _RATE_SECONDS:
            self._samples.popleft()

    def _rates(self) -> tuple[float, float]:
        """Bytes and items a second."""
        since = self._samples[0]
        seconds = max(self._clock.monotonic() - since.at, 1e-3)
        items = self._items[0] if self._items else 0
        return max(0.0, (self._done - since.bytes) / seconds), max(0.0, (items - since.items) / seconds)

    def _seconds_left(self, rate: float, item_rate: float) -> float | None:
        """By the bytes that are left, or where their number is unknown by the items."""
        if self._total:
            return round(max(0, self._total - self._done) / rate, 1) if rate else None
        if self._items is None or not item_rate:
            return None
        return round((self._items[1] - self._items[0]) / item_rate, 1)


def parts_text(done: int, count: int, retries: int | None) -> str:
    return f"{done}/{count} parts" + (f", {retries} retries" if retries else "")
