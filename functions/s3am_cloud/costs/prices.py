"""Every price once, with its place and its date.

Three that no sum is made of, but the stack is built by (aws.amazon.com/cloudwatch/pricing): a metric of one's own is
$0.30 a month for each combination of its dimensions, a dashboard $3 with three of them free, an alarm $0.10 with ten.
"""

from __future__ import annotations

from typing import Final

import msgspec


class Prices(msgspec.Struct, frozen=True, kw_only=True):
    """AWS's list prices in US dollars, each for one, free tiers left out.

    From aws.amazon.com/step-functions/pricing (STANDARD), /lambda/pricing (arm64), /s3/pricing (S3 Standard; PUT, COPY,
    POST and LIST are writes, GET and HEAD reads, aborts and deletions free), /kms/pricing, /eventbridge/pricing,
    /datasync/pricing (for each GB, counted here as 10**9 bytes).
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


PRICES: Final = Prices()


def rounded(dollars: float) -> float:
    """To two digits that count: no estimate of ours is better."""
    return float(f"{dollars:.2g}")


def price_text(dollars: float) -> str:
    """$0.00021, $0.17, $12.50, $1,234.50: below a dollar two digits that count, above it cents."""
    if dollars >= 1 or not dollars:
        return f"${dollars:,.2f}"
    return f"${rounded(dollars):.10f}".rstrip("0")
