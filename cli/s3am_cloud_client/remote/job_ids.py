"""Names for new jobs."""

from __future__ import annotations

import secrets

from s3am_cloud.ports.transfer import Clock


def new_id(clock: Clock) -> str:
    """A job's id: it sorts by time, no two are the same, and it can name an execution."""
    return f"{clock.now():%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"
