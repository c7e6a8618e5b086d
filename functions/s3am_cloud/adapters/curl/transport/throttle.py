"""Holds back the connections of one loop, so that all together keep to a rate limit."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

from s3am_cloud.limits import LIMITED_CHUNK, LIMITED_SECONDS
from s3am_cloud.ports.pace import RateLimit

Resume = Callable[[], None]
Later = Callable[[float, Callable[[], None]], None]

_PIECES_A_SECOND = 20
_LEAST_PIECE = 4096


class Throttle:
    """A connection asks before it takes or gives bytes. While too many have passed it pauses, and is resumed in its
    turn: the one that has waited longest comes first, and may then pass whatever the others did meanwhile.

    No request is ended or started anew for it, so a changed rate applies at once.
    """

    def __init__(self, limit: RateLimit, later: Later) -> None:
        """`later` calls a function from the loop after a number of seconds."""
        self._limit, self._later = limit, later
        self._waiting: dict[Resume, None] = {}
        self._turns: set[Resume] = set()
        self._is_awaited = False

    @property
    def piece(self) -> int:
        """The bytes that are to be asked for at once, where there is a choice."""
        return min(LIMITED_CHUNK, max(_LEAST_PIECE, int(self._limit.rate / _PIECES_A_SECOND)))

    def holds(self, resume: Resume, count: int) -> bool:
        """Whether these bytes have to wait: then `resume` is called when they should be offered again."""
        allowance = self._limit.allowance()
        if allowance <= 0 and resume not in self._turns:
            self._waiting[resume] = None
            self._await(allowance)
            return True
        self._turns.discard(resume)
        self._limit.count(count)
        return False

    def _await(self, allowance: float) -> None:
        if not self._is_awaited:
            self._is_awaited = True
            self._later(max(LIMITED_SECONDS, -allowance / self._limit.rate), self._give_turns)

    def _give_turns(self) -> None:
        """To as many as there are bytes for. Who has ended meanwhile does not take its turn."""
        self._is_awaited = False
        self._turns.clear()
        allowance = self._limit.allowance()
        if allowance > 0:
            for resume in list(islice(self._waiting, max(1, int(allowance / LIMITED_CHUNK)))):
                del self._waiting[resume]
                self._turns.add(resume)
                resume()
        if self._waiting:
            self._await(allowance)
