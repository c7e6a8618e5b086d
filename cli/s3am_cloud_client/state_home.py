"""Where this user's records, and the embedded cloud's state, outlive a run."""

from __future__ import annotations

import os
from pathlib import Path

from s3am_cloud.names import STATE_HOME_VARIABLE


def state_home() -> Path | None:
    """$S3AM_CLOUD_STATE_HOME, or s3am-cloud in the XDG state folder; None for a user who has no home folder."""
    own, base = os.environ.get(STATE_HOME_VARIABLE), os.environ.get("XDG_STATE_HOME")
    if own:
        return Path(own).absolute()
    folder = Path(base) if base else user_file(".local/state")
    return None if folder is None else folder / "s3am-cloud"


def user_file(name: str) -> Path | None:
    """The path of a file below the user's home folder; None where there is no such folder."""
    try:
        return Path.home() / name
    except RuntimeError:
        return None  # HOME is unset, and the system knows no user of this number, as in a container
