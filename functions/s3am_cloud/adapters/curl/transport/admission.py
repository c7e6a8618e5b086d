"""A server that lets in fewer connections than a run would like to have."""

from __future__ import annotations

from collections import deque

from s3am_cloud.adapters.curl.transport.retry import Retry
from s3am_cloud.concurrency import ConcurrencyLimit
from s3am_cloud.errors import TransferError
from s3am_cloud.limits import CROWD_ATTEMPTS, CROWD_SECONDS, REFUSALS_ALONE
from s3am_cloud.ports.transfer import Clock


class AdmissionControl:
    """The places of one run. Each that is given back is taken away for good, but for the last.

    A part that was refused twice before it had a byte gives its place back and waits for another; one that lost its
    connection midway waits where it is, because its PUT goes on. Nobody gives up as long as any bytes come in.

    HTTP knows no refused connection, only a server that is too busy for a request: where the places adapt, such a part
    makes way at once, and how many places are left is for `ConcurrencyLimit` to say.
    """

    def __init__(self, places: ConcurrencyLimit, clock: Clock) -> None:
        self._clock, self._places = clock, places
        self._kept: int | None = None
        self.given_back: deque[tuple[int, TransferError]] = deque()
        self._patience = patience(clock)
        self._pause, self._seen = 0.0, 0
        self._alone = 0

    @property
    def places(self) -> int:
        return self._places.now if self._kept is None else min(self._kept, self._places.now)

    @property
    def adapts(self) -> bool:
        return self._places.adapts

    def look(self, chunk_size: int, all_begun: bool) -> None:
        """To be called again and again."""
        self._places.look(chunk_size, all_begun)

    def gained(self) -> None:
        """A byte has come from the server."""
        self._patience.gained()
        self._alone = 0

    def release_slot(self, number: int, error: TransferError) -> None:
        """The part of that number was refused before its first byte, and again."""
        self._kept = max(1, self.places - 1)
        self.given_back.append((number, error))

    def yield_slot(self, number: int, error: TransferError, asked: float, at_least: float = 0.0) -> None:
        """A request of the moment `asked` met a busy server, which may want to be left alone for some seconds."""
        self._places.refused(asked)
        self._pause = max(self._pause, self.moment(), at_least)
        self.given_back.append((number, error))

    def may_be_full(self, moved: int) -> bool:
        """Whether a request that was denied may have been one too many: there are others, or bytes have come beyond
        those `moved` when it was sent. The end of another may be a moment old, so a few refusals alone are borne."""
        if self.places > 1 or self.moved() > moved:
            return True
        self._alone += 1
        return self.adapts and self._alone <= REFUSALS_ALONE

    def refused(self, asked: float) -> None:
        """Likewise of a part that can't make way, as it has bytes already."""
        self._places.refused(asked)

    def moved(self) -> int:
        """Bytes that all who share the places have moved."""
        return self._places.moved()

    def moment(self) -> float:
        """Seconds in which a server notices that a connection is gone."""
        return max(CROWD_SECONDS, self._clock.random())

    def pause(self) -> float:
        """Seconds for which the parts that made way are not to be asked for again; they are told once."""
        pause, self._pause = self._pause, 0.0
        return pause

    def wait(self, at_least: float = 0.0) -> float | None:
        """Seconds until it is worth trying again, None when it is time to give up. What a server asks for counts."""
        moved = self._places.moved()
        if moved > self._seen:
            self._seen = moved
            self.gained()
        return self._patience.wait(max(CROWD_SECONDS, at_least))


def patience(clock: Clock) -> Retry:
    """How long to go on asking a server that lets no more connections in: about a minute."""
    return Retry(clock, CROWD_ATTEMPTS)
