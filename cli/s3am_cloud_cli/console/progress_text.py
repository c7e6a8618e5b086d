"""How far a transfer has come: as a bar of any width, as a line of a log, and as JSON."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import msgspec

from s3am_cloud.amounts import size_text

# A shorter bar shows nothing that the number beside it does not.
_LEAST_BAR, _MOST_BAR = 10, 40
_CUT = "..."


class Progress(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Of one object, or of all items of a dataset; what is not known is None. `text` is what else there is to say."""

    title: str
    bytes: int
    total_bytes: int | None = None
    items: int | None = None
    total_items: int | None = None
    failed: int | None = None
    bytes_per_second: float = 0.0
    seconds_left: float | None = None
    text: str = ""

    @property
    def share(self) -> float | None:
        """By bytes, or where their number is unknown by items."""
        for done, total in ((self.bytes, self.total_bytes), (self.items, self.total_items)):
            if total:
                return min(1.0, (done or 0) / total)
        return None


def progress_line(progress: Progress) -> str:
    """For a log: everything, however long."""
    share = "" if progress.share is None else f" {progress.share:.0%}"
    return f"{progress.title}:{share} {', '.join(_facts(progress, is_short=False))}"


def progress_bar(progress: Progress, width: int) -> str:
    """In at most `width` columns. Where they are few, the words are shorter, and the last facts are left out."""
    title = progress.title if progress.total_items is None else ""
    share = "" if progress.share is None else f"{progress.share:4.0%}"
    beside = min(_columns(title), width // 4) + _LEAST_BAR + len(" [] ")
    for is_short in (False, True):
        facts = list(_facts(progress, is_short))
        line = " ".join(filter(None, (share, (" " if is_short else ", ").join(facts))))
        if _columns(line) <= (width if is_short else width - beside):
            return _filled(title, share, line, width, progress.share)
    while facts and _columns(line) > width:
        facts.pop(-2 if progress.failed and len(facts) > 1 else -1)
        line = " ".join(filter(None, (share, *facts)))
    return line[:width]


def _filled(title: str, share: str, line: str, width: int, done: float | None) -> str:
    """The line with as much of the title, and as long a bar, as there is room for."""
    room = width - _columns(line) - 1
    shown = _shortened(title, min(room, max(room - _LEAST_BAR - 3, width // 4))) if title else ""
    room -= _columns(shown) + 3
    length = min(_MOST_BAR, room) if done is not None and room >= _LEAST_BAR else 0
    bar = f"[{'#' * int(length * (done or 0)):-<{length}}]" if length else ""
    rest = line.removeprefix(share).lstrip()
    return " ".join(filter(None, (shown, share.strip() if shown else share, bar, rest)))


def _facts(progress: Progress, is_short: bool) -> Iterator[str]:
    """In the order of what may be left out last."""
    if progress.total_items is not None:
        yield f"{progress.items or 0:,}/{progress.total_items:,}" + ("" if is_short else " items")
    yield _size(progress, is_short)
    yield f"{_amount(progress.bytes_per_second, is_short)}/s"
    if progress.seconds_left is not None:
        yield f"ETA {time_left_text(progress.seconds_left)}"
    if progress.text:
        yield progress.text
    if progress.failed:
        yield f"{progress.failed:,} failed"


def _size(progress: Progress, is_short: bool) -> str:
    done = _amount(progress.bytes, is_short)
    if not progress.total_bytes:
        return done
    return f"{done}{'/' if is_short else ' of '}{_amount(progress.total_bytes, is_short)}"


def _amount(size: float, is_short: bool) -> str:
    """1.5 GiB, or 1.5G where there is little room."""
    number, unit = size_text(size).split()
    return f"{number}{unit[0]}" if is_short else f"{number} {unit}"


def time_left_text(seconds: float) -> str:
    """3725 → '1:02:05'."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def _shortened(text: str, width: int) -> str:
    """Its beginning, and dots where there is more."""
    if _columns(text) <= width:
        return text
    if width <= len(_CUT):
        return ""
    while _columns(text) > width - len(_CUT):
        text = text[:-1]
    return text + _CUT


def _columns(text: str) -> int:
    """On a terminal: some characters take two columns, and combining ones none."""
    return sum(_WIDTHS.get(unicodedata.east_asian_width(one), 1) - bool(unicodedata.combining(one)) for one in text)


_WIDTHS = {"W": 2, "F": 2}
