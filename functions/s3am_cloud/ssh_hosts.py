"""What SSH servers are known by: lines of known_hosts, as OpenSSH writes them (sshd(8), "SSH_KNOWN_HOSTS")."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

SSH_PORT = 22


def host_of(url: str) -> str:
    """The server's name in known_hosts: the host, and the port where it is not SSH's own."""
    parts = urlsplit(url)
    host, port = (parts.hostname or "").lower(), parts.port or SSH_PORT
    return host if port == SSH_PORT else f"[{host}]:{port}"


def keys_in(text: str, url: str) -> tuple[str, ...]:
    """The keys, each as its kind and its base64, by which a known_hosts file with this text knows the URL's server.

    Lines with a marker (certificate authorities, revoked keys) are no keys to go by.
    """
    host, found = host_of(url), []
    for line in text.splitlines():
        fields = line.split()
        if len(fields) >= 3 and not fields[0].startswith(("#", "@")) and _names(fields[0], host):
            found.append(" ".join(fields[1:3]))
    return tuple(found)


def lines(url: str, keys: tuple[str, ...]) -> str:
    """A known_hosts file that knows the URL's server by these keys, and no other server."""
    return "".join(f"{host_of(url)} {key}\n" for key in keys)


def _names(field: str, host: str) -> bool:
    """Whether a line's first field means the host: patterns, of which one with `!` takes all back, or a hash."""
    if field.startswith("|1|"):
        return _is_hash_of(field, host)
    patterns = field.lower().split(",")
    if any(pattern[:1] == "!" and _fits(host, pattern[1:]) for pattern in patterns):
        return False
    return any(_fits(host, pattern) for pattern in patterns)


def _fits(host: str, pattern: str) -> bool:
    # Brackets are part of a name with a port, not a set of characters.
    return fnmatchcase(host, pattern.replace("[", "[[]"))


def _is_hash_of(field: str, host: str) -> bool:
    try:
        salt, digest = (base64.b64decode(text, validate=True) for text in field.split("|")[2:4])
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(hmac.new(salt, host.encode(), hashlib.sha1).digest(), digest)
