"""A server that lets in fewer connections than a run would like to have."""

from __future__ import annotations

from collections import deque

from s3am_cloud.adapters.curl.retry import Retry
from s3am_cloud.errors import TransferError
from s3am_cloud.limits import CROWD_ATTEMPTS, CROWD_SECONDS
from s3am_cloud.ports import Clock


class Crowd:
    """The places of one run. Each that is given back is taken away for good, but for the last.

    A part that was refused twice before it had a byte gives its place back and waits for another; one that lost its
    connection midway waits where it is, because its PUT goes on. Nobody gives up as long as any bytes come in.
    """

    def __init__(self, places: int, clock: Clock) -> None:
        self._clock = clock
        self.places = places
        self.given_back: deque[tuple[int, TransferError]] = deque()
        self._patience = patience(clock)

    def gained(self) -> None:
        """A byte has come from the server."""
        self._patience.gained()

    def give_back(self, number: int, error: TransferError) -> None:
        """The part of that number was refused before its first byte, and again."""
        self.places = max(1, self.places - 1)
        self.given_back.append((number, error))

    def moment(self) -> float:
        """Seconds in which a server notices that a connection is gone."""
        return max(CROWD_SECONDS, self._clock.random())

    def wait(self) -> float | None:
        """Seconds until it is worth trying again, None when it is time to give up."""
        return self._patience.wait(CROWD_SECONDS)


def patience(clock: Clock) -> Retry:
    """How long to go on asking a server that lets no more connections in: about a minute."""
    return Retry(clock, CROWD_ATTEMPTS)
