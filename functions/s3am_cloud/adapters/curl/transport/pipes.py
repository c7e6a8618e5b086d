"""What the two ends of a part say to each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from s3am_cloud.errors import TransferError

# Tells that the server was too busy for a request of that moment: the part is begun again when there is a place.
MakeWay = Callable[[TransferError, float], None]


class ByteSink(Protocol):
    """Where a GET's bytes go."""

    def full(self) -> bool:
        """Whether the GET should pause; the taker calls its `resume` when there is room again."""

    def accept(self, data: bytes) -> TransferError | None:
        """Takes the bytes, whatever `full` says. An error ends the GET."""

    def end(self) -> None:
        """All bytes of the range have been accepted."""

    def repeat(self, error: TransferError) -> None:
        """The GET broke where it can't go on at the next byte: the part must begin anew, if at all."""

    def fail(self, error: TransferError) -> None:
        """The GET is given up."""


class BodySource(Protocol):
    """Where a PUT's bytes come from."""

    crc: int

    def start(self) -> None:
        """Begins at the part's first byte, again too."""

    def take(self, most: int) -> bytes | None:
        """Up to `most` bytes; None where none are there yet and the PUT should pause."""

    def check(self) -> TransferError | None:
        """After the last byte: whether they were all of the pinned version."""

    def stop(self) -> None: ...
