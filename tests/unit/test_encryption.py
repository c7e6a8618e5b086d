"""Encryption by S3 and KMS: what requests may ask for, how it is sent, and what a missing right on a key is called."""

from __future__ import annotations

import pytest

from s3am_cloud.adapters.s3.attributes import headers, parameters
from s3am_cloud.adapters.s3.codes import error_for
from s3am_cloud.encryption import check_encryption
from s3am_cloud.errors import AccessDenied, BadRequest
from s3am_cloud.ingest.accept import decode_request
from s3am_cloud.request import Attributes
from s3am_cloud_client.options import UploadOptions

KEY = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ROLE = "arn:aws:sts::444455556666:assumed-role/S3amCloud-ControlRoleF1-A/S3amCloud-ControlFunction-B"


def test_a_key_of_kms_and_a_bucket_key_are_sent_as_s3_names_them() -> None:
    attributes = Attributes(sse_kms_key_id="alias/x", bucket_key=True)
    sent = headers(attributes)
    name = "x-amz-server-side-encryption"
    assert {each: value for each, value in sent.items() if each.startswith(name)} == {
        name: "aws:kms",
        f"{name}-aws-kms-key-id": "alias/x",
        f"{name}-bucket-key-enabled": "true",
    }
    given = parameters(attributes)
    assert (given["ServerSideEncryption"], given["SSEKMSKeyId"], given["BucketKeyEnabled"]) == (
        "aws:kms",
        "alias/x",
        True,
    )


def test_nothing_is_sent_of_an_encryption_that_nobody_asked_for() -> None:
    assert not [name for name in headers(Attributes()) if "encryption" in name]


@pytest.mark.parametrize(
    ("attributes", "customer_key"),
    [
        (Attributes(sse="AES256", sse_kms_key_id="alias/x"), False),
        (Attributes(sse="aws:kms:dsse", bucket_key=True), False),
        (Attributes(sse="AES256", bucket_key=True), False),
        (Attributes(sse="aws:kms"), True),
        (Attributes(sse_kms_key_id="alias/x"), True),
    ],
)
def test_what_s3_would_refuse_of_an_encryption_is_refused_first(attributes: Attributes, customer_key: bool) -> None:
    with pytest.raises(BadRequest):
        check_encryption(attributes, customer_key)


def test_options_and_requests_are_checked_alike() -> None:
    with pytest.raises(BadRequest):
        UploadOptions(sse="AES256", sse_kms_key_id="alias/x").request("https://h/x", "s3://b/x")
    attributes = {"sse": "AES256", "sse_kms_key_id": "alias/x"}
    with pytest.raises(BadRequest):
        decode_request({"source": "https://h/x", "destination": "s3://b/x", "attributes": attributes})


@pytest.mark.parametrize(
    ("user", "on", "hint"),
    [
        (
            "arn:aws:iam::1:user/ann",
            f" on resource: {KEY} because",
            f"ask for kms:GenerateDataKey and kms:Decrypt on {KEY}",
        ),
        ("arn:aws:iam::1:user/ann", " on the resource associated with this ciphertext", "ask for kms:GenerateDataKey"),
        (ROLE, f" on resource: {KEY} because", f"s3am-cloud deploy --bucket-key {KEY}"),
    ],
)
def test_a_missing_right_on_a_key_has_a_hint_for_who_lacks_it(user: str, on: str, hint: str) -> None:
    message = f"User: {user} is not authorized to perform: kms:GenerateDataKey{on} no policy allows it"
    error = error_for("AccessDenied", 403, "s3://b/x: the answer was AccessDenied", message)
    assert isinstance(error, AccessDenied)
    assert error.hint.startswith(hint)
