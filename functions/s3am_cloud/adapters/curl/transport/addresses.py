"""Which addresses belong to the public internet: one table of ours.

`ipaddress.is_global` changes from one Python to the next, and what a stack may fetch from must not. The networks are
those of IANA's special-purpose registries (RFC 6890) as of November 2026, each with the document that reserves it.
What is reserved is refused even where the registry calls it reachable: no source is there.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_RESERVED_4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this network (RFC 791)
            "10.0.0.0/8",  # private (RFC 1918)
            "100.64.0.0/10",  # shared by a provider's customers (RFC 6598)
            "127.0.0.0/8",  # loopback (RFC 1122)
            "169.254.0.0/16",  # link-local (RFC 3927), where clouds answer with metadata
            "172.16.0.0/12",  # private (RFC 1918)
            "192.0.0.0/24",  # protocols' own use (RFC 6890), where some clouds answer with metadata
            "192.0.2.0/24",  # documentation (RFC 5737)
            "192.31.196.0/24",  # AS112 (RFC 7535)
            "192.52.193.0/24",  # multicast tunnels (RFC 7450)
            "192.88.99.0/24",  # relays from IPv4 to IPv6 that are no longer run (RFC 7526)
            "192.168.0.0/16",  # private (RFC 1918)
            "192.175.48.0/24",  # AS112 (RFC 7534)
            "198.18.0.0/15",  # benchmarks (RFC 2544)
            "198.51.100.0/24",  # documentation (RFC 5737)
            "203.0.113.0/24",  # documentation (RFC 5737)
            "224.0.0.0/4",  # multicast (RFC 5771)
            "240.0.0.0/4",  # reserved (RFC 1112), and broadcast
        ),
    )
)
# All that is given out for the public internet (RFC 4291, section 2.4); not, for one, a network's own 64:ff9b:1::/48.
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_RESERVED_6 = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocols' own use (RFC 2928): Teredo, benchmarks, ORCHID and more
            "2001:db8::/32",  # documentation (RFC 3849)
            "2620:4f:8000::/48",  # AS112 (RFC 7534)
            "3fff::/20",  # documentation (RFC 9637)
        ),
    )
)
# An IPv4 address in the last four bytes: NAT64 (RFC 6052) and mapped addresses (RFC 4291); behind the prefix: 6to4.
_IPV4_LAST = (IPv6Network("64:ff9b::/96"), IPv6Network("::ffff:0:0/96"))
_IPV4_SECOND = IPv6Network("2002::/16")


def is_public(text: str) -> bool:
    """Whether an address, in any spelling that a socket takes, belongs to the public internet.

    One that leads to an IPv4 address is judged by that. Raises ValueError for what is no address.
    """
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address):
        inner = _inner(address)
        if inner is None:
            return address in _GLOBAL_UNICAST and not any(address in network for network in _RESERVED_6)
        address = inner
    return not any(address in network for network in _RESERVED_4)


def _inner(address: IPv6Address) -> IPv4Address | None:
    if any(address in network for network in _IPV4_LAST):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return IPv4Address(int(address) >> 80 & 0xFFFFFFFF) if address in _IPV4_SECOND else None
