"""Prepares a dataset in a process of its own, and prints the most memory that it has had: `python -m
simulation.preparing ITEMS`."""

from __future__ import annotations

import resource
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from s3am_cloud.jobs.dataset.prepare import prepare_dataset
from s3am_cloud.limits import LAMBDA_SECONDS
from s3am_cloud.transfer.pipeline import new_job
from simulation.aims import KB
from simulation.dataset_world import DatasetWorld
from simulation.datasets import JOB, Items


def prepare(count: int) -> int:
    """In as many turns as it takes. How many items were prepared."""
    items = Items(name="", sizes=((count, 100 * KB),), scheme="s3")
    with TemporaryDirectory(prefix="s3am-cloud-simulated-") as folder:
        world = DatasetWorld(items.all, Path(folder))
        job, plan = new_job(items.request, JOB, world.clock), None
        while plan is None:
            end = world.clock.seconds + LAMBDA_SECONDS
            plan = prepare_dataset(job, world.ports, lambda end=end: end - world.clock.seconds)  # type: ignore[misc]
    return plan.items


def main() -> None:
    assert prepare(int(sys.argv[1])) == int(sys.argv[1])
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


if __name__ == "__main__":
    main()
