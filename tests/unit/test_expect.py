"""Holding a transfer to a checksum, with everything in memory: what is refused when, and what is left."""

from __future__ import annotations

import hashlib

import msgspec
import pytest

from s3am_cloud.checksums.digests import expected
from s3am_cloud.errors import AccessDenied, NotAsExpected, NotAsStated, ObjectReplaced, UnknownChecksum, Usage
from s3am_cloud.ingest import accept
from s3am_cloud.integrity.after_commit import check_stored, stored, withdraw, withdrawn
from s3am_cloud.model import ObjectInfo, Receipt, SourceInfo, TransferRequest
from s3am_cloud.urls import S3Url
from servers.content import crc64nvme, pattern
from support.fakes import PART, SOURCE, TARGET, LoggedStore, World, request

SIZES = [0, 1, PART, 2 * PART + 1]
WRONG = "crc64nvme:0123456789abcdef"


def asked(expect: str, keep: bool = False) -> TransferRequest:
    return msgspec.structs.replace(request("overwrite"), expect=expect, keep_mismatch=keep)


def world_with(size: int) -> tuple[World, bytes]:
    world, data = World(), pattern(size)
    world.source.put(SOURCE, data)
    return world, data


@pytest.mark.parametrize("size", SIZES)
def test_what_was_expected_is_said_in_the_receipt(size: int) -> None:
    world, data = world_with(size)
    done = world.transfer(asked(f"crc64nvme:{crc64nvme(data)}"))
    assert done.expected == f"crc64nvme:{crc64nvme(data)}"
    assert world.store.content(TARGET) == data


@pytest.mark.parametrize("size", SIZES)
def test_another_crc64nvme_is_refused_before_the_object_is_made(size: int) -> None:
    world, _ = world_with(size)
    world.store.put_object(TARGET, b"good", overwrite=True)
    with pytest.raises(NotAsExpected):
        world.transfer(asked(WRONG))
    assert world.store.content(TARGET) == b"good"


@pytest.mark.parametrize("size", SIZES)
def test_with_keep_mismatch_the_object_is_made_and_the_error_comes_after(size: int) -> None:
    world, data = world_with(size)
    with pytest.raises(NotAsExpected):
        world.transfer(asked(WRONG, keep=True))
    assert world.store.content(TARGET) == data


def test_an_empty_source_is_refused_by_any_algorithm_before_writing() -> None:
    """An empty source is refused by any algorithm before anything is written."""
    world, _ = world_with(0)
    with pytest.raises(NotAsExpected):
        world.prepare(asked(f"sha256:{'0' * 64}"))
    assert world.prepare(asked(f"sha256:{hashlib.sha256().hexdigest()}")).state == "put"


@pytest.mark.parametrize(("expect", "error"), [("sha257:00", UnknownChecksum), ("sha256:00", Usage), ("0000", Usage)])
def test_what_makes_no_sense_is_refused_before_the_store_is_asked(expect: str, error: type[Exception]) -> None:
    world, _ = world_with(1)
    with pytest.raises(error):
        world.prepare(asked(expect))
    assert world.calls == []


def put(world: World, data: bytes) -> Receipt:
    world.source.put(SOURCE, data)
    return world.transfer(request("overwrite"))


def check(world: World, done: Receipt, algorithm: str, value: str) -> None:
    check_stored((expected(algorithm, value),), TARGET, stored(done), 2, world.ports, lambda count: None)


def test_a_stored_object_is_read_for_a_checksum_that_the_store_has_not() -> None:
    world, data = world_with(2 * PART + 1)
    done = put(world, data)
    check(world, done, "sha256", hashlib.sha256(data).hexdigest())
    with pytest.raises(NotAsExpected):
        check(world, done, "sha256", "0" * 64)


def test_an_object_that_somebody_replaced_is_not_taken_for_ours() -> None:
    world, data = world_with(PART)
    done = put(world, data)
    world.store.put_object(TARGET, b"theirs", overwrite=True)
    with pytest.raises(ObjectReplaced, match="replaced"):
        check(world, done, "md5", hashlib.md5(b"theirs").hexdigest())
    withdraw(TARGET, stored(done), world.store)
    assert world.store.content(TARGET) == b"theirs"


def test_an_object_of_ours_is_withdrawn() -> None:
    world, data = world_with(PART)
    done = put(world, data)
    assert withdraw(TARGET, stored(done), world.store) == "it was deleted again"
    assert world.store.head(TARGET) is None


class LockedStore(LoggedStore):
    """Object Lock: HEAD says so to who may see it, and nobody may delete."""

    def __init__(self, says: str | None) -> None:
        super().__init__([])
        self._says = says

    def head(self, target: S3Url) -> ObjectInfo | None:
        info = super().head(target)
        return info and msgspec.structs.replace(info, locked=self._says)

    def delete(self, target: S3Url, version_id: str | None) -> None:
        self.calls.append("delete")
        raise AccessDenied("protected by object lock")


@pytest.mark.parametrize(
    ("says", "asked", "why"),
    [
        ("until 2027-01-01", [], "locked by Object Lock (until 2027-01-01)"),
        (None, ["delete"], "protected by object lock"),
    ],
)
def test_a_locked_object_stays_and_the_error_says_so(says: str | None, asked: list[str], why: str) -> None:
    store = LockedStore(says)
    store.put_object(TARGET, b"other", overwrite=True)
    info = store.head(TARGET)
    assert info is not None
    version = SourceInfo(size=info.size, ranges=True, etag=info.etag)
    error = withdrawn(NotAsStated("it differs"), TARGET, version, store)
    assert type(error) is NotAsStated
    assert error.message.startswith("it differs; it stays in S3")
    assert why in error.message
    assert [call for call in store.calls if call == "delete"] == asked
    assert store.content(TARGET) == b"other"


def test_the_cloud_takes_any_checksum_that_is_known() -> None:
    asked_for = {"source": SOURCE, "destination": str(TARGET)}
    assert accept.decode_request({**asked_for, "expect": WRONG}).expect == WRONG
    assert accept.decode_request({**asked_for, "expect": f"sha256:{'0' * 64}"}).expect
    with pytest.raises(UnknownChecksum):
        accept.decode_request({**asked_for, "expect": "sha257:00"})
