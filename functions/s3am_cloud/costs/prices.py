"""Every price once, with its place and its date."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

STANDARD: Final = "STANDARD"


class ClassPrices(msgspec.Struct, frozen=True):
    """What S3 charges at a storage class: a write, a read, a GB retrieved, a GB stored for a month.

    With `staged`, parts are written and stored at the prices of S3 Standard until the upload is completed (S3 user
    guide, "Multipart upload and pricing"): the completion alone is a write at the class's own price.
    """

    write: float
    read: float
    retrieved_gb: float
    stored_gb: float
    staged: bool = False


# From aws.amazon.com/s3/pricing, us-east-1, 2026-11. Storage and retrieval were compared with other pages that repeat
# them; the prices of writes and reads beyond S3 Standard's are as they were known, and could not be looked up again.
# Reading what was restored from an archive is charged as Standard; the restore itself is somebody else's request.
_CLASSES: Final = {
    STANDARD: ClassPrices(0.005 / 1000, 0.0004 / 1000, 0.0, 0.023),
    "REDUCED_REDUNDANCY": ClassPrices(0.005 / 1000, 0.0004 / 1000, 0.0, 0.024),
    "INTELLIGENT_TIERING": ClassPrices(0.005 / 1000, 0.0004 / 1000, 0.0, 0.023),
    "STANDARD_IA": ClassPrices(0.01 / 1000, 0.001 / 1000, 0.01, 0.0125),
    "ONEZONE_IA": ClassPrices(0.01 / 1000, 0.001 / 1000, 0.01, 0.01),
    "GLACIER_IR": ClassPrices(0.02 / 1000, 0.01 / 1000, 0.03, 0.004),
    "GLACIER": ClassPrices(0.03 / 1000, 0.0004 / 1000, 0.0, 0.023, staged=True),
    "DEEP_ARCHIVE": ClassPrices(0.05 / 1000, 0.0004 / 1000, 0.0, 0.023, staged=True),
}

# Dollars for a GB that leaves a region, to another region and to the internet (its first 10 TB of a month).
# From aws.amazon.com/ec2/pricing/on-demand, "Data transfer", 2026-11. $0.02 between regions, $0.01 between us-east-1
# and us-east-2, and $0.114 from Sydney to the internet were compared with other pages; the rest of the table is as it
# was known, and could not be looked up again.
_CROSS_REGION_GB: Final = 0.02
_EGRESS_GB: Final = 0.09
_NEAR: Final = frozenset({"us-east-1", "us-east-2"})
_NEAR_GB: Final = 0.01
_FROM_REGION: Final = {
    "af-south-1": (0.147, 0.154),
    "ap-east-1": (0.09, 0.12),
    "ap-northeast-1": (0.09, 0.114),
    "ap-northeast-2": (0.08, 0.126),
    "ap-northeast-3": (0.09, 0.114),
    "ap-south-1": (0.086, 0.1093),
    "ap-southeast-1": (0.09, 0.12),
    "ap-southeast-2": (0.098, 0.114),
    "me-south-1": (0.1105, 0.117),
    "sa-east-1": (0.138, 0.15),
    "us-gov-east-1": (0.03, 0.155),
    "us-gov-west-1": (0.03, 0.155),
}


class Prices(msgspec.Struct, frozen=True, kw_only=True):
    """AWS's list prices in US dollars, each for one, free tiers left out. A GB is 10**9 bytes.

    From aws.amazon.com/step-functions/pricing (STANDARD), /lambda/pricing (arm64), /s3/pricing (S3 Standard; PUT, COPY,
    POST and LIST are writes, GET and HEAD reads, aborts and deletions free), /kms/pricing, /eventbridge/pricing,
    /datasync/pricing, /cloudwatch/pricing, /vpc/pricing (NAT gateways). Prices of a month are for one key, alarm or
    dashboard, and for each combination of a metric's dimensions that had a value; an account has three dashboards and
    ten alarms free.
    """

    region: str = "us-east-1"
    as_of: str = "2026-11"
    transition: float = 25 / 10**6
    gb_second: float = 0.0000133334
    invocation: float = 0.20 / 10**6
    s3_write: float = 0.005 / 1000
    s3_read: float = 0.0004 / 1000
    kms_request: float = 0.03 / 10_000
    event: float = 1.00 / 10**6
    datasync_gb: float = 0.0125
    key_month: float = 1.00
    alarm_month: float = 0.10
    dashboard_month: float = 3.00
    metric_month: float = 0.30
    nat_hour: float = 0.045
    nat_gb: float = 0.045
    classes: Mapping[str, ClassPrices] = MappingProxyType(_CLASSES)

    def of_class(self, storage_class: str | None) -> ClassPrices:
        """Those of S3 Standard for a class that is unknown, or not named."""
        return self.classes.get(storage_class or STANDARD, self.classes[STANDARD])


PRICES: Final = Prices()


def cross_region_gb(origin: str, destination: str) -> float:
    """Dollars for a GB from one region into another."""
    if origin == destination:
        return 0.0
    if {origin, destination} == _NEAR:
        return _NEAR_GB
    return _FROM_REGION.get(origin, (_CROSS_REGION_GB, _EGRESS_GB))[0]


def egress_gb(origin: str | None) -> float:
    """Dollars for a GB from a region to the internet."""
    return _FROM_REGION.get(origin or "", (_CROSS_REGION_GB, _EGRESS_GB))[1]
