"""Which proxy a request goes through: one rule for libcurl, which moves the bytes, and for botocore's control calls.

The environment says it, as curl reads it: HTTP_PROXY, HTTPS_PROXY or ALL_PROXY in either case, and NO_PROXY for hosts
that are reached without: names with all that is below them, addresses, networks (10.0.0.0/8), each with or without a
port, and * for all.
"""

from __future__ import annotations

import os
import re
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from s3am_cloud.errors import AccessDenied, TransferError

_SCHEMES = {"http", "https", "socks4", "socks4a", "socks5", "socks5h"}
_PORTS = {"http": 80, "https": 443, "ftp": 21, "ftps": 990, "sftp": 22}


def proxy_for(url: str) -> str | None:
    """The proxy's URL, which may hold a password; None where there is none for this URL."""
    scheme = urlsplit(url).scheme
    proxy = _variable(f"{scheme}_proxy") or _variable("all_proxy")
    if not proxy or any(_covers(entry, url) for entry in _exceptions()):
        return None
    return proxy if "://" in proxy else f"http://{proxy.removeprefix('//')}"


def shown_proxy(proxy: str) -> str:
    """The proxy's host and port alone. A password that is not percent-encoded may have any character in it."""
    host = re.match(r"[^/?#]*", proxy.rpartition("://")[2].rpartition("@")[2])
    return host[0] if host else ""


def check_proxy(proxy: str) -> None:
    """Raises ValueError for what is no URL of a proxy, without repeating it."""
    try:
        parts = urlsplit(proxy)
        usable = bool(parts.hostname and parts.scheme in _SCHEMES and (parts.port is None or parts.port))
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("the proxy's URL can't be read: write http://HOST:PORT, with any login percent-encoded")


def proxy_error(what: str, proxy: str, status: int | None, unavailable: type[TransferError]) -> TransferError:
    """The error for a proxy that let nobody through: it answered with `status`, or not at all."""
    where = f"the proxy {shown_proxy(proxy)}"
    if status == 407:
        hint = "write the login into HTTPS_PROXY or HTTP_PROXY: http://USER:PASSWORD@HOST:PORT"
        return AccessDenied(f"{what}: {where} asks for a login (407)", hint)
    if status is not None and 400 <= status < 500:
        hint = "have the proxy's administrator allow the host, or name the host in NO_PROXY"
        return AccessDenied(f"{what}: {where} refused the connection ({status})", hint)
    said = "can't be reached" if status is None else f"made no connection ({status})"
    return unavailable(f"{what}: {where} {said}", "check HTTPS_PROXY and HTTP_PROXY, or name the host in NO_PROXY")


def exceptions_for_curl(url: str) -> str | None:
    """NO_PROXY without ports and wildcards in front, which libcurl does not know, as it is meant for this URL's port;
    None where libcurl reads the variable as it is."""
    entries = _exceptions()
    plain = [host for host, port in map(_parted, entries) if port in {None, _port(url)}]
    return ",".join(plain) if plain != entries else None


def _covers(entry: str, url: str) -> bool:
    name, port = _parted(entry)
    host = (urlsplit(url).hostname or "").rstrip(".")
    if port not in {None, _port(url)} or not name:
        return False
    if name == "*":
        return True
    try:
        return ip_address(host) in ip_network(name.strip("[]"), strict=False)
    except ValueError:
        return host == name or host.endswith(f".{name}")


def _parted(entry: str) -> tuple[str, int | None]:
    """The host and the port of an entry; an IPv6 address has colons of its own."""
    host, colon, port = entry.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or (":" in host and not host.endswith("]")):
        return _bare(entry), None
    return _bare(host), int(port)


def _bare(host: str) -> str:
    return host if host == "*" else host.removeprefix("*").lstrip(".").rstrip(".")


def _port(url: str) -> int | None:
    parts = urlsplit(url)
    return parts.port or _PORTS.get(parts.scheme)


def _exceptions() -> list[str]:
    return (_variable("no_proxy") or "").lower().replace(",", " ").split()


def _variable(name: str) -> str | None:
    return os.environ.get(name) or os.environ.get(name.upper())
