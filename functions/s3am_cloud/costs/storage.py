"""What stored bytes cost over time, and what a stack costs while no job runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from s3am_cloud.costs.prices import PRICES

_GB = 10**9
_MONTH_SECONDS = 30 * 86400
KEY: Final = "AWS::KMS::Key"
ALARM: Final = "AWS::CloudWatch::Alarm"
DASHBOARD: Final = "AWS::CloudWatch::Dashboard"
METRICS: Final = 12
"""Metrics with values in a month with jobs: what handlers/metrics.py records for the two functions that transfer."""


def storage_cost(size: int, seconds: float, storage_class: str | None) -> float:
    """Dollars for `size` bytes in S3 over that time. Parts have no minimum duration, as objects of some classes do."""
    return size / _GB * PRICES.of_class(storage_class).stored_gb * max(0.0, seconds) / _MONTH_SECONDS


def monthly_cost(size: int, storage_class: str | None) -> float:
    """Dollars for `size` bytes in S3 over a month."""
    return storage_cost(size, _MONTH_SECONDS, storage_class)


class RestingCost(msgspec.Struct, frozen=True, kw_only=True):
    """Dollars a month: the key and the alarms in any case; a dashboard beyond the account's three free ones, and the
    metrics only in a month with jobs."""

    keys: float
    alarms: float
    dashboards: float
    metrics: float

    @property
    def always(self) -> float:
        return self.keys + self.alarms


def resting_cost(resources: Mapping[str, int]) -> RestingCost:
    """By the number of resources of each CloudFormation type."""
    return RestingCost(
        keys=resources.get(KEY, 0) * PRICES.key_month,
        alarms=resources.get(ALARM, 0) * PRICES.alarm_month,
        dashboards=resources.get(DASHBOARD, 0) * PRICES.dashboard_month,
        metrics=METRICS * PRICES.metric_month,
    )
