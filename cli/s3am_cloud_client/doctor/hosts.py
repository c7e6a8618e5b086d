"""Whether a host's addresses are public, as the functions in the cloud demand, and which proxy leads to it."""

from __future__ import annotations

import socket

from s3am_cloud.adapters.curl.transport.addresses import is_public as is_public_address
from s3am_cloud.adapters.proxies import proxy_for, shown_proxy


def is_public(host: str) -> bool | None:
    """None where its name does not resolve here."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return None
    return all(is_public_address(str(address[0])) for *_, address in found)


def shown_proxy_of(url: str) -> str | None:
    """Without the password that a proxy's URL may have."""
    proxy = proxy_for(url)
    return None if proxy is None else shown_proxy(proxy)
