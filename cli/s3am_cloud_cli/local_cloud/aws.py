"""Clients for the emulator that know nothing of the user's AWS settings."""

from __future__ import annotations

import os
from typing import Any

ACCESS_KEY_ID = "test"
SECRET_ACCESS_KEY = "test"  # noqa: S105  the emulator accepts any: this is for show, not a secret
REGION = "us-east-1"


def client(service: str, endpoint_url: str) -> Any:
    """A boto3 client for a service of the emulator: own credentials, no profile, no configuration file, no proxy."""
    import boto3
    from botocore.config import Config
    from botocore.session import Session

    nothing = (None, None, os.devnull, None)
    session = Session({"profile": (None, None, None, None), "config_file": nothing, "credentials_file": nothing})
    make: Any = boto3.session.Session(botocore_session=session).client
    return make(
        service,
        region_name=REGION,
        endpoint_url=endpoint_url,
        aws_access_key_id=ACCESS_KEY_ID,
        aws_secret_access_key=SECRET_ACCESS_KEY,
        config=Config(
            proxies={},
            use_fips_endpoint=False,
            use_dualstack_endpoint=False,
            retries={"mode": "standard", "total_max_attempts": 3},
            s3={"addressing_style": "path"},
        ),
    )
