"""Small parts of the engine: the window between a GET and its PUT, the retries, and the framing of a body."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3am_cloud.adapters.curl.parts.window import Window
from s3am_cloud.adapters.curl.store.put import body_headers, encoded_length
from s3am_cloud.adapters.curl.transport.retry import Retry
from s3am_cloud.limits import ATTEMPTS, BACKOFF_BASE_SECONDS, BACKOFF_CAP_SECONDS
from support.fakes import FakeClock

MOVES = st.lists(st.one_of(st.binary(min_size=1, max_size=40), st.integers(1, 50)))


@given(MOVES, st.integers(1, 100))
def test_bytes_come_out_of_a_window_as_they_went_in(moves: list[bytes | int], limit: int) -> None:
    window, went_in, came_out = Window(limit), b"", b""
    for move in moves:
        if isinstance(move, bytes):
            window.put(move)
            went_in += move
        else:
            taken = window.take(move)
            assert len(taken) <= move
            assert taken or len(window) == 0
            came_out += taken
        assert len(window) == len(went_in) - len(came_out)
        assert window.full == (len(window) >= limit)
        assert window.low == (len(window) <= limit // 2)
    while data := window.take(7):
        came_out += data
    assert came_out == went_in


def test_a_cleared_window_is_empty() -> None:
    window = Window(10)
    window.put(b"12345")
    window.clear()
    assert (len(window), window.take(5)) == (0, b"")


@given(st.floats(0, 1, exclude_max=True))
def test_waits_are_anything_up_to_a_bound_that_doubles(dice: float) -> None:
    retry = Retry(FakeClock(dice))
    bound = BACKOFF_BASE_SECONDS
    for _ in range(ATTEMPTS - 1):
        bound = min(BACKOFF_CAP_SECONDS, bound * 2)
        wait = retry.wait()
        assert wait is not None
        assert wait == pytest.approx(dice * bound)
    assert retry.wait() is None


def test_a_wait_is_at_least_what_the_server_asks_for() -> None:
    assert Retry(FakeClock(0.0)).wait(at_least=7.0) == 7.0


def test_a_byte_gained_wipes_failures_out_but_not_their_count() -> None:
    retry = Retry(FakeClock(), attempts=3)
    for _ in range(5):
        assert retry.wait() is not None
        assert retry.wait() is not None
        retry.gained()
    assert retry.total == 10
    retry.wait()
    retry.wait()
    assert retry.wait() is None
    assert retry.total == 12, "giving up is no retry"


@pytest.mark.parametrize(
    ("length", "frame"),
    [
        (0, b"0\r\nx-amz-checksum-crc64nvme:AAAAAAAAAAA=\r\n\r\n"),
        (17, b"11\r\n" + bytes(17) + b"\r\n0\r\nx-amz-checksum-crc64nvme:AAAAAAAAAAA=\r\n\r\n"),
    ],
)
def test_the_length_of_a_body_is_known_beforehand(length: int, frame: bytes) -> None:
    assert encoded_length(length) == len(frame)
    assert body_headers(length)["x-amz-decoded-content-length"] == str(length)
