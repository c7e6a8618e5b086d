"""Which addresses the cloud may fetch from."""

from __future__ import annotations

import ipaddress
import socket
from pathlib import Path

import pycurl
import pytest

from s3am_cloud.adapters.curl.transport import easy
from s3am_cloud.adapters.curl.transport.addresses import is_public
from s3am_cloud.adapters.curl.transport.guard import Guard

PUBLIC = [
    "8.8.8.8",
    "1.1.1.1",
    "52.216.8.3",
    "172.15.0.1",
    "172.32.0.1",
    "192.167.255.255",
    "100.63.255.255",
    "100.128.0.1",
    "2600:1f18::1",
    "2001:200::1",
    "2001:4860:4860::8888",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::1",
]
NOT_PUBLIC = {
    "loopback": ["127.0.0.1", "127.255.255.254", "::1"],
    "private": ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fc00::1", "fd12::1", "fec0::1"],
    "link-local": ["169.254.0.1", "fe80::1", "fe80::1%eth0"],
    "metadata": ["169.254.169.254", "169.254.170.2", "fd00:ec2::254", "100.100.100.200", "192.0.0.192"],
    "unspecified": ["0.0.0.0", "0.1.2.3", "::"],
    "shared": ["100.64.0.1", "100.127.255.255"],
    "multicast and broadcast": ["224.0.0.1", "239.1.1.1", "ff02::1", "255.255.255.255", "240.0.0.1"],
    "documentation": ["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"],
    "benchmarks": ["198.18.0.1", "198.19.255.255", "2001:2::1"],
    "retired relays": ["192.88.99.1"],
    "IPv4-mapped": ["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:a9fe:a9fe"],
    "IPv4-compatible": ["::127.0.0.1", "::169.254.169.254", "::ffff:0:127.0.0.1"],
    "NAT64": ["64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::a00:1"],
    "a network's own NAT64": ["64:ff9b:1::a9fe:a9fe"],
    "6to4": ["2002:7f00:1::", "2002:a9fe:a9fe::1", "2002:c0a8:101::1"],
    "Teredo": ["2001:0:808:808:0:0:f5ff:fffe", "2001:0:808:808::f7f7:f7f7"],
    # Pythons differ in what they say of these.
    "protocols": ["2001:1::1", "2001:4:112::1", "2001:20::1", "2001:1ff:ffff::1", "192.0.0.9", "192.0.0.10"],
    "AS112": ["192.31.196.1", "192.175.48.1", "2620:4f:8000::1", "192.52.193.1"],
    "unassigned": ["4000::1", "5f00::1", "100::1"],
}


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_may_be_fetched_from(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", [address for group in NOT_PUBLIC.values() for address in group])
def test_an_address_that_is_not_public_may_not_be_fetched_from(address: str) -> None:
    assert not is_public(address)


def test_the_table_is_ours_and_asks_no_python_for_its_opinion(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in (ipaddress.IPv4Address, ipaddress.IPv6Address):
        for opinion in ("is_global", "is_private", "is_reserved", "is_multicast"):
            monkeypatch.delattr(kind, opinion)
    assert is_public("8.8.8.8")
    assert not is_public("::ffff:10.0.0.1")


def test_no_socket_is_opened_to_an_address_that_is_not_public() -> None:
    guard = Guard(allow_private=False)
    opened = guard._open(0, (socket.AF_INET, socket.SOCK_STREAM, 0, ("169.254.169.254", 80)))
    assert opened == pycurl.SOCKET_BAD
    assert guard.refused == "169.254.169.254"


def test_a_socket_is_opened_to_a_public_address() -> None:
    guard = Guard(allow_private=False)
    opened = guard._open(0, (socket.AF_INET, socket.SOCK_STREAM, 0, ("8.8.8.8", 80)))
    assert isinstance(opened, socket.socket)
    opened.close()
    assert guard.refused is None


def test_a_socket_of_another_kind_than_ip_is_refused() -> None:
    guard = Guard(allow_private=False)
    assert guard._open(0, (socket.AF_UNIX, socket.SOCK_STREAM, 0, ("8.8.8.8", 80))) == pycurl.SOCKET_BAD
    assert guard.refused


def test_a_public_address_after_a_refused_one_is_what_counts() -> None:
    guard = Guard(allow_private=False)
    for address in ("10.0.0.1", "8.8.8.8"):
        opened = guard._open(0, (socket.AF_INET, socket.SOCK_STREAM, 0, (address, 80)))
    assert isinstance(opened, socket.socket)
    opened.close()
    assert guard.refused is None


def test_every_request_is_made_where_it_is_known_whether_it_is_guarded() -> None:
    """Requests to S3 are made by store/put and parts/copy; all others go through `as_source`, which takes a guard."""
    curl = Path(easy.__file__).parents[1]
    texts = {f"{path.parent.name}/{path.stem}": path.read_text(encoding="utf-8") for path in curl.rglob("*.py")}
    assert [name for name, text in texts.items() if "pycurl.Curl()" in text] == ["transport/easy"]
    makers = {name for name, text in texts.items() if "new_easy(" in text} - {"transport/easy"}
    assert {name for name in makers if "as_source(" not in texts[name]} == {"store/put", "parts/copy"}
