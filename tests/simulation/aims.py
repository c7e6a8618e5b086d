"""Datasets in the simulated cloud beside what the design promises, and why some take another time or price."""

from __future__ import annotations

import msgspec

from s3am_cloud.limits import KIB
from simulation.datasets import DatasetOutcome, Items, simulate

KB, MB, GB = 10**3, 10**6, 10**9
# Of the design's price.
NEAR = 0.1
# Step Functions takes 256 KiB, and 25,000 events of an execution.
MOST_PAYLOAD, MOST_EVENTS = 8 * KIB, 25_000


class Aim(msgspec.Struct, frozen=True, kw_only=True):
    """`dollars` and `minutes` are the design's; `why` is said where the simulation comes to others."""

    items: Items
    dollars: float | None = None
    minutes: float | None = None
    why: str = ""


_SMALL, _MEDIUM, _LARGE = ((1_000_000, 100 * KB),), ((10_000, 100 * MB),), ((100, 100 * GB),)
_MIX = ((200_000, 100 * KB), (2000, 30 * MB), (1000, 100 * MB), (100, GB), (10, 100 * GB))
_LISTED = "a million items are listed and reported by one function each, for 4 and 2 minutes, before and after the map"
AIMS = (
    Aim(items=Items(name="1 M x 100 KB, S3", sizes=_SMALL, scheme="s3"), dollars=5.05, minutes=6, why=_LISTED),
    Aim(
        items=Items(name="1 M x 100 KB, https, 512 connections", sizes=_SMALL, connections=512),
        dollars=5.05,
        minutes=6,
        why=_LISTED,
    ),
    Aim(
        items=Items(name="1 M x 100 KB, https", sizes=_SMALL),
        dollars=5.05,
        why="unless the user says more, a host bears 64 connections: 2 workers",
    ),
    Aim(items=Items(name="10,000 x 100 MB, https, 512", sizes=_MEDIUM, connections=512), dollars=0.17),
    Aim(items=Items(name="100 x 100 GB, https, 512", sizes=_LARGE, connections=512), dollars=2.00),
    Aim(items=Items(name="the mix, https, 512", sizes=_MIX, connections=512)),
    Aim(items=Items(name="the mix, S3", sizes=_MIX, scheme="s3")),
)
_HEAD = ("", "time", "design", "units", "rounds", "workers", "made", "writes", "reads", "transitions", "$", "design")
_MORE = ("payload", "history")


def print_datasets() -> None:
    """The rows as they come, since the largest take minutes."""
    print("\n" + _line((*_HEAD, *_MORE)))
    for aim in AIMS:
        came = simulate(aim.items)
        print(_line(_row(aim, came)), flush=True)
        check(aim, came)
        if aim.why:
            print(f"    {aim.why}")


def check(aim: Aim, came: DatasetOutcome) -> None:
    """What Step Functions allows, and the design's price unless it is said why not."""
    counts = came.receipt.counts
    assert counts is not None
    assert counts.copied == aim.items.count
    assert came.largest_payload <= MOST_PAYLOAD
    assert came.longest_history < MOST_EVENTS
    assert aim.dollars is None or aim.why or is_near(came.dollars, aim.dollars)


def is_near(dollars: float, aim: float) -> bool:
    return abs(dollars - aim) <= NEAR * aim


def _row(aim: Aim, came: DatasetOutcome) -> tuple[str, ...]:
    usage = came.usage
    counts = (came.units, came.rounds, came.workers, came.made, usage.s3_writes, usage.s3_reads, usage.transitions)
    return (
        aim.items.name,
        f"{came.seconds / 60:.1f} min",
        "" if aim.minutes is None else f"{aim.minutes:.0f} min",
        *(f"{count:,}" for count in counts),
        f"{came.dollars:.2f}",
        "" if aim.dollars is None else f"{aim.dollars:.2f}",
        f"{came.largest_payload:,} B",
        f"{came.longest_history:,}",
    )


def _line(cells: tuple[str, ...]) -> str:
    first, *others = cells
    return first.ljust(38) + "".join(cell.rjust(12) for cell in others)
