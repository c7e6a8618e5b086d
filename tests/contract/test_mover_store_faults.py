"""What a mover does when the store misbehaves: it repeats the part, or names what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from contract.routes import ObjectEnd, Route
from s3am_cloud.errors import (
    AccessDenied,
    ChecksumMismatch,
    ObjectArchived,
    ObjectExists,
    StoreBusy,
    StoreUnavailable,
    TransferError,
)
from s3am_cloud.limits import ATTEMPTS
from servers.proxy import FaultyProxy
from servers.proxy_rules import (
    GET_OBJECT,
    INTERNAL_ERROR,
    PLAIN_PUT,
    PUT_OBJECT,
    REQUEST_TIMEOUT,
    SLOW_DOWN,
    TRAILED_PUT,
    UPLOAD_PART,
    Action,
    CutReply,
    FlipRequestBit,
    LoseReply,
    Match,
    ResetBefore,
    Respond,
    upload_part,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
from contract.faulty_moves import CUT, DATA, check, cut_for, from_http


@pytest.mark.parametrize("way", ["http-parts", "file-parts"], indirect=True)
@pytest.mark.parametrize(
    "action",
    [INTERNAL_ERROR, SLOW_DOWN, REQUEST_TIMEOUT, ResetBefore(), LoseReply(), FlipRequestBit(at=1000)],
    ids=lambda action: getattr(action, "code", type(action).__name__),
)
def test_a_put_that_breaks_is_repeated(way: Route, shared_proxy: FaultyProxy, action: Action) -> None:
    origin = way.put(DATA)
    mover = way.mover(origin)
    shared_proxy.add(UPLOAD_PART, action)
    moved = list(mover.move(CUT.parts()))
    check(way, moved)
    assert sum(part.retries for part in moved) == 1


@pytest.mark.parametrize("way", ["http-parts", "file-parts"], indirect=True)
@pytest.mark.parametrize(
    ("action", "error", "tries"),
    [
        (SLOW_DOWN, StoreBusy, ATTEMPTS),
        (INTERNAL_ERROR, StoreUnavailable, ATTEMPTS),
        (FlipRequestBit(at=1000), ChecksumMismatch, ATTEMPTS),
        (Respond(403, "AccessDenied"), AccessDenied, 1),
    ],
    ids=["SlowDown", "InternalError", "FlipRequestBit", "AccessDenied"],
)
def test_a_put_that_goes_on_failing_is_given_up(
    way: Route, shared_proxy: FaultyProxy, action: Action, error: type[Exception], tries: int
) -> None:
    mover, before = way.mover(way.put(DATA)), len(shared_proxy.matching(upload_part(2)))
    shared_proxy.add(upload_part(2), action, times=None)
    with pytest.raises(error):
        list(mover.move([CUT.part(2)]))
    assert len(shared_proxy.matching(upload_part(2))) - before == tries


@pytest.mark.parametrize("way", ["http-parts", "file-parts", "http-object"], indirect=True)
@pytest.mark.parametrize(("status", "code"), [(501, "NotImplemented"), (403, "SignatureDoesNotMatch")])
def test_a_store_without_trailers_gets_plain_bodies_at_once(
    way: Route, shared_proxy: FaultyProxy, status: int, code: str
) -> None:
    """Their ETags, which are the MD5 of what came, show that the store has just the bytes that were sent."""
    mover = way.mover(way.put(DATA))
    refused = len(shared_proxy.matching(TRAILED_PUT))
    shared_proxy.add(TRAILED_PUT, Respond(status, code), times=None)
    moved = list(mover.move(cut_for(way).parts()))
    check(way, moved)
    assert [part.shown for part in moved] == [True] * len(moved)
    assert sum(part.retries for part in moved) == 0
    # An object has an ACL too, and a store that does not say what it refuses is first spared that.
    assert len(shared_proxy.matching(TRAILED_PUT)) - refused <= 2


@from_http("parts")
def test_a_plain_body_that_was_changed_on_its_way_is_sent_again(way: Route, shared_proxy: FaultyProxy) -> None:
    mover = way.mover(way.put(DATA))
    shared_proxy.add(TRAILED_PUT, Respond(501, "NotImplemented"), times=None)
    shared_proxy.add(PLAIN_PUT, FlipRequestBit(at=1000))
    moved = list(mover.move(CUT.parts()))
    check(way, moved)
    assert sum(part.retries for part in moved) == 1


@from_http("parts")
def test_a_store_that_refuses_to_be_asked_first_gets_the_body_at_once(way: Route, shared_proxy: FaultyProxy) -> None:
    mover = way.mover(way.put(DATA))
    shared_proxy.add(Match("PUT", header=("expect", "100-continue")), Respond(417, "ExpectationFailed"), times=None)
    moved = list(mover.move(CUT.parts()))
    check(way, moved)
    assert sum(part.retries for part in moved) == 0


@from_http("object")
def test_a_store_that_refuses_the_acl_gets_none(way: Route, shared_proxy: FaultyProxy) -> None:
    mover = way.mover(way.put(DATA))
    shared_proxy.add(Match("PUT", header=("x-amz-acl", "bucket")), Respond(403, "AccessDenied"), times=None)
    check(way, list(mover.move(cut_for(way).parts())))


@from_http("object")
def test_an_object_whose_answer_was_lost_is_told_without_an_etag(way: Route, shared_proxy: FaultyProxy) -> None:
    """Whether the object that is there is this one, the caller finds out by its CRC."""
    mover = way.mover(way.put(DATA))
    shared_proxy.add(PUT_OBJECT, LoseReply())
    moved = list(mover.move(cut_for(way).parts()))
    check(way, moved)
    assert [part.etag for part in moved] == [""]


@from_http("object")
def test_an_object_that_was_there_before_any_try_is_somebody_elses(
    way: Route, shared_proxy: FaultyProxy, s3_client: S3Client
) -> None:
    mover = way.mover(way.put(DATA))
    assert isinstance(way.end, ObjectEnd)
    s3_client.put_object(Bucket=way.end.target.bucket, Key=way.end.target.key, Body=b"theirs")
    shared_proxy.add(PUT_OBJECT, SLOW_DOWN)
    with pytest.raises(ObjectExists):
        list(mover.move(cut_for(way).parts()))


@pytest.mark.parametrize("way", ["s3-file"], indirect=True)
@pytest.mark.parametrize(
    "action",
    [INTERNAL_ERROR, SLOW_DOWN, ResetBefore(), CutReply(after=70_000)],
    ids=lambda action: getattr(action, "code", type(action).__name__),
)
def test_an_object_s_get_that_breaks_goes_on_at_the_next_byte(
    way: Route, shared_proxy: FaultyProxy, action: Action
) -> None:
    mover = way.mover(way.put(DATA))
    shared_proxy.add(GET_OBJECT, action)
    moved = list(mover.move(CUT.parts()))
    check(way, moved)
    assert sum(part.retries for part in moved) == 1
    assert way.tally.taken_back == 0


@pytest.mark.parametrize("way", ["s3-file"], indirect=True)
@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (403, "AccessDenied", AccessDenied),
        (403, "InvalidObjectState", ObjectArchived),
        (400, "ExpiredToken", AccessDenied),
    ],
)
def test_what_s3_says_of_an_object_s_get_reaches_the_user(
    way: Route, shared_proxy: FaultyProxy, status: int, code: str, kind: type[TransferError]
) -> None:
    mover = way.mover(way.put(DATA))
    shared_proxy.add(GET_OBJECT, Respond(status, code, message="its own words"), times=None)
    with pytest.raises(kind, match="its own words") as caught:
        list(mover.move(CUT.parts()))
    assert caught.type is kind
