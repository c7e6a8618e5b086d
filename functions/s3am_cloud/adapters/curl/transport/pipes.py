"""What the two ends of a part say to each other, and to whoever moves the part."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec

from s3am_cloud.errors import TransferError
from s3am_cloud.model import MovedPart

# Reports that the server was too busy for a request of that moment: the part is begun again when there is a slot.
YieldSlot = Callable[[TransferError, float], None]


class PartEvents(msgspec.Struct, frozen=True):
    """Where a flow reports how its part ended; `yield_slot` is None where the number of connections is fixed."""

    finished: Callable[[MovedPart], None]
    failed: Callable[[TransferError], None]
    yield_slot: YieldSlot | None = None


class PartFlow(Protocol):
    """One part on its way, as its two ends see it."""

    def repeat(self, error: TransferError) -> None:
        """The part must begin anew, if it was not repeated too often."""

    def fail(self, error: TransferError) -> None:
        """The part is given up."""


class BodyFlow(PartFlow, Protocol):
    """A part whose bytes are sent on as they come."""

    def on_bytes(self) -> None:
        """There are bytes to send again."""


class FileFlow(PartFlow, Protocol):
    """A part whose bytes are written to a file."""

    def end(self, crc: int) -> None:
        """All bytes are in the file; `crc` is their CRC64NVME."""


class ByteSink(Protocol):
    """Where a GET's bytes go."""

    def full(self) -> bool:
        """Whether the GET should pause; the sink calls its `resume` when there is room again."""

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

    @property
    def retries(self) -> int:
        """How often the source was asked again."""

    def start(self) -> None:
        """Begins at the part's first byte, again too."""

    def take(self, most: int) -> bytes | None:
        """Up to `most` bytes; None where none are there yet and the PUT should pause."""

    def change_error(self) -> TransferError | None:
        """After the last byte: whether they were all of the pinned version."""

    def stop(self) -> None: ...
