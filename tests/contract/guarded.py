"""What the tests of the guard share: the ports as functions have them, and a place where nothing may arrive."""

from __future__ import annotations

import contextlib
import select
import socket
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pycurl
import pytest

from s3am_cloud.adapters.curl.source import ftp, http_probe, range_request
from s3am_cloud.adapters.curl.transport import addresses, easy, guard
from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.model import MovedPart, Part, PinnedSource, SourceInfo
from s3am_cloud.ports.transfer import FileSink, Ports
from s3am_cloud.urls import parse_source

PUBLIC = "127.0.0.1"
"""What counts as public in tests that have to reach a server first."""
PRIVATE = "127.0.0.2"
_MAKERS: tuple[ModuleType, ...] = (http_probe, range_request, ftp)


class Trap:
    """Listens at one port of several addresses of this machine, and accepts nobody."""

    def __init__(self, *addresses: str) -> None:
        self._sockets: list[socket.socket] = []
        self.port = 0
        for address in addresses:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            listener = socket.socket(family)
            self._sockets.append(listener)
            listener.bind((address, self.port))
            listener.listen()
            self.port = self.port or int(listener.getsockname()[1])

    @property
    def sprung(self) -> bool:
        """Whether anybody has connected, which the kernel lets them without us."""
        return bool(select.select(self._sockets, [], [], 0)[0])

    def close(self) -> None:
        for listener in self._sockets:
            listener.close()


@contextlib.contextmanager
def trap(*addresses: str) -> Iterator[Trap]:
    made = Trap(*addresses)
    try:
        yield made
    finally:
        made.close()


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def move(ports: Ports, url: str, folder: Path, size: int = 10) -> list[MovedPart]:
    """Moves a part of what is at the URL into a file, as if a probe had found it there."""
    origin = PinnedSource(source=parse_source(url), info=SourceInfo(size=size, ranges=True))
    sink = FileSink(folder / "moved")
    sink.path.touch()
    return list(ports.movers(origin, sink, 1, lambda count: None).move([Part(1, 0, size)]))


def rate_probe(ports: Ports, url: str) -> int | None:
    """How fast it is, as what plans a job asks."""
    assert ports.rate_probe is not None
    return ports.rate_probe(PinnedSource(source=parse_source(url), info=SourceInfo(size=10, ranges=True)))


def take_for_public(patch: pytest.MonkeyPatch) -> None:
    """Has the guard take one loopback address for public, so that a server there can try to lead elsewhere."""
    judge = addresses.is_public
    patch.setattr(guard, "is_public", lambda text: text == PUBLIC or judge(text))


def resolve(patch: pytest.MonkeyPatch, *entries: str) -> None:
    """Has libcurl find these addresses (`HOST:PORT:ADDRESS`) for names, as if a name server had told it."""

    def new_easy(settings: CurlSettings) -> pycurl.Curl:
        made = easy.new_easy(settings)
        made.setopt(pycurl.RESOLVE, list(entries))
        return made

    for module in _MAKERS:
        patch.setattr(module, "new_easy", new_easy)
