"""When a connection is given up."""

from __future__ import annotations

from typing import NamedTuple

from s3am_cloud.limits import LEAST_RATE, STALL_SECONDS


class Patience(NamedTuple):
    """`stall_timeout` is in seconds without a byte, `least_rate` in bytes a second."""

    stall_timeout: int = STALL_SECONDS
    least_rate: int = LEAST_RATE


USUAL_PATIENCE = Patience()
