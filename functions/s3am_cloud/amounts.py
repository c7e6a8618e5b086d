"""Sizes, prices and ages as people read them."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

NOT_AWS: Final = "if the store were Amazon S3"
"""How a receipt's `cost_of` ends where the store is another: its operator's prices are unknown."""


def size_text(size: float) -> str:
    """1536 → '1.5 KiB'."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(size) < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def rounded(dollars: float) -> float:
    """To two significant digits: an estimate is no better."""
    return float(f"{dollars:.2g}")


def price_text(dollars: float) -> str:
    """$0.00021, $0.17, $12.50, $1,234.50: two significant digits below a dollar, cents above it."""
    if dollars >= 1 or not dollars:
        return f"${dollars:,.2f}"
    return f"${rounded(dollars):.10f}".rstrip("0")


def age_text(age: timedelta) -> str:
    """The largest unit that there are two of: 90 minutes, 3 days."""
    seconds = max(0, int(age.total_seconds()))
    for name, length in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {name}"
    return f"{seconds} s"
