"""CRC64NVME, running and combined."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3am_cloud.checksums.crc64nvme import EMPTY, combine, decode, encode, update


def slow_crc(data: bytes) -> int:
    """Bit by bit, from the polynomial of the NVM Express specification, reflected."""
    crc = 0xFFFFFFFFFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x9A6C9329AC4BC9B5 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFFFFFFFFFF


def test_the_check_value_is_the_specifications() -> None:
    assert update(EMPTY, b"123456789") == 0xAE8B14860A799888


@given(st.binary(max_size=200))
def test_the_crc_is_that_of_the_definition(data: bytes) -> None:
    assert update(EMPTY, data) == slow_crc(data)


@given(st.lists(st.binary(max_size=300)))
def test_the_crc_runs_over_pieces_as_over_the_whole(pieces: list[bytes]) -> None:
    crc = EMPTY
    for piece in pieces:
        crc = update(crc, memoryview(piece))
    assert crc == update(EMPTY, b"".join(pieces))


@given(st.lists(st.binary(max_size=300)))
def test_combined_parts_are_the_whole(pieces: list[bytes]) -> None:
    assert combine((update(EMPTY, piece), len(piece)) for piece in pieces) == update(EMPTY, b"".join(pieces))


def test_the_order_of_parts_matters() -> None:
    first, second = (update(EMPTY, b"first"), 5), (update(EMPTY, b"second"), 6)
    assert combine([first, second]) != combine([second, first])


def test_no_parts_are_the_empty_whole() -> None:
    assert combine([]) == EMPTY == update(EMPTY, b"")


def test_it_is_written_as_s3_writes_it() -> None:
    assert encode(0xAE8B14860A799888) == "rosUhgp5mIg="
    assert encode(0) == "AAAAAAAAAAA="


@given(st.integers(0, 2**64 - 1))
def test_what_was_written_is_read_again(crc: int) -> None:
    assert decode(encode(crc)) == crc


@pytest.mark.parametrize("text", ["", "AAAA", "rosUhgp5mIg", "rosUhgp5mIg=x", "r sUhgp5mIg=", "AAAAAAAAAAAAAAAA"])
def test_what_is_no_checksum_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the promise is just this
        decode(text)
