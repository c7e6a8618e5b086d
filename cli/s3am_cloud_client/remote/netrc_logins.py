"""Logins from the user's ~/.netrc, for what runs elsewhere."""

from __future__ import annotations

import netrc
from pathlib import Path
from urllib.parse import urlsplit

from s3am_cloud.errors import Usage
from s3am_cloud.jobs.named_secrets import login_url
from s3am_cloud.urls import NETWORK_SCHEMES, parse_source
from s3am_cloud_client.state_home import user_file


def with_login(url: str, file: Path | None = None) -> str:
    """The URL with the login that `file` (~/.netrc) has for its host, where the URL has none. Raises Usage."""
    source = parse_source(url)
    if source.scheme not in NETWORK_SCHEMES:
        return url
    parts = urlsplit(source.url)
    if parts.username is not None or parts.hostname is None:
        return url
    logins = file or user_file(".netrc")
    if logins is None:
        return url
    try:
        found = netrc.netrc(str(logins)).authenticators(parts.hostname)
    except FileNotFoundError:
        return url
    except (netrc.NetrcParseError, OSError, UnicodeDecodeError):
        # Its own words may repeat a password.
        raise Usage("~/.netrc can't be read", "it has lines such as: machine HOST login NAME password WORD") from None
    return url if found is None else login_url(source.url, found[0], found[2])
