"""Answers that a server sends twice: on a connection that is kept, the second one comes as that to the next request."""

from __future__ import annotations

from typing import Final, NamedTuple

# More connections than a run has at a time.
_KEPT: Final = 1024


class Answer(NamedTuple):
    """What two answers have in common where one is the other, sent again."""

    etag: str | None
    last_modified: str | None
    content: int


class Repeats:
    """Which connections have given two requests in a row the same answer. Nothing that comes on them can be relied on:
    from there on each answer may be that to an earlier request."""

    def __init__(self) -> None:
        self._last: dict[int, Answer] = {}
        self._repeating: set[int] = set()

    def came(self, connection: int, answer: Answer) -> bool:
        """Whether this answer may be another request's."""
        if self._last.pop(connection, None) == answer:
            self._repeating.add(connection)
        self._last[connection] = answer
        if len(self._last) > _KEPT:
            del self._last[next(iter(self._last))]
        return connection in self._repeating
