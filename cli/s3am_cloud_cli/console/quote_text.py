"""A quote as people read it."""

from __future__ import annotations

from s3am_cloud.costs.prices import price_text
from s3am_cloud.costs.quote import Basis, Cloud, DataSync, InProcess, Quote
from s3am_cloud.limits import LINK_BYTES_PER_SECOND
from s3am_cloud_cli.console.receipt_text import duration_text
from s3am_cloud_client.observer import size_text

Row = tuple[str, str, str, str]


def quote_text(quote: Quote) -> list[str]:
    if quote.cloud is None or quote.in_process is None or quote.datasync is None:
        return [f"{quote.destination} exists, left as it is"]
    rows = _rows(quote.cloud, quote.in_process, quote.datasync)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    table = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return [*_about(quote), "", *table, "", *_assumed(quote.prices, quote.in_process)]


def _about(quote: Quote) -> list[str]:
    lines = [("source", quote.source), ("destination", quote.destination), ("to move", _moved(quote))]
    if quote.rate is not None:
        lines.append(("rate", f"{_rate_text(quote.rate)} over one connection from here; the cloud measures its own"))
    return [f"{name:<12} {value}" for name, value in lines]


def _moved(quote: Quote) -> str:
    size, parts, part_size = quote.size or 0, quote.parts or 1, quote.part_size or 0
    cut = f"{parts:,} parts of {size_text(part_size)}" if parts > 1 else "1 part"
    return f"{size_text(size)} ({size:,} bytes) in {cut}"


def _rows(cloud: Cloud, here: InProcess, datasync: DataSync) -> list[Row]:
    wide = f"{cloud.concurrency:,} x {cloud.slots}" if cloud.units else "1"
    return [
        ("", "in the cloud", "on this machine", "AWS DataSync"),
        ("cost", price_text(cloud.dollars), price_text(here.dollars), price_text(datasync.dollars)),
        ("time", duration_text(cloud.seconds), duration_text(max(1.0, here.seconds)), ""),
        ("connections", wide, f"{here.connections:,}", ""),
        ("S3 writes", f"{cloud.s3_writes:,}", f"{here.s3_writes:,}", ""),
        ("S3 reads", f"{cloud.s3_reads:,}", f"{here.s3_reads:,}", ""),
        ("units", f"{cloud.units:,}", "", ""),
        ("invocations", f"{cloud.invocations:,}", "", ""),
        ("GB-seconds", f"{cloud.gb_seconds:,.1f}", "", ""),
        ("transitions", f"{cloud.transitions:,}", "", ""),
    ]


def _assumed(prices: Basis, here: InProcess) -> list[str]:
    link = ", the most of a link of 1 Gbit/s" if here.bytes_per_second == LINK_BYTES_PER_SECOND else ""
    return [
        f"Estimates, if nothing goes wrong, by AWS's list prices of {prices.region} ({prices.as_of}).",
        f"This machine is taken to move {_rate_text(here.bytes_per_second)}{link}.",
    ]


def _rate_text(rate: int) -> str:
    return f"{rate / 1e6:.1f} MB/s" if rate >= 10**5 else f"{rate / 1e6:.2g} MB/s"
