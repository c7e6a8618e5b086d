"""What may be fetched from where: every address is judged when its socket is opened, every SSH server by its key.

Judging there, and not by the URL's spelling, covers redirects, FTP data connections and names that resolve differently
the second time.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import pycurl

# RFC 6052: an IPv4 address in the last four bytes.
_NAT64 = IPv6Network("64:ff9b::/96")
# All that is given out for the public internet (RFC 4291, section 2.4); not, for one, a network's own 64:ff9b:1::/48.
_GLOBAL_UNICAST = IPv6Network("2000::/3")
# For protocols' own use (RFC 6890); some clouds answer with metadata there.
_PROTOCOLS = IPv4Network("192.0.0.0/24")

_KEY_MATCHES: Mapping[int, str | None] = {
    pycurl.KHMATCH_OK: None,
    pycurl.KHMATCH_MISSING: "is not in known_hosts",
    pycurl.KHMATCH_MISMATCH: "is not the one that known_hosts has: this may be another server",
}


def is_public(text: str) -> bool:
    """Whether an address, in any spelling that a socket takes, belongs to the public internet."""
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address):
        inner = _inner(address)
        if inner is not None:
            return is_public(str(inner))
        if address not in _GLOBAL_UNICAST:
            return False
    return address.is_global and not address.is_multicast and address not in _PROTOCOLS


def _inner(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]


class Guard:
    """Refuses sockets to addresses that are not public, unless private ones are allowed, and unknown SSH servers."""

    def __init__(self, allow_private: bool) -> None:
        self._allow_private = allow_private
        self.refused: str | None = None
        # Why the key of an SSH server was refused.
        self.host_key: str | None = None

    def watch(self, easy: pycurl.Curl) -> None:
        if not self._allow_private:
            easy.setopt(pycurl.OPENSOCKETFUNCTION, self._open)

    def watch_keys(self, easy: pycurl.Curl, known_hosts: str) -> None:
        """A file that is not there knows no host."""
        easy.setopt(pycurl.SSH_KNOWNHOSTS, known_hosts)
        easy.setopt(pycurl.SSH_KEYFUNCTION, self._judge_key)

    def _judge_key(self, known: object, found: object, match: int) -> int:
        self.host_key = _KEY_MATCHES.get(match, "can't be looked up in known_hosts")
        return int(pycurl.KHSTAT_REJECT if self.host_key else pycurl.KHSTAT_FINE)

    def _open(self, purpose: int, address: tuple[int, int, int, tuple[str, int]]) -> socket.socket | int:
        family, kind, protocol, where = address
        if not is_public(where[0]):
            self.refused = where[0]
            return int(pycurl.SOCKET_BAD)
        return socket.socket(family, kind, protocol)
