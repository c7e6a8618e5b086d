"""How a reader shares its memory out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3am_cloud.adapters.curl.reading.reader import buffers
from s3am_cloud.limits import MAX_PIECE, MIB, READ_AHEAD

if TYPE_CHECKING:
    pass


def test_all_buffers_together_stay_within_the_read_ahead() -> None:
    """All buffers together stay within the read ahead however many slots there are."""
    for slots in (1, 2, 7, 8, 40, 48):
        count, size = buffers(slots, None)
        assert count >= slots
        assert count * size <= READ_AHEAD
    assert buffers(1, None) == (2, MAX_PIECE)
    assert buffers(1, 5 * MIB) == (2, 5 * MIB)
    assert buffers(1000, None) == (1000, MIB)
