"""How the number of connections follows what comes of them: simulated sources, by a clock that jumps."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from s3am_cloud.concurrency import AdaptiveConcurrency, FixedLimit, first_connections
from s3am_cloud.limits import (
    FEW_PARTS,
    FIRST_CONNECTIONS,
    LONGEST_REST_SECONDS,
    MIB,
    MOST_CONNECTIONS,
    RATE_BYTES,
    REST_SECONDS,
    SETTLE_SECONDS,
)

MB = 10**6
TICK = 0.05
# Bytes a second, by the number of connections that share them.
Rate = Callable[[int], float]


class Simulation:
    """A transfer in steps of a twentieth of a second; `bears` is the number of connections that are let in."""

    def __init__(self, rate: Rate, most: int = MOST_CONNECTIONS, bears: int = 10**6) -> None:
        self.told: list[str] = []
        self.growth = AdaptiveConcurrency(FIRST_CONNECTIONS, most, self.told.append)
        self.rate, self.bears = rate, bears
        self.now = self.moved = 0.0
        self.numbers: list[int] = []
        self.refusals = 0

    def run(self, seconds: float) -> Simulation:
        for _ in range(round(seconds / TICK)):
            sent_at = self.now
            self.now += TICK
            places = self.growth.limit
            self.moved += self.rate(min(places, self.bears)) * TICK
            for _ in range(places - self.bears):
                self.refusals += 1
                self.growth.refused(self.now, sent_at)
            self.growth.at(self.now, int(self.moved))
            if not self.numbers or self.numbers[-1] != self.growth.limit:
                self.numbers.append(self.growth.limit)
        return self


def per_connection(places: int) -> float:
    return places * 20 * MB


def in_all(places: int) -> float:
    return min(places * 20, 100) * MB


def test_a_source_that_limits_each_connection_gets_all_allowed_ones() -> None:
    """A source that limits each connection is met by all that are allowed."""
    assert Simulation(per_connection).run(4).numbers == [4, 8, 16, 32]


def test_the_most_is_kept_where_it_is_no_double() -> None:
    assert Simulation(per_connection, most=11).run(60).numbers == [4, 8, 11]


def test_a_source_that_limits_all_together_gets_one_doubling_too_many() -> None:
    """A source that limits all together is met by no more than one doubling too many."""
    done = Simulation(in_all).run(20)
    assert done.numbers == [4, 8, 16, 8]


def test_a_doubling_that_gains_less_than_a_tenth_is_taken_back() -> None:
    """A doubling that gains less than a tenth is taken back and one that gains more is kept."""
    assert Simulation(lambda places: 100 * MB * (1.09 if places > 4 else 1)).run(20).numbers == [4, 8, 4]
    assert Simulation(lambda places: 100 * MB * (1.12 if places > 4 else 1)).run(5).numbers[:2] == [4, 8]
    assert Simulation(lambda places: 100 * MB * (1.12 if places > 4 else 1)).run(20).numbers[-1] == 8


def test_connections_that_are_slow_to_start_are_waited_for() -> None:
    """More connections show what they give a second late."""
    since: dict[int, float] = {}

    def late(places: int) -> float:
        begun = since.setdefault(places, done.now)
        return places * 20 * MB if done.now - begun > 1.0 else 80 * MB

    done = Simulation(late)
    assert done.run(20).numbers[-1] == MOST_CONNECTIONS


def test_a_source_too_busy_above_eight_is_left_at_eight() -> None:
    """A source that is too busy above eight is left at eight and not asked for more soon."""
    done = Simulation(per_connection, bears=8).run(REST_SECONDS)
    assert done.numbers == [4, 8, 16, 8]
    assert done.refusals == 8, "one crowd"


def test_a_source_that_stays_too_busy_is_tried_less_and_less_often() -> None:
    done = Simulation(per_connection, bears=8).run(3600)
    assert done.numbers == [4, 8, *[16, 8] * done.numbers.count(16)]
    assert done.numbers.count(16) <= 5 + 3600 / LONGEST_REST_SECONDS


def test_a_number_that_was_too_large_is_tried_again_later() -> None:
    """A number that was too large is tried again when times have changed."""
    done = Simulation(per_connection, bears=8).run(20)
    done.bears = 10**6
    assert done.run(60).numbers[-1] == MOST_CONNECTIONS
    narrow = Simulation(in_all).run(20)
    narrow.rate = per_connection
    assert narrow.run(60).numbers[-1] == MOST_CONNECTIONS


def test_a_source_that_bears_but_one_gets_one() -> None:
    done = Simulation(per_connection, bears=1).run(10)
    assert done.numbers[-1] == 1


def test_refusals_sent_before_the_last_was_known_count_as_one() -> None:
    """Refusals of requests that were sent before the last one was known count as one."""
    growth = AdaptiveConcurrency(16, 16)
    growth.refused(2.0, sent_at=1.0)
    growth.refused(2.1, sent_at=1.9)
    growth.refused(2.2, sent_at=2.0 + SETTLE_SECONDS / 2)
    assert growth.limit == 8
    growth.refused(2.5, sent_at=2.0 + SETTLE_SECONDS)
    assert growth.limit == 4


def test_nothing_is_judged_while_nothing_moves() -> None:
    growth = AdaptiveConcurrency(4, 32)
    for second in range(100):
        growth.at(second, 0)
    assert growth.limit == 4
    growth.at(100, 1)
    growth.at(200, 4 * RATE_BYTES)
    assert growth.limit == 4, "too little to tell a rate"
    growth.at(201, 4 * RATE_BYTES + 1)
    assert growth.limit == 8


def test_copies_are_judged_when_as_many_as_run_at_once_are_done() -> None:
    """Nothing is told of a copy before its end, three seconds later."""
    growth, moved, now = AdaptiveConcurrency(4, 32), 0, 0.0
    numbers = [4]
    while growth.limit < 32 and now < 60:
        running, now = growth.limit, now + 3.0
        for _ in range(running):
            moved += 256 * MIB
            growth.at(now, moved, chunk_size=256 * MIB)
        numbers += [growth.limit] if growth.limit != numbers[-1] else []
    assert numbers == [4, 8, 16, 32]
    assert now < 30


def test_what_was_found_out_is_told_in_a_line_for_each_change() -> None:
    assert Simulation(in_all).run(20).told == [
        "4 connections: 80 MB/s; trying 8",
        "8 connections: 100 MB/s; trying 16",
        "8 connections: 100 MB/s; 16: 100 MB/s; staying with 8",
    ]
    assert Simulation(per_connection, bears=8).run(10).told[-1] == (
        "the server is too busy for 16 connections; continuing with 8"
    )


@pytest.mark.parametrize(
    ("requested", "parts", "first"),
    [(None, 1000, FIRST_CONNECTIONS), (None, FEW_PARTS, FEW_PARTS), (None, 1, 1), (16, 1000, None), (1, 2, None)],
)
def test_few_parts_begin_at_once_and_an_explicit_number_is_one(
    requested: int | None, parts: int, first: int | None
) -> None:
    assert first_connections(requested, parts) == first


def test_places_that_are_fixed_stay() -> None:
    places = FixedLimit(3)
    places.refused(1.0)
    places.look(1, False)
    assert (places.now, places.adapts, places.moved()) == (3, False, 0)
