"""Which hosts sources may be at, by name, where a stack says so: the first one and those that it redirects to.

What is judged here has to be read as libcurl reads it, or a URL could name one host to us and another to libcurl. So
only the plain spelling of a host is read at all (letters, digits, dots, dashes, underscores), and whatever else stands
before the path is refused.
"""

from __future__ import annotations

import re

from s3am_cloud.errors import BadSource

Hosts = tuple[str, ...]
"""Names of hosts in lower case; `*.example.org` stands for all names that end so. Empty: every host."""

_PLAIN = re.compile(r"[a-z][a-z0-9+.-]*://(?:[^/?#@\\\s]*@)?([a-z0-9._-]+)(?::\d*)?(?:[/?#]|$)", re.IGNORECASE)
_UNREADABLE = "that can't be read"


def parse_hosts(text: str) -> Hosts:
    """The comma-separated names of a stack's parameter."""
    return tuple(name for item in text.split(",") if (name := _normal(item.strip())))


def refused_host(url: str, allowed: Hosts) -> str | None:
    """The host of a URL unless sources may be there."""
    if not allowed:
        return None
    match = _PLAIN.match(url)
    if match is None:
        return _UNREADABLE
    return None if _is_allowed(match[1], allowed) else match[1]


def host_not_allowed(name: str, host: str) -> BadSource:
    """The error about a source, `name` its displayable URL, that is at a host where sources may not be."""
    return BadSource(
        f"{name} leads to the host {host}, from which this stack does not fetch",
        "whoever runs the stack can add the host to its parameter AllowedHosts",
    )


def _is_allowed(host: str, allowed: Hosts) -> bool:
    name = _normal(host)
    return any(name == one or (one.startswith("*.") and name.endswith(one[1:])) for one in allowed)


def _normal(name: str) -> str:
    return name.lower().removesuffix(".")
