"""Asking AWS again and again: pauses that grow, and calls that AWS throttles.

Limits of AWS's APIs are for all users of an account in a region together. So whoever waits asks less often the longer
it takes, and at moments of its own. A throttled call is no failure of a job: it is repeated.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from s3am_cloud.errors import StoreBusy
from s3am_cloud.limits import POLL_SECONDS, THROTTLED_SECONDS
from s3am_cloud.ports.transfer import Clock

_FIRST_SECONDS: Final = 0.25
_GROWTH: Final = 1.25
_SLOWER: Final = 2.0
Answer = TypeVar("Answer")


class Polls:
    """The pauses between looks at something that takes long.

    They grow with the time that was waited, of which each is a quarter at most. With half as much jitter as pause,
    those who began together ask at different times soon.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock, self._pause = clock, _FIRST_SECONDS

    def wait(self, most: float | None = None) -> None:
        """Returns after a pause, at the latest after `most` seconds."""
        pause = self._pause * (0.75 + 0.5 * self._clock.random())
        self._clock.sleep(pause if most is None else min(pause, most))
        self._pause = min(POLL_SECONDS, self._pause * _GROWTH)

    def slow_down(self) -> None:
        """The next pause is twice as long: AWS has throttled a call."""
        self._pause = min(POLL_SECONDS, self._pause * _SLOWER)


def patiently(call: Callable[[], Answer], clock: Clock) -> Answer:
    """The call's answer. Where AWS throttles it, it is repeated for ten minutes; raises StoreBusy after that."""
    polls, end = Polls(clock), clock.monotonic() + THROTTLED_SECONDS
    while True:
        try:
            return call()
        except StoreBusy:
            if clock.monotonic() >= end:
                raise
        polls.slow_down()
        polls.wait()
