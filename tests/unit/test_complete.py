"""The last steps: check every part, complete, ask again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgspec
import pytest

from s3am_cloud.adapters.memory.transfer import MemoryStore
from s3am_cloud.checksums.crc64nvme import update
from s3am_cloud.errors import (
    AccessDenied,
    ChecksumMismatch,
    CompletionConflict,
    JobFailed,
    ObjectExists,
    PartReplaced,
    StoreBusy,
    StoreUnavailable,
    TransferError,
    UploadGone,
)
from s3am_cloud.model import MovedPart, ObjectInfo, Plan, Upload, UploadedPart
from s3am_cloud.transfer.steps.complete import WholeCrc, complete
from s3am_cloud.transfer.steps.verify import verify
from s3am_cloud.transfer.stored_parts import proof
from s3am_cloud.urls import S3Url
from servers.content import pattern
from support.fakes import PART, TARGET, FakeClock, LoggedStore

DATA = pattern(2 * PART + 10)
PLAN = Plan(size=len(DATA), part_size=PART)


class Store(LoggedStore):
    """Lists parts through `see`, and runs `then` after each completion."""

    def __init__(self) -> None:
        super().__init__([])
        self.see: Callable[[UploadedPart], UploadedPart] = lambda part: part
        self.then: Callable[[], None] = lambda: None

    def parts(self, upload: Upload, after: int = 0) -> Iterator[UploadedPart]:
        return map(self.see, super().parts(upload, after))

    def complete(self, upload: Upload, parts: Sequence[UploadedPart], crc: int, size: int, overwrite: bool) -> None:
        super().complete(upload, parts, crc, size, overwrite)
        self.then()


@pytest.fixture
def store() -> Store:
    return Store()


def filled(store: Store, *numbers: int, data: bytes = DATA) -> tuple[Upload, list[MovedPart]]:
    upload = store.open(TARGET)
    moved = []
    for part in map(PLAN.part, numbers or (1, 2, 3)):
        piece = data[part.first : part.first + part.length]
        moved.append(
            MovedPart(
                part.number, part.length, update(0, piece), store.put_part(upload, part.number, piece, update(0, piece))
            )
        )
    return upload, moved


def after(store: Store, error: TransferError) -> None:
    def lose() -> None:
        raise error

    store.then = lose


def test_the_parts_that_were_sent_become_the_object(store: Store) -> None:
    upload, moved = filled(store)
    assert complete(PLAN, upload, moved, False, store) == update(0, DATA)
    assert store.content(TARGET) == DATA


@pytest.mark.parametrize("seen", [0, 2])
def test_no_object_is_made_of_a_part_that_nobody_is_known_to_have_sent(store: Store, seen: int) -> None:
    upload, moved = filled(store)
    with pytest.raises(PartReplaced, match=f"part {seen + 1} .* nothing shows"):
        complete(PLAN, upload, moved[:seen], False, store)
    assert store.head(TARGET) is None


def test_a_part_that_was_sent_twice_may_be_either(store: Store) -> None:
    upload, moved = filled(store)
    stale = MovedPart(2, PART, 7, '"other"')
    assert complete(PLAN, upload, [stale, *moved, stale], False, store) == update(0, DATA)


def test_a_missing_part_is_named(store: Store) -> None:
    upload, moved = filled(store, 1, 3)
    with pytest.raises(JobFailed, match=r"missing: \[2\]"):
        complete(PLAN, upload, moved, False, store)
    assert store.head(TARGET) is None


def test_a_part_beyond_the_plan_is_refused(store: Store) -> None:
    upload, moved = filled(store)
    store.put_part(upload, 4, b"more", update(0, b"more"))
    with pytest.raises(JobFailed):
        complete(PLAN, upload, moved, False, store)


def test_a_part_that_a_store_lists_twice_counts_once(store: Store) -> None:
    upload, moved = filled(store)
    there = list(store.parts(upload))

    class Twice(Store):
        def parts(self, upload: Upload, after: int = 0) -> Iterator[UploadedPart]:
            return iter([there[0], *there])

    store.__class__ = Twice
    assert complete(PLAN, upload, moved, False, store) == update(0, DATA)


def test_a_part_of_another_size_is_refused(store: Store) -> None:
    upload, moved = filled(store)
    store.put_part(upload, 3, DATA[2 * PART : -1], update(0, DATA[2 * PART : -1]))
    with pytest.raises(PartReplaced, match="part 3 is stored with 9 bytes"):
        complete(PLAN, upload, moved, False, store)
    assert store.head(TARGET) is None


def test_a_part_that_differs_from_what_was_moved_is_refused(store: Store) -> None:
    upload, moved = filled(store)
    store.put_part(upload, 3, bytes(10), update(0, bytes(10)))
    with pytest.raises(ChecksumMismatch, match="part 3"):
        complete(PLAN, upload, moved, False, store)
    assert store.head(TARGET) is None


def test_a_whole_with_another_checksum_is_refused_before_the_object(store: Store) -> None:
    """A whole that is not what the source is known by is refused before the object is made."""
    upload, moved = filled(store)
    with pytest.raises(ChecksumMismatch, match="where the source has"):
        complete(PLAN, upload, moved, False, store, WholeCrc(update(0, DATA) ^ 1))
    assert store.head(TARGET) is None
    assert store.unfinished(TARGET) == [upload.upload_id]
    assert complete(PLAN, upload, moved, False, store, WholeCrc(update(0, DATA))) == update(0, DATA)


def without_crc(part: UploadedPart) -> UploadedPart:
    return UploadedPart(part.number, part.length, part.etag, None)


def test_the_crc_of_what_was_moved_stands_in_where_the_store_lists_none(store: Store) -> None:
    upload, moved = filled(store)
    store.see = without_crc
    assert complete(PLAN, upload, moved, False, store) == update(0, DATA)
    assert store.content(TARGET) == DATA


def test_a_part_of_which_nobody_knows_the_crc_can_not_be_proven(store: Store) -> None:
    upload, moved = filled(store)
    store.see = without_crc
    with pytest.raises(ChecksumMismatch, match="part 3"):
        complete(PLAN, upload, moved[:2], False, store)


def test_a_lost_answer_is_no_failure_where_the_object_is_there(store: Store) -> None:
    upload, moved = filled(store)
    after(store, StoreUnavailable("lost"))
    assert complete(PLAN, upload, moved, False, store) == update(0, DATA)


@pytest.mark.parametrize("error", [UploadGone("gone"), ObjectExists("there")])
def test_an_answer_that_another_was_first_is_never_taken_for_a_success(store: Store, error: TransferError) -> None:
    upload, moved = filled(store)
    after(store, error)
    with pytest.raises(type(error)):
        complete(PLAN, upload, moved, False, store)


@pytest.mark.parametrize(
    "theirs", [None, b"theirs", pattern(len(DATA), 9)], ids=["none", "other size", "other content"]
)
def test_after_a_lost_answer_an_upload_that_is_gone_is_reported_as_gone(store: Store, theirs: bytes | None) -> None:
    upload, moved = filled(store)

    def replaced() -> None:
        if theirs is None:
            store._objects.clear()
        else:
            store.put_object(TARGET, theirs, True)
        raise StoreUnavailable("lost")

    store.then = replaced
    with pytest.raises(UploadGone):
        complete(PLAN, upload, moved, True, store)


def test_after_a_lost_answer_an_object_of_anothers_is_reported_as_existing(store: Store) -> None:
    upload, moved = filled(store)

    def lost(*arguments: object) -> None:
        store.put_object(TARGET, b"theirs", True)
        raise StoreUnavailable("lost")

    store.complete = lost  # type: ignore[method-assign,assignment]
    with pytest.raises(ObjectExists):
        complete(PLAN, upload, moved, False, store)


def test_a_part_that_another_sent_again_with_the_same_bytes_is_the_same(store: Store) -> None:
    """Encrypted parts have another ETag each time."""
    upload, moved = filled(store)
    other = [MovedPart(part.number, part.length, part.crc, f'"{part.number}"') for part in moved]
    assert complete(PLAN, upload, other, False, store) == update(0, DATA)


def test_the_same_content_put_by_another_leaves_the_upload_unfinished(store: Store) -> None:
    """The same content put by somebody else leaves the upload unfinished."""
    upload, moved = filled(store)
    store.put_object(TARGET, DATA, True)
    with pytest.raises(ObjectExists):
        complete(PLAN, upload, moved, False, store)
    assert store.unfinished(TARGET) == [upload.upload_id]


def test_a_store_that_asks_for_patience_is_not_taken_for_one_that_is_done(store: Store) -> None:
    upload, moved = filled(store)
    after(store, StoreBusy("slow down"))
    with pytest.raises(StoreBusy):
        complete(PLAN, upload, moved, False, store)


class OneObject(MemoryStore):
    def __init__(self, info: ObjectInfo | None) -> None:
        super().__init__()
        self._info = info

    def head(self, target: S3Url) -> ObjectInfo | None:
        return self._info


@pytest.mark.parametrize(
    "info",
    [
        None,
        ObjectInfo(size=9, etag='"e"', crc=7, full_object=True),
        ObjectInfo(size=10, etag='"e"', crc=8, full_object=True),
        ObjectInfo(size=10, etag='"e"', crc=None, full_object=True),
    ],
    ids=["gone", "other size", "other crc", "no crc"],
)
def test_an_object_that_is_not_what_was_sent_is_told(info: ObjectInfo | None) -> None:
    with pytest.raises(ChecksumMismatch):
        verify(TARGET, 10, 7, OneObject(info), FakeClock())


def test_the_proof_is_what_the_store_holds_the_object_by() -> None:
    whole = ObjectInfo(size=10, etag='"e"', crc=7, full_object=True)
    by_part = ObjectInfo(size=10, etag='"e"', crc=9, full_object=False)
    assert proof(verify(TARGET, 10, 7, OneObject(whole), FakeClock())) == "full-object"
    assert proof(verify(TARGET, 10, 7, OneObject(by_part), FakeClock())) == "per-part"


class Doubled(Store):
    """Lists an older part 2 behind the one that was sent, as a store may that keeps both for a while."""

    def parts(self, upload: Upload, after: int = 0) -> Iterator[UploadedPart]:
        for part in super().parts(upload, after):
            yield part
            if part.number == 2:
                yield UploadedPart(2, part.length, '"older"', None)

    def complete(self, upload: Upload, parts: Sequence[UploadedPart], crc: int, size: int, overwrite: bool) -> None:
        assert '"older"' not in [part.etag for part in parts]
        super().complete(upload, parts, crc, size, overwrite)


def test_an_older_part_listed_beside_the_sent_one_is_not_taken() -> None:
    """An older part that is listed beside the one that was sent is not taken."""
    store = Doubled()
    upload, moved = filled(store)
    complete(PLAN, upload, moved, False, store)
    assert store.content(TARGET) == DATA


def test_a_part_that_somebody_else_stored_meanwhile_is_refused(store: Store) -> None:
    upload, moved = filled(store)
    piece = bytes(PART)
    store.put_part(upload, 2, piece, update(0, piece))
    with pytest.raises(ChecksumMismatch):
        complete(PLAN, upload, moved, False, store)


class Unlisted(Store):
    """A store whose user may not list parts."""

    def parts(self, upload: Upload, after: int = 0) -> Iterator[UploadedPart]:
        raise AccessDenied("not authorized to perform: s3:ListMultipartUploadParts")


def test_unlisted_parts_are_completed_from_the_answers_to_them() -> None:
    store = Unlisted()
    upload, moved = filled(store)
    assert complete(PLAN, upload, moved, False, store) == update(0, DATA)
    assert store.content(TARGET) == DATA


@pytest.mark.parametrize("lacking", ["part", "etag", "crc", "length"])
def test_what_this_run_did_not_send_itself_takes_the_right_to_list(lacking: str) -> None:
    store = Unlisted()
    upload, moved = filled(store)
    first = moved[0]
    moved[0] = msgspec.structs.replace(
        first,
        number=2 if lacking == "part" else first.number,
        etag="" if lacking == "etag" else first.etag,
        crc=None if lacking == "crc" else first.crc,
        length=1 if lacking == "length" else first.length,
    )
    with pytest.raises(AccessDenied, match="ListMultipartUploadParts"):
        complete(PLAN, upload, moved, False, store)
    assert store.head(TARGET) is None


class Conflicting(Store):
    def complete(self, upload: Upload, parts: Sequence[UploadedPart], crc: int, size: int, overwrite: bool) -> None:
        raise CompletionConflict("409")


def test_a_conflict_ends_a_completion_at_once_unless_the_object_is_there() -> None:
    store = Conflicting()
    upload, moved = filled(store)
    with pytest.raises(CompletionConflict):
        complete(PLAN, upload, moved, False, store)
    assert store.unfinished(TARGET) == [upload.upload_id]
    store.put_object(TARGET, b"theirs", overwrite=True)
    with pytest.raises(ObjectExists):
        complete(PLAN, upload, moved, False, store)
