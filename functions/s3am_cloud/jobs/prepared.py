"""What the state machine gets to know before its map."""

from __future__ import annotations

import msgspec


class Prepared(msgspec.Struct, frozen=True):
    """What the machine needs for its map; `transfer` is False where nothing is left to be mapped, and `skipped`
    True where nobody is to hear of it either.

    A dataset is prepared `again` while there is more of it than one invocation can list. Its map tolerates that units
    fail, as each item has an outcome of its own, and may come in several rounds.
    """

    job: str
    transfer: bool
    bucket: str
    units_key: str
    concurrency: int
    skipped: bool = False
    again: bool = False
    dataset: bool = False
    # Percent.
    tolerated: int = 0
    round: int = 1
