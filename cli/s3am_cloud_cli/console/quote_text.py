"""A quote as people read it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from s3am_cloud.amounts import price_text, size_text
from s3am_cloud.limits import LINK_BYTES_PER_SECOND
from s3am_cloud_cli.console.receipt_text import duration_text

if TYPE_CHECKING:
    from s3am_cloud_client.results import Basis, Cloud, DatasetQuote, DataSync, InProcess, Quote, Where

Row = tuple[str, ...]


def quote_text(quote: Quote) -> list[str]:
    if quote.in_process is None:
        return [f"{quote.destination} exists, left as it is"]
    here = quote.in_process
    rows = list(_download_rows(here) if quote.cloud is None else _rows(quote.cloud, here, quote.datasync))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    table = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return [*_about(quote), "", *table, "", *_assumed(quote.prices, quote.regions, here)]


def dataset_quote_text(quote: DatasetQuote) -> list[str]:
    cloud = quote.cloud
    unsized = f", and {quote.unsized:,} items of unknown size" if quote.unsized else ""
    outside = f", of which {quote.outside:,} can't be copied or are left out" if quote.outside else ""
    rows = [
        ("source", quote.source),
        ("destination", quote.destination),
        ("items", f"{quote.items:,}{outside}"),
        ("to copy", f"{size_text(quote.bytes)} ({quote.bytes:,} bytes){unsized}"),
        ("cost", f"{price_text(cloud.dollars)} in the cloud"),
        ("time", duration_text(cloud.seconds)),
        ("connections", f"{cloud.concurrency:,} x {cloud.slots}"),
        ("S3 writes", f"{cloud.s3_writes:,}"),
        ("S3 reads", f"{cloud.s3_reads:,}"),
        ("units", f"{cloud.units:,}"),
        ("invocations", f"{cloud.invocations:,}"),
        ("transitions", f"{cloud.transitions:,}"),
    ]
    lines = [f"{name:<12} {value}" for name, value in rows]
    assumed = f"List prices of {quote.prices.region}, {quote.prices.as_of}, as if nothing were at the destination."
    return [*lines, "", assumed]


def _about(quote: Quote) -> list[str]:
    lines = [("source", quote.source), ("destination", quote.destination), ("to copy", _moved(quote))]
    lines += _where(quote.regions)
    if quote.rate is not None:
        lines.append(("rate", f"{_rate_text(quote.rate)} over one connection from here; the cloud measures its own"))
    return [f"{name:<12} {value}" for name, value in lines]


def _moved(quote: Quote) -> str:
    size, parts, part_size = quote.size or 0, quote.parts or 1, quote.part_size or 0
    in_parts = f"{parts:,} parts of {size_text(part_size)}" if parts > 1 else "1 part"
    return f"{size_text(size)} ({size:,} bytes) in {in_parts}"


def _rows(cloud: Cloud, here: InProcess, datasync: DataSync | None) -> Iterator[Row]:
    connections = f"{cloud.concurrency:,} x {cloud.slots}" if cloud.units else "1"
    yield ("", "in the cloud", "on this machine", "" if datasync is None else "AWS DataSync")
    yield (
        "cost",
        price_text(cloud.dollars),
        price_text(here.dollars),
        "" if datasync is None else price_text(datasync.dollars),
    )
    yield from _extra_rows(cloud, here)
    yield ("time", duration_text(cloud.seconds), duration_text(max(1.0, here.seconds)), "")
    yield ("connections", connections, f"{here.connections:,}", "")
    yield ("S3 writes", f"{cloud.s3_writes:,}", f"{here.s3_writes:,}", "")
    yield ("S3 reads", f"{cloud.s3_reads:,}", f"{here.s3_reads:,}", "")
    yield ("units", f"{cloud.units:,}", "", "")
    yield ("invocations", f"{cloud.invocations:,}", "", "")
    yield ("GB-seconds", f"{cloud.gb_seconds:,.1f}", "", "")
    yield ("transitions", f"{cloud.transitions:,}", "", "")


def _download_rows(here: InProcess) -> Iterator[Row]:
    yield ("cost", price_text(here.dollars))
    for name, dollars in (
        ("  out of AWS", here.extra.egress),
        ("  retrieval", here.extra.retrieval),
        ("  storage class", here.extra.storage_class),
    ):
        if dollars:
            yield (name, price_text(dollars))
    yield ("time", duration_text(max(1.0, here.seconds)))
    yield ("connections", f"{here.connections:,}")
    yield ("S3 reads", f"{here.s3_reads:,}")


def _extra_rows(cloud: Cloud, here: InProcess) -> Iterator[Row]:
    """What of the cost is for the bytes themselves: only what there is of it."""
    for name, in_cloud, on_this in (
        ("  between regions", cloud.extra.cross_region, here.extra.cross_region),
        ("  retrieval", cloud.extra.retrieval, here.extra.retrieval),
        ("  storage class", cloud.extra.storage_class, here.extra.storage_class),
        ("  reading again", cloud.extra.read_again, here.extra.read_again),
    ):
        if in_cloud or on_this:
            yield (name, price_text(in_cloud), price_text(on_this), "")


def _where(where: Where) -> Iterator[tuple[str, str]]:
    """The regions, and storage classes where one is not S3 Standard."""
    named = (("source", where.source), ("stack", where.stack), ("destination", where.destination))
    known = [(name, region) for name, region in named if region]
    if len({region for _, region in known}) == 1:
        yield "region", known[0][1]
    elif known:
        yield "regions", ", ".join(f"{name} {region}" for name, region in known)
    if where.source_class or where.storage_class:
        yield "storage", " to ".join(where.classes)


def _assumed(prices: Basis, regions: Where, here: InProcess) -> list[str]:
    link = ", the most of a link of 1 Gbit/s" if here.bytes_per_second == LINK_BYTES_PER_SECOND else ""
    lines = [
        f"Estimates, if nothing goes wrong, by AWS's list prices of {prices.region} ({prices.as_of}).",
        f"This machine is assumed to transfer {_rate_text(here.bytes_per_second)}{link}.",
    ]
    if here.s3_writes == 0:
        lines.append("Data is free to machines in AWS in the object's region.")
    elif regions.source is None and here.extra.cross_region == 0 and regions.stack != regions.destination:
        lines.append("Data from this machine into S3 is free, unless it is in another region of AWS.")
    return lines


def _rate_text(rate: int) -> str:
    return f"{rate / 1e6:.1f} MB/s" if rate >= 10**5 else f"{rate / 1e6:.2g} MB/s"
