"""What it costs to have the functions in subnets."""

from __future__ import annotations

from collections.abc import Mapping

from s3am_cloud import names
from s3am_cloud.costs.prices import PRICES

_HOURS = 730  # of a month
_GB_OF_TB = 1000


def network_text(parameters: Mapping[str, str]) -> list[str]:
    """What to know before the functions are put into subnets; nothing where they are in none."""
    subnets = parameters.get(names.SUBNETS, names.NO_SUBNETS)
    if subnets == names.NO_SUBNETS:
        return []
    month, terabyte = PRICES.nat_hour * _HOURS, PRICES.nat_gb * _GB_OF_TB
    return [
        f"the functions will be in {subnets}: what these fetch goes through a NAT gateway there, which costs about "
        f"${month:.0f} a month for each, and ${terabyte:.0f} for a TB. Without a gateway endpoint for S3 in the "
        "subnets' route tables, what they write costs as much again"
    ]
