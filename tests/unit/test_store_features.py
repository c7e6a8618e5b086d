"""What a store refuses is left out for the rest of the run; what a refusal is not about, is not."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from s3am_cloud.adapters.s3.codes import error_for, legible, part_error_for, source_error_for
from s3am_cloud.adapters.s3.features import Attempt, Feature, Features
from s3am_cloud.adapters.s3.fewer import repeated
from s3am_cloud.errors import (
    AccessDenied,
    BadDestination,
    BadSource,
    InvalidStorageClass,
    KmsKeyUnusable,
    ObjectArchived,
    SourceBusy,
    SourceChanged,
    SourceNotFound,
    UnsupportedByStore,
)
from s3am_cloud.etags import is_md5, plain, quoted

ALL: tuple[Feature, ...] = ("acl", "condition", "trailer")


@pytest.mark.parametrize(
    ("status", "code", "message", "feature"),
    [
        (400, "InvalidArgument", "Unsupported value for canned acl 'bucket-owner-full-control'", "acl"),
        (501, "NotImplemented", "Header 'x-amz-acl' is not implemented", "acl"),
        (400, "AccessControlListNotSupported", "The bucket does not allow ACLs", "acl"),
        (403, "AccessDenied", "not authorized to perform: s3:PutObjectAcl", "acl"),
        (403, "AccessDenied", "", "acl"),
        (501, "NotImplemented", "If-None-Match", "condition"),
        (400, "InvalidRequest", "x-amz-content-sha256 must be UNSIGNED-PAYLOAD", "trailer"),
        (400, "XAmzContentSHA256Mismatch", "", "trailer"),
        (403, "SignatureDoesNotMatch", "", "trailer"),
        (411, "MissingContentLength", "", "trailer"),
        (400, "IncompleteBody", "", "trailer"),
    ],
)
def test_a_refusal_says_which_feature_a_store_lacks(status: int, code: str, message: str, feature: Feature) -> None:
    features = Features(aws=False)
    assert features.learn(ALL, status, code, message)
    assert [one for one in ALL if not features.has(one)] == [feature]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "ExpiredToken"),
        (400, "BadDigest"),
        (403, "InvalidAccessKeyId"),
        (403, "RequestTimeTooSkewed"),
        (404, "NoSuchUpload"),
        (409, "ConditionalRequestConflict"),
        (412, "PreconditionFailed"),
        (500, "InternalError"),
        (503, "SlowDown"),
        (200, ""),
    ],
)
def test_a_refusal_of_another_kind_teaches_nothing(status: int, code: str) -> None:
    features = Features(aws=False)
    assert not features.learn(ALL, status, code, "checksum acl if-none-match")
    assert all(map(features.has, ALL))


def test_at_aws_only_the_acl_is_ever_left_out() -> None:
    features = Features(aws=True)
    assert not features.learn(("condition", "trailer"), 501, "NotImplemented", "If-None-Match, trailer")
    assert not features.learn(ALL, 400, "InvalidRequest", "a checksum")
    assert features.learn(ALL, 400, "AccessControlListNotSupported", "")
    assert not features.has("acl")


def test_what_a_store_has_accepted_once_is_not_what_it_refuses_later() -> None:
    features = Features(aws=False)
    features.succeeded(["trailer"])
    assert not features.learn(["trailer"], 400, "InvalidArgument", "")
    assert features.has("trailer")


def test_what_was_left_out_in_vain_is_sent_again() -> None:
    features = Features(aws=True)
    attempt = Attempt(features, ("acl",))
    attempt.begin()
    assert attempt.is_refused(403, "AccessDenied", "")
    attempt.begin()
    assert not attempt.uses("acl")
    assert not attempt.is_refused(403, "AccessDenied", "")
    attempt.failed()
    assert features.has("acl")


def test_a_call_is_repeated_with_fewer_features_and_not_for_ever() -> None:
    asked: list[list[str]] = []

    def send(parameters: Any) -> str:
        asked.append(sorted(parameters))
        if parameters:
            raise ClientError({"Error": {"Code": "NotImplemented"}, "ResponseMetadata": {"HTTPStatusCode": 501}}, "Any")  # type: ignore[typeddict-item]
        return "done"

    features = Features(aws=False)
    assert repeated(features, {"acl": {"A": 1}, "checksum": {"B": 2, "C": 3}}, send) == "done"
    assert asked == [["A", "B", "C"], ["B", "C"], []]
    asked.clear()
    assert repeated(features, {"acl": {"A": 1}}, send) == "done"
    assert asked == [[]], "it is to be learned once"


def test_a_stores_own_words_are_shown_on_one_line_without_secrets() -> None:
    key = "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s="
    shown = legible(f"bad\x1b[31m\r\n key {key}\x00" + " y" * 4000)
    assert shown.startswith("bad [31m key ... y y")
    assert len(shown) == 500


@pytest.mark.parametrize(
    ("code", "status", "error", "hint"),
    [
        ("ExpiredToken", 400, AccessDenied, "renew"),
        ("AuthorizationHeaderMalformed", 400, AccessDenied, "--region"),
        ("NotImplemented", 501, UnsupportedByStore, "supports"),
        ("405", 405, UnsupportedByStore, "supports"),
        ("QuotaExceeded", 403, BadDestination, "room"),
        ("InvalidObjectState", 403, ObjectArchived, "restore"),
        ("InvalidStorageClass", 400, InvalidStorageClass, "--storage-class"),
        ("KMS.DisabledException", 400, KmsKeyUnusable, "enabled"),
        ("KMS.InvalidKeyUsageException", 400, KmsKeyUnusable, "KMS key"),
    ],
)
def test_a_refusal_has_a_hint_that_fits(code: str, status: int, error: type[Exception], hint: str) -> None:
    found = error_for(code, status, "said", "why")
    assert type(found) is error
    assert hint in found.hint
    assert found.message == "said (why)"


def test_a_denial_by_policy_says_that_a_policy_may_demand_more() -> None:
    assert "--sse-kms-key-id" in error_for("AccessDenied", 403, "said", "explicit deny in a resource-based policy").hint


@pytest.mark.parametrize("etag", ['"abc-1"', "abc-1", ' "abc-1" '])
def test_an_etag_is_the_same_with_and_without_quotes(etag: str) -> None:
    assert (plain(etag), quoted(etag)) == ("abc-1", '"abc-1"')


def test_an_etag_is_an_md5_in_any_case_of_letters() -> None:
    digest = "D41D8CD98F00B204E9800998ECF8427E"
    assert is_md5(f'"{digest}"')
    assert plain(digest) == digest.lower()
    assert not is_md5(f'"{digest}-2"')
    assert plain('W/"Ab"') == quoted('W/"Ab"') == 'W/"Ab"'


@pytest.mark.parametrize(
    ("message", "left_out"),
    [
        ("not authorized to perform: s3:PutObjectAcl on resource", ["acl"]),
        ("not authorized to perform: s3:PutObjectTagging on resource", ["tags"]),
        ("not authorized to perform: s3:PutObject on resource", []),
        ("not authorized to perform: kms:GenerateDataKey on resource", []),
        ("not authorized to perform: s3:PutObject on resource with an explicit deny in a policy", ["acl"]),
        ("Access Denied", ["acl"]),
    ],
)
def test_a_right_that_is_named_decides_what_is_left_out(message: str, left_out: list[Feature]) -> None:
    features = Features(aws=True)
    sent: tuple[Feature, ...] = ("acl", "tags", "condition")
    assert features.learn(sent, 403, "AccessDenied", message) == bool(left_out)
    assert [one for one in sent if not features.has(one)] == left_out


@pytest.mark.parametrize("code", ["KMS.ThrottlingException", "SlowDown", "KMS.KMSInternalException", "RequestExpired"])
def test_what_passes_by_itself_is_tried_again_in_the_stores_own_words(code: str) -> None:
    error = part_error_for(code, 400, "said", "its own words")
    assert isinstance(error, SourceBusy)
    assert "its own words" in error.message


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("NoSuchVersion", 404, SourceNotFound),
        ("PreconditionFailed", 412, SourceChanged),
        ("AccessDenied", 403, AccessDenied),
        ("InvalidObjectState", 403, ObjectArchived),
        ("KMS.DisabledException", 400, KmsKeyUnusable),
        ("InvalidArgument", 400, BadSource),
    ],
)
def test_what_is_read_is_a_source(code: str, status: int, error: type[Exception]) -> None:
    assert type(source_error_for(code, status, "said", "why")) is error
