"""Compute checksums of an origin's content."""

from __future__ import annotations

from collections.abc import Iterable

from s3am_cloud.checksums.digests import Crc, algorithm, combinable, combined, new
from s3am_cloud.ports.transfer import OrderedReader


def digest(name: str, reader: OrderedReader) -> str:
    """The checksum in hexadecimal digits. A CRC is combined from those of pieces as they come, a hash reads in order.

    Raises UnknownChecksum, and what the reader does.
    """
    known = algorithm(name)
    return _of_pieces(known, reader) if combinable(known) else _in_order([known], reader)[known]


def digests(names: Iterable[str], reader: OrderedReader) -> dict[str, str]:
    """Several checksums by one reading, by their names as given. Raises what `digest` does."""
    wanted = list(dict.fromkeys(names))
    return {wanted[0]: digest(wanted[0], reader)} if len(wanted) == 1 else _in_order(wanted, reader)


def _in_order(names: Iterable[str], reader: OrderedReader) -> dict[str, str]:
    running = {name: new(name) for name in names}
    for data in reader.read():
        for one in running.values():
            one.update(data)
    return {name: one.hexdigest() for name, one in running.items()}


def _of_pieces(name: str, reader: OrderedReader) -> str:
    pieces = {}
    for part, crc in reader.digests(lambda: Crc(name)):
        assert isinstance(crc, Crc)
        pieces[part.first] = (crc.value, part.length)
    return combined(name, (pieces[first] for first in sorted(pieces)))
