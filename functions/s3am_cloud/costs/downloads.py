"""What a download costs: its requests, its object's retrieval, and the way out of AWS."""

from __future__ import annotations

import msgspec

from s3am_cloud.amounts import NOT_AWS, price_text, rounded
from s3am_cloud.costs.forecast import Usage, cost
from s3am_cloud.costs.prices import PRICES
from s3am_cloud.costs.surcharge import covered, download_surcharge
from s3am_cloud.errors import TooExpensive
from s3am_cloud.limits import MAX_PIECE
from s3am_cloud.model import Receipt, SourceInfo


class DownloadTerms(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the machine is in AWS, where data from its own region is free, and whether the store is Amazon's."""

    in_aws: bool = False
    at_aws: bool = True


def stream_gets(size: int) -> int:
    """Requests for what goes to an output in order: an estimate, as the reader chooses its ranges by the memory that
    it may take."""
    return max(1, -(-size // MAX_PIECE))


def download_usage(info: SourceInfo, size: int, gets: int, terms: DownloadTerms) -> Usage:
    """`size` bytes in `gets` requests, and the look at the object before and after."""
    reads = gets + 2
    charges = download_surcharge(size, reads, info.region, info.storage_class, terms.in_aws)
    return Usage(s3_reads=reads, surcharge=charges)


def check_download_cost(usage: Usage, most: float | None, info: SourceInfo) -> None:
    """Raises TooExpensive."""
    dollars = cost(usage)
    if most is None or dollars <= most:
        return
    where = f" in {info.region}" if info.region else ""
    raise TooExpensive(
        f"the download would cost about {price_text(dollars)}, more than {price_text(most)}: "
        f"{price_text(usage.surcharge.egress)} for data out to the internet, "
        f"{price_text(usage.surcharge.retrieval)} for retrieval",
        f"download to a machine in AWS{where}, where data within the region is free, or allow more with --max-cost",
    )


def with_download_cost(receipt: Receipt, usage: Usage, terms: DownloadTerms) -> Receipt:
    """The receipt with an estimate of what AWS charges for it."""
    said = f"S3 requests{covered(usage.surcharge)}: an estimate, by list prices of {PRICES.region}"
    if terms.in_aws:
        said = f"{said}, for a machine in the bucket's region"
    return msgspec.structs.replace(
        receipt,
        cost_usd=rounded(cost(usage)),
        cost_of=said if terms.at_aws else f"{said}, {NOT_AWS}",
    )
