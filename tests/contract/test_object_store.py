"""The contract of ObjectStore, kept by every store."""

from __future__ import annotations

import contextlib

import pytest

from contract.stores import StoreCase, listed
from s3am_cloud.checksums.crc64nvme import combine, encode, update
from s3am_cloud.errors import ChecksumMismatch, ObjectExists, TransferError, UploadGone
from s3am_cloud.limits import MIN_PART
from s3am_cloud.model import Attributes, Upload, UploadedPart
from s3am_cloud.urls import S3Url
from servers.content import crc64nvme, pattern

FIRST, LAST = pattern(MIN_PART, 1), pattern(1000, 2)
ODD_KEYS = ["a b", "a+b", "100%", "%41%2F", "é€😀", "q?x=1&y=2", "h#f", "a'\"<&>", "~!*()", "n:8"]


def target(case: StoreCase, key: str = "key") -> S3Url:
    return S3Url(case.bucket, key)


def upload_of(case: StoreCase, *contents: bytes, key: str = "key") -> Upload:
    upload = case.store.create(target(case, key), Attributes())
    for number, data in enumerate(contents, 1):
        case.put_part(upload, number, data)
    return upload


def complete(
    case: StoreCase, upload: Upload, parts: list[UploadedPart] | None = None, overwrite: bool = False, flip: int = 0
) -> None:
    parts = case.sent(upload) if parts is None else parts
    crc = combine((part.crc or 0, part.length) for part in parts) ^ flip
    case.store.complete(upload, parts, crc, sum(part.length for part in parts), overwrite)


def test_head_of_a_key_without_an_object_is_none(case: StoreCase) -> None:
    case.put_object(target(case, "key/below"), b"x")
    case.put_object(target(case, "key2"), b"x")
    assert case.store.head(target(case)) is None


def test_head_tells_size_etag_and_the_checksum_of_the_whole(case: StoreCase) -> None:
    case.put_object(target(case), LAST)
    info = case.store.head(target(case))
    assert info is not None
    assert (info.size, info.full_object, encode(info.crc or 0)) == (len(LAST), True, crc64nvme(LAST))
    assert info.etag.startswith('"')
    assert info.etag.endswith('"')


def test_a_listing_has_the_key_of_an_object_and_none_that_only_begins_so(case: StoreCase) -> None:
    case.put_object(target(case, "a/b/c"), b"x")
    assert case.store.lists(target(case, "a/b/c"))
    assert not case.store.lists(target(case, "a/b"))
    assert not case.store.lists(target(case, "a/b/c/d"))


def test_another_content_has_another_etag(case: StoreCase) -> None:
    case.put_object(target(case), FIRST)
    before = case.store.head(target(case))
    case.put_object(target(case), pattern(MIN_PART, 3))
    after = case.store.head(target(case))
    assert before is not None
    assert after is not None
    assert before.etag != after.etag


def test_unfinished_lists_all_uploads_of_exactly_this_key(case: StoreCase) -> None:
    others = ["key2", "key/below", "ke", "Key"]
    for other in others:
        case.store.create(target(case, other), Attributes())
    mine = {case.store.create(target(case), Attributes()).upload_id for _ in range(2)}
    assert set(case.store.unfinished(target(case))) == mine
    assert case.store.unfinished(target(case, "k")) == []


def test_an_upload_is_granted_a_checksum_of_the_full_object(case: StoreCase) -> None:
    upload = case.store.create(target(case), Attributes(content_type="text/plain"))
    assert upload.full_object
    assert upload.target == target(case)
    assert case.store.head(target(case)) is None


def test_parts_are_listed_by_number_whatever_order_they_came_in(case: StoreCase) -> None:
    """Parts are listed by ascending number whatever the order they came in."""
    upload = upload_of(case)
    for number in (3, 1, 11, 2):
        case.put_part(upload, number, b"%d" % number)
    assert [part.number for part in listed(case.store, upload)] == [1, 2, 3, 11]


def test_parts_after_a_number_leaves_it_and_those_below_out(case: StoreCase) -> None:
    upload = upload_of(case, b"1", b"2", b"3", b"4")
    assert [part.number for part in listed(case.store, upload, after=2)] == [3, 4]
    assert listed(case.store, upload, after=4) == []


def test_a_listed_part_has_its_length_and_no_other_crc_than_its_own(case: StoreCase) -> None:
    upload = upload_of(case, LAST)
    (part,) = listed(case.store, upload)
    assert part.length == len(LAST)
    assert part.crc in {update(0, LAST), None}, "a store may leave it out, but not tell another"


def test_an_upload_without_parts_lists_none(case: StoreCase) -> None:
    assert listed(case.store, upload_of(case)) == []


def test_a_part_sent_again_is_no_second_part(case: StoreCase) -> None:
    upload = upload_of(case, FIRST, LAST)
    case.put_part(upload, 1, FIRST)
    by_number = {part.number: part for part in case.sent(upload)}
    complete(case, upload, [by_number[1], by_number[2]])
    assert case.content(target(case)) == FIRST + LAST


