"""Prints what jobs of several kinds take in the simulated cloud: `make simulate`."""

from __future__ import annotations

import msgspec

from s3am_cloud.limits import GIB, MAX_OBJECT, MAX_PARTS, MIB, MIN_PART
from s3am_cloud.model import TransferRequest
from simulation.aims import print_datasets
from simulation.burst import burst
from simulation.run import Outcome, Simulation
from simulation.sweeping import month_of
from simulation.watching import watch_at_once
from simulation.world import Conditions

TB = 10**12


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One job. `rate` is what the probe measures of the source."""

    name: str
    size: int
    source: str = "https://host/file"
    part_size: int | None = None
    slots: int | None = None
    rate: int | None = None
    weather: Conditions = Conditions()

    def run(self) -> Outcome:
        request = TransferRequest(
            source=self.source, destination="s3://bucket/key", part_size=self.part_size, download_slots=self.slots
        )
        return Simulation(request, self.size, self.weather, self.rate).run()


CASES = [
    Case(name="600 GB over https", size=600 * 10**9),
    Case(name="1 TB over https", size=TB),
    Case(name="1 TB over https, 512 connections", size=TB, slots=512),
    Case(name="1 TB at 2 MB/s a connection", size=TB, rate=2 * 10**6, weather=Conditions(connection_rate=2 * 10**6)),
    Case(
        name="1 TB over ftp, 5 MB/s each", size=TB, source="ftp://host/f", weather=Conditions(connection_rate=5 * 10**6)
    ),
    Case(name="1 TB from s3, 1 GiB parts", size=TB, source="s3://other/key", part_size=GIB),
    Case(name="10,000 parts of 5 MiB", size=MAX_PARTS * MIN_PART, part_size=MIN_PART),
    Case(name="10,000 parts of 5 MiB, 1,000 at once", size=MAX_PARTS * MIN_PART, part_size=MIN_PART, slots=1000),
    Case(
        name="the same, S3 takes 500 a second",
        size=MAX_PARTS * MIN_PART,
        part_size=MIN_PART,
        slots=1000,
        weather=Conditions(writes_per_second=500),
    ),
    Case(name="1 TB, 20 environments for 64 workers", size=TB, slots=512, weather=Conditions(environments=20)),
    Case(
        name="4.2 TB, 1,250 units, a quota of 10",
        size=MAX_PARTS * 400 * MIB,
        part_size=400 * MIB,
        slots=1000,
        weather=Conditions(environments=10),
    ),
    Case(
        name="5.6 TB, 1,667 units, a quota of 10",
        size=MAX_PARTS * 536 * MIB,
        part_size=536 * MIB,
        slots=1000,
        weather=Conditions(environments=10),
    ),
    Case(
        name="the same, deployed with --max-workers 8",
        size=MAX_PARTS * 536 * MIB,
        part_size=536 * MIB,
        slots=1000,
        weather=Conditions(environments=10, most_workers=8),
    ),
    Case(name="1 TB, 5 % of the workers die", size=TB, weather=Conditions(broken=0.05)),
    Case(name="48.8 TiB, 10,000 parts of 5 GiB", size=MAX_OBJECT),
]
HEAD = ("", "time", "GB/s", "parts", "units", "workers", "invoked", "throttled", "503", "transitions", "$", "$/TB")


def row(case: Case, came: Outcome) -> tuple[str, ...]:
    minutes, seconds = divmod(round(came.seconds), 60)
    return (
        case.name,
        f"{minutes // 60}:{minutes % 60:02}:{seconds:02}",
        f"{case.size / came.seconds / 1e9:.2f}",
        *(f"{n:,}" for n in (came.parts, came.units, came.most_at_once, came.worker_invocations)),
        *(f"{n:,}" for n in (came.throttled, came.slow_downs, came.usage.transitions)),
        f"{came.dollars:.3f}",
        f"{came.dollars / case.size * TB:.3f}",
    )


def main() -> None:
    rows = [HEAD, *(row(case, case.run()) for case in CASES)]
    widths = [max(len(one[column]) for one in rows) for column in range(len(HEAD))]
    for one in rows:
        first, *others = (text.rjust(width) for text, width in zip(one, widths, strict=True))
        print("  ".join((first.strip().ljust(widths[0]), *others)).rstrip())
    print_others()
    print_datasets()


def print_others() -> None:
    watched = watch_at_once(20, 1800)
    print(
        f"\n20 watchers for half an hour: {watched.calls.total():,} calls of Step Functions, "
        f"{watched.throttled.total():,} throttled, {len(watched.failures)} watchers failed"
    )
    for most in (None, 250):
        came = burst(1000, 8, 1000, most)
        print(
            f"1,000 events at once, {'any number of' if most is None else most} workers: {came.most_together:,} of "
            f"1,000 invocations at once, {came.ended:,} jobs done in {came.seconds / 60:.0f} minutes"
        )
    for jobs, failing in ((10_000, 0.5), (100_000, 0.05)):
        month = month_of(jobs, failing)
        print(
            f"{month.jobs:,} jobs in a month, {month.failed:,} failed: {month.calls:,} calls in {month.sweeps:,} "
            f"sweeps, the longest of {month.longest:.0f} s; {month.discarded:,} uploads discarded, {month.left:,} left"
        )


if __name__ == "__main__":
    main()
