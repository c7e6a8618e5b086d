"""Clients for the emulator that know nothing of the user's AWS settings."""

from __future__ import annotations

import os
import secrets
import string
from typing import Any, Protocol

REGION = "us-east-1"


class Reachable(Protocol):
    """An embedded cloud, as far as requests to it need it."""

    @property
    def endpoint_url(self) -> str: ...

    @property
    def access_key_id(self) -> str: ...

    @property
    def secret_access_key(self) -> str: ...


def new_key() -> tuple[str, str]:
    """A random access key id and its secret, of the lengths that AWS's have: 80 bits and more that nobody guesses."""
    letters = string.ascii_uppercase + "234567"
    return "AKIA" + "".join(secrets.choice(letters) for _ in range(16)), secrets.token_urlsafe(30)


def client(service: str, cloud: Reachable) -> Any:
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
        endpoint_url=cloud.endpoint_url,
        aws_access_key_id=cloud.access_key_id,
        aws_secret_access_key=cloud.secret_access_key,
        config=Config(
            proxies={},
            use_fips_endpoint=False,
            use_dualstack_endpoint=False,
            retries={"mode": "standard", "total_max_attempts": 3},
            s3={"addressing_style": "path"},
        ),
    )