def test_complete_makes_the_object_and_ends_the_upload(case: StoreCase) -> None:
    upload = upload_of(case, FIRST, LAST)
    complete(case, upload)
    info = case.store.head(target(case))
    assert info is not None
    assert (info.size, info.full_object) == (len(FIRST + LAST), True)
    assert encode(info.crc or 0) == crc64nvme(FIRST + LAST)
    assert case.content(target(case)) == FIRST + LAST
    assert case.store.unfinished(target(case)) == []


def test_complete_refuses_to_replace_an_object_that_came_to_exist(case: StoreCase) -> None:
    upload = upload_of(case, LAST)
    case.put_object(target(case), b"theirs")
    with pytest.raises(ObjectExists):
        complete(case, upload)
    assert case.content(target(case)) == b"theirs"
    assert len(listed(case.store, upload)) == 1, "the upload is to stay as it was"


def test_complete_replaces_the_object_where_that_is_wanted(case: StoreCase) -> None:
    upload = upload_of(case, LAST)
    case.put_object(target(case), b"theirs")
    complete(case, upload, overwrite=True)
    assert case.content(target(case)) == LAST


def test_complete_refuses_another_checksum_of_the_whole(case: StoreCase) -> None:
    upload = upload_of(case, FIRST, LAST)
    with pytest.raises(ChecksumMismatch):
        complete(case, upload, flip=1)
    assert case.store.head(target(case)) is None
    assert len(listed(case.store, upload)) == 2, "the upload is to stay as it was"


def test_complete_refuses_a_part_that_is_not_there(case: StoreCase) -> None:
    upload = upload_of(case, FIRST)
    there = case.sent(upload)
    missing = UploadedPart(2, 5, there[0].etag, update(0, b"other"))
    with pytest.raises(ChecksumMismatch):
        complete(case, upload, [*there, missing])
    assert case.store.head(target(case)) is None


def test_complete_refuses_a_part_under_another_etag(case: StoreCase) -> None:
    upload = upload_of(case, LAST)
    other = upload_of(case, b"other", key="other")
    (part,), (wrong,) = case.sent(upload), case.sent(other)
    with pytest.raises(ChecksumMismatch):
        complete(case, upload, [UploadedPart(1, part.length, wrong.etag, part.crc)])
    assert case.store.head(target(case)) is None


def test_complete_refuses_parts_in_another_order(case: StoreCase) -> None:
    upload = upload_of(case, FIRST, pattern(MIN_PART, 4))
    with pytest.raises(TransferError):
        complete(case, upload, case.sent(upload)[::-1])
    assert case.store.head(target(case)) is None


def test_complete_refuses_a_small_part_that_is_not_the_last(case: StoreCase) -> None:
    upload = upload_of(case, FIRST[:-1], LAST)
    with pytest.raises(TransferError):
        complete(case, upload)
    assert case.store.head(target(case)) is None


def test_completing_a_second_time_changes_nothing(case: StoreCase) -> None:
    upload = upload_of(case, LAST)
    parts = case.sent(upload)
    complete(case, upload)
    # S3 may answer the second call as it did the first.
    with contextlib.suppress(UploadGone):
        complete(case, upload, parts, overwrite=True)
    assert case.store.unfinished(target(case)) == []
    assert case.content(target(case)) == LAST


def test_an_aborted_upload_is_gone(case: StoreCase) -> None:
    upload = upload_of(case, LAST)
    parts = case.sent(upload)
    case.store.abort(upload)
    assert case.store.unfinished(target(case)) == []
    with pytest.raises(UploadGone):
        listed(case.store, upload)
    with pytest.raises(UploadGone):
        complete(case, upload, parts)
    assert case.store.head(target(case)) is None


def test_abort_is_quiet_where_the_upload_is_gone(case: StoreCase) -> None:
    upload = upload_of(case, LAST)
    case.store.abort(upload)
    case.store.abort(upload)
    case.store.abort(Upload(target=target(case), upload_id="there-never-was-one", full_object=True))


def test_abort_leaves_other_uploads_of_the_key_alone(case: StoreCase) -> None:
    first, second = upload_of(case, LAST), upload_of(case, LAST)
    case.store.abort(first)
    assert case.store.unfinished(target(case)) == [second.upload_id]


@pytest.mark.parametrize("key", ODD_KEYS)
def test_an_unfinished_upload_is_found_by_its_literal_key(case: StoreCase, key: str) -> None:
    upload = upload_of(case, key=key)
    assert list(case.store.unfinished(target(case, key))) == [upload.upload_id]


@pytest.mark.parametrize("key", [*ODD_KEYS, "a//b", "/a"])
def test_a_key_is_taken_literally(case: StoreCase, key: str) -> None:
    upload = upload_of(case, LAST, key=key)
    complete(case, upload)
    info = case.store.head(target(case, key))
    assert info is not None
    assert info.size == len(LAST)
    assert case.content(target(case, key)) == LAST
