"""The options that have to do with what a transfer costs."""

from __future__ import annotations

import re
from typing import Any

import click

from s3am_cloud_cli.options.transfer import Size

_DOLLARS = re.compile(r"\$?(\d{1,9}(?:\.\d{1,9})?)")


class Dollars(click.ParamType[float]):
    """An amount above nothing: 5, 0.50, $0.50."""

    name = "dollars"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        match = _DOLLARS.fullmatch(str(value).strip())
        if match is None or not float(match[1]):
            self.fail(f"{value!r} is not an amount such as 0.50", param, ctx)
        return float(match[1])


max_cost = click.option(
    "--max-cost",
    type=Dollars(),
    metavar="DOLLARS",
    help="Refuse a job whose forecast is higher (exit code 25): at once if it can be computed here, else in the "
    "cloud, before it starts. See s3am-cloud plan.",
)

max_download_cost = click.option(
    "--max-cost",
    type=Dollars(),
    metavar="DOLLARS",
    help="Refuse a download that would cost more (exit code 25): data out of AWS to the internet, retrieval from the "
    "object's storage class, and requests.",
)

rate = click.option(
    "--rate",
    type=Size(),
    metavar="SIZE",
    help="What one connection to a source over 64 MiB gives in a second, such as 20MB; otherwise measured by its first "
    "bytes, as the cloud does.",
)
