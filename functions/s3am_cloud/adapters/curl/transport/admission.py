"""What happens when a server refuses further connections."""

from __future__ import annotations

from collections import deque

from s3am_cloud.adapters.curl.transport.retry import Retry
from s3am_cloud.concurrency import ConcurrencyLimit
from s3am_cloud.errors import TransferError
from s3am_cloud.limits import OVER_CAPACITY_ATTEMPTS, OVER_CAPACITY_SECONDS, REFUSALS_ALONE
from s3am_cloud.ports.transfer import Clock


class AdmissionControl:
    """The slots of one run. Each one that is released is removed for good, except the last.

    A part that was refused twice before its first byte releases its slot and waits for another. One that lost its
    connection midway keeps its slot, because its PUT continues. No part is given up while any bytes come in.

    HTTP has no refused connection, only a server that is too busy for a request. Where the limit adapts, such a part
    yields its slot at once, and `ConcurrencyLimit` decides how many slots are left.
    """

    def __init__(self, limit: ConcurrencyLimit, clock: Clock) -> None:
        self._clock, self._limit = clock, limit
        self._kept: int | None = None
        # Parts whose slots were released, each with the error that it met.
        self.released: deque[tuple[int, TransferError]] = deque()
        self._patience = patience(clock)
        self._pause, self._seen = 0.0, 0
        self._alone = 0

    @property
    def limit(self) -> int:
        return self._limit.now if self._kept is None else min(self._kept, self._limit.now)

    @property
    def adapts(self) -> bool:
        return self._limit.adapts

    def look(self, chunk_size: int, all_begun: bool) -> None:
        """To be called again and again."""
        self._limit.look(chunk_size, all_begun)

    def gained(self) -> None:
        """A byte has come from the server."""
        self._patience.gained()
        self._alone = 0

    def release_slot(self, number: int, error: TransferError) -> None:
        """The part of that number was refused before its first byte, and again."""
        self._kept = max(1, self.limit - 1)
        self.released.append((number, error))

    def yield_slot(self, number: int, error: TransferError, sent_at: float, at_least: float = 0.0) -> None:
        """A request of the moment `sent_at` met a busy server, which may want to be left alone for some seconds."""
        self._limit.refused(sent_at)
        self._pause = max(self._pause, self.moment(), at_least)
        self.released.append((number, error))

    def may_be_full(self, moved: int) -> bool:
        """Whether a request that was denied may have been one too many: there are others, or bytes have come beyond
        those `moved` when it was sent. The end of another may be a moment old, so a few refusals alone are borne."""
        if self.limit > 1 or self.moved() > moved:
            return True
        self._alone += 1
        return self.adapts and self._alone <= REFUSALS_ALONE

    def refused(self, sent_at: float) -> None:
        """Likewise of a part that keeps its slot, as it has bytes already."""
        self._limit.refused(sent_at)

    def moved(self) -> int:
        """Bytes that all who share the limit have moved."""
        return self._limit.moved()

    def moment(self) -> float:
        """Seconds in which a server notices that a connection is gone."""
        return max(OVER_CAPACITY_SECONDS, self._clock.random())

    def pause(self) -> float:
        """Seconds for which the parts that yielded their slots should not be requested again; reported once."""
        pause, self._pause = self._pause, 0.0
        return pause

    def wait(self, at_least: float = 0.0) -> float | None:
        """Seconds until it is worth trying again, None when it is time to give up. What a server asks for counts."""
        moved = self._limit.moved()
        if moved > self._seen:
            self._seen = moved
            self.gained()
        return self._patience.wait(max(OVER_CAPACITY_SECONDS, at_least))


def patience(clock: Clock) -> Retry:
    """How long to go on asking a server that lets no more connections in: about a minute."""
    return Retry(clock, OVER_CAPACITY_ATTEMPTS)
