"""Whether a host's addresses are public, as the functions in the cloud demand."""

from __future__ import annotations

import socket

from s3am_cloud.adapters.curl.transport.addresses import is_public as is_public_address


def is_public(host: str) -> bool | None:
    """None where its name does not resolve here."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return None
    return all(is_public_address(str(address[0])) for *_, address in found)
