"""The content that the servers serve."""

from pathlib import Path

import pytest

from servers.content import PERIOD, Flipped, Held, Pattern, as_content, blocks, crc64nvme, pattern, write_file


def test_a_pattern_is_the_same_in_every_run_and_another_for_every_seed() -> None:
    assert pattern(12, 7).hex() == "38b4e652e44da7f2370d9e26"
    assert pattern(12, 8) != pattern(12, 7)


@pytest.mark.parametrize(("first", "length"), [(0, 10), (5, 6), (PERIOD - 3, 9), (PERIOD + 2, 4), (2 * PERIOD - 1, 99)])
def test_a_stretch_of_a_pattern_equals_the_same_stretch_of_the_whole(first: int, length: int) -> None:
    content = Pattern(2 * PERIOD + 50, 3)
    assert content.read(first, length) == pattern(2 * PERIOD + 50, 3)[first : first + length]


def test_two_blocks_of_a_pattern_are_never_alike() -> None:
    content = Pattern(3 * PERIOD)
    assert content.read(0, PERIOD) != content.read(PERIOD, PERIOD)


def test_a_flipped_bit_is_the_only_difference() -> None:
    flipped = Flipped(Held(b"abcdef"), at=2, bit=1)
    assert b"".join(blocks(flipped)) == b"abadef"
    assert bytes(flipped.read(3, 3)) == b"def"


def test_the_checksum_is_crc64nvme_as_s3_writes_it() -> None:
    assert crc64nvme(b"123456789") == "rosUhgp5mIg="
    assert crc64nvme(Pattern(PERIOD * 2)) == crc64nvme(pattern(PERIOD * 2))


def test_content_is_written_into_a_file_unchanged(tmp_path: Path) -> None:
    assert write_file(Pattern(3_000_000, 1), tmp_path / "data").read_bytes() == pattern(3_000_000, 1)


def test_bytes_and_content_are_both_taken_for_content() -> None:
    assert as_content(b"abc") == Held(b"abc")
    assert as_content(Pattern(3)) == Pattern(3)
