"""What every request of one run is made with."""

from __future__ import annotations

import msgspec

from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.adapters.curl.transport.loop import Loop
from s3am_cloud.ports.transfer import Clock


class CurlContext(msgspec.Struct, frozen=True):
    """The loop that runs the requests, its clock, and how connections are made."""

    loop: Loop
    clock: Clock
    settings: CurlSettings
