"""A burst of events takes what the stack has reserved of the region's quota, and leaves the rest to other functions."""

from __future__ import annotations

from s3am_cloud.limits import CONTROL_CONCURRENCY
from s3am_cloud_cli.deployment.quotas import Quota, worker_limit
from simulation.burst import CONTROL, WORKER, burst

QUOTA, EVENTS, UNITS = 1000, 300, 4


def test_a_burst_of_events_leaves_most_of_the_quota_to_others() -> None:
    chosen = worker_limit(None, {}, Quota(QUOTA, QUOTA), "eu-west-1").parameters
    came = burst(EVENTS, UNITS, QUOTA, int(chosen["MaxWorkers"]))
    assert came.ended == EVENTS
    assert came.most == {CONTROL: CONTROL_CONCURRENCY, WORKER: QUOTA // 4}
    assert came.most_together < QUOTA / 3


def test_without_a_limit_it_takes_all_of_the_quota() -> None:
    came = burst(EVENTS, UNITS, QUOTA, None)
    assert (came.ended, came.most_together) == (EVENTS, QUOTA)
