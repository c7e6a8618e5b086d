"""Compute the checksum of an origin's content."""

from __future__ import annotations

from s3am_cloud.digests import Crc, algorithm, combinable, combined, new
from s3am_cloud.ports import OrderedReader


def digest(name: str, reader: OrderedReader) -> str:
    """The checksum in hexadecimal digits. A CRC is combined from those of pieces as they come, a hash reads in order.

    Raises UnknownChecksum, and what the reader does.
    """
    known = algorithm(name)
    return _of_pieces(known, reader) if combinable(known) else _in_order(known, reader)


def _in_order(name: str, reader: OrderedReader) -> str:
    running = new(name)
    for data in reader.read():
        running.update(data)
    return running.hexdigest()


def _of_pieces(name: str, reader: OrderedReader) -> str:
    pieces = {}
    for part, crc in reader.digests(lambda: Crc(name)):
        assert isinstance(crc, Crc)
        pieces[part.first] = (crc.value, part.length)
    return combined(name, (pieces[first] for first in sorted(pieces)))
