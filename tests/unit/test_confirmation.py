"""What the store shows of an object that was just written, and what becomes of one that was spoiled."""

from __future__ import annotations

import msgspec
import pytest

from s3am_cloud.adapters.curl.store.answers import other_bytes, shows_bytes
from s3am_cloud.adapters.curl.store.put import Sums
from s3am_cloud.adapters.curl.transport.easy import Response
from s3am_cloud.checksums.crc64nvme import encode
from s3am_cloud.errors import AccessDenied, ChecksumMismatch, ObjectExists, SpoiledByStore
from s3am_cloud.limits import SEEN_SECONDS
from s3am_cloud.model import Job, MovedPart, ObjectInfo
from s3am_cloud.transfer.confirmation import confirmed_object
from s3am_cloud.transfer.pipeline import finish, move
from s3am_cloud.transfer.steps.verify import verify
from s3am_cloud.urls import S3Url
from support.fakes import SOURCE, TARGET, FakeClock, World, request


class Slow(World):
    """The store shows what was written only when it was asked a number of times."""

    def __init__(self, misses: int) -> None:
        super().__init__()
        self.misses = misses
        head = self.store.head

        def later(target: S3Url) -> ObjectInfo | None:
            self.misses -= 1
            return None if self.misses >= 0 else head(target)

        self.store.head = later  # type: ignore[method-assign]


class NoLook(World):
    """Nobody may look at objects."""

    def __init__(self) -> None:
        super().__init__()

        def denied(target: S3Url) -> ObjectInfo | None:
            raise AccessDenied("no")

        self.store.head = denied  # type: ignore[method-assign]


def put(world: World, content: bytes) -> tuple[Job, list[MovedPart]]:
    """A small object that has been put, before anybody looked at it."""
    world.source.put(SOURCE, content)
    job = world.prepare(request("overwrite", part_size=None))
    assert job.plan is not None
    return job, list(move(job, job.plan.parts(), 1, world.ports, lambda count: None))


def test_an_object_that_is_not_seen_at_once_is_asked_for_again() -> None:
    world = Slow(0)
    job, moved = put(world, b"data")
    world.misses = 3
    assert finish(job, moved, world.ports).state == "succeeded"
    assert world.clock.slept == [0.25, 0.5, 1.0]


def test_an_object_that_is_never_seen_is_given_up_in_time() -> None:
    clock, world = FakeClock(), Slow(10**6)
    with pytest.raises(ChecksumMismatch, match="is not there"):
        verify(TARGET, 1, 2, world.store, clock)
    assert SEEN_SECONDS <= clock.seconds <= 2 * SEEN_SECONDS


def test_a_store_that_shows_the_old_object_for_a_moment_is_asked_again() -> None:
    """A store that shows the old object for a moment is asked again where it was replaced."""
    world = World()
    world.store.put_object(TARGET, b"old", overwrite=True)
    clock = FakeClock()
    clock.sleep = lambda seconds: world.store.put_object(TARGET, b"fresh", overwrite=True)  # type: ignore[method-assign,assignment]
    with pytest.raises(ChecksumMismatch):
        verify(TARGET, 5, None, world.store, FakeClock())
    assert verify(TARGET, 5, None, world.store, clock, replaced=True).size == 5


def test_an_object_that_the_store_spoiled_is_deleted_again() -> None:
    world = World()
    job, moved = put(world, b"data")
    etag = world.store.put_object(TARGET, b"4\r\ndata\r\n0\r\n", overwrite=True)
    with pytest.raises(ChecksumMismatch, match="deleted again") as caught:
        finish(job, [msgspec.structs.replace(moved[0], etag=etag)], world.ports)
    assert "aws-chunked" in caught.value.hint
    assert world.store.head(TARGET) is None


def test_an_object_that_somebody_else_put_since_is_left_alone() -> None:
    world = World()
    job, moved = put(world, b"data")
    world.store.put_object(TARGET, b"theirs", overwrite=True)
    with pytest.raises((ChecksumMismatch, ObjectExists)):
        finish(job, moved, world.ports)
    assert world.store.content(TARGET) == b"theirs"


def test_users_who_may_only_write_rely_on_what_the_store_answered() -> None:
    world = NoLook()
    job, moved = put(world, b"data")
    shown = [msgspec.structs.replace(part, shown=True) for part in moved]
    info = confirmed_object(job, TARGET, shown, moved[0].crc, world.ports)
    assert (info.size, info.crc, info.etag) == (4, moved[0].crc, moved[0].etag)
    with pytest.raises(AccessDenied, match="nothing shows that it is right"):
        confirmed_object(job, TARGET, moved, moved[0].crc, world.ports)


def test_what_no_answer_shows_is_known_by_its_size_alone() -> None:
    world = World()
    job, moved = put(world, b"data")
    head = world.store.head
    world.store.head = lambda target: ObjectInfo(size=4, etag=(head(target) or ObjectInfo(size=0, etag="")).etag)  # type: ignore[method-assign]
    assert (finish(job, moved, world.ports).proof, finish(job, moved, world.ports).verdict) == (None, "size-only")
    shown = [msgspec.structs.replace(part, shown=True) for part in moved]
    done = finish(job, shown, world.ports)
    assert (done.proof, done.verdict) == ("per-part", "verified-in-transit")


def answer(**headers: str) -> Response:
    response = Response()
    response.take_line(b"HTTP/1.1 200 OK\r\n")
    for name, value in headers.items():
        response.take_line(f"{name.replace('_', '-')}: {value}\r\n".encode())
    return response


def test_an_answer_shows_the_bytes_by_a_checksum_or_an_md5_etag() -> None:
    """An answer shows the bytes by a checksum or by an ETag that is their MD5."""
    sums = Sums(all_sent=True)
    sums.framing(b"1\r\n")
    sums.content_bytes(b"x")
    assert shows_bytes(answer(x_amz_checksum_crc64nvme=encode(7)), 7, None) is True
    assert shows_bytes(answer(x_amz_checksum_crc64nvme=encode(8)), 7, None) is False
    assert shows_bytes(answer(ETag=f'"{sums.content}"'), 7, sums) is True
    assert shows_bytes(answer(ETag=sums.content.upper()), 7, sums) is True
    assert shows_bytes(answer(ETag=f'"{"0" * 32}"'), 7, sums) is False
    assert shows_bytes(answer(ETag=f'"{"0" * 32}"', x_amz_server_side_encryption="aws:kms"), 7, sums) is None
    assert shows_bytes(answer(ETag='"opaque"'), 7, sums) is None
    assert shows_bytes(answer(ETag=f'"{sums.content}"'), 7, None) is None
    sent = {"x-amz-checksum-sha256": "c3VtMQ=="}
    assert shows_bytes(answer(x_amz_checksum_sha256="c3VtMQ=="), 7, None, sent) is True
    assert shows_bytes(answer(x_amz_checksum_sha256="c3VtMg=="), 7, None, sent) is False
    assert shows_bytes(answer(ETag='"opaque"'), 7, None, sent) is None


def test_a_store_that_keeps_the_framing_is_named() -> None:
    sums = Sums(all_sent=True)
    sums.framing(b"1\r\n")
    sums.content_bytes(b"x")
    assert isinstance(other_bytes(answer(ETag=sums.sent or ""), sums, "part 1"), SpoiledByStore)
    assert isinstance(other_bytes(answer(ETag="0" * 32), sums, "part 1"), ChecksumMismatch)
