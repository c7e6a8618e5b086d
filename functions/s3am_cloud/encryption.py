"""Encryption by S3 with keys of its own or of KMS, as a request asks for it. Keys of the customer's are in `sse`."""

from __future__ import annotations

import msgspec

from s3am_cloud.errors import BadRequest
from s3am_cloud.request import Attributes, Sse


def sse_of(attributes: Attributes) -> Sse | None:
    """The encryption that was requested: a key of KMS's means KMS. None leaves it to the bucket."""
    return attributes.sse or ("aws:kms" if attributes.sse_kms_key_id else None)


def check_encryption(attributes: Attributes, customer_key: bool = False) -> None:
    """Raises BadRequest for what S3 would refuse. `customer_key` says whether there is an SSE-C key as well."""
    sse = sse_of(attributes)
    if customer_key and (sse or attributes.bucket_key):
        raise BadRequest(
            "sse and an SSE-C key exclude each other: an object has one encryption",
            "leave out either --sse, --sse-kms-key-id and --bucket-key, or the SSE-C key",
        )
    if attributes.sse_kms_key_id and sse == "AES256":
        raise BadRequest("sse_kms_key_id is a key of KMS's, and AES256 has none", "use --sse aws:kms, or leave it out")
    if attributes.bucket_key and sse not in {None, "aws:kms"}:
        raise BadRequest(f"bucket_key goes with aws:kms, not with {sse}", "leave out --bucket-key")


def without_encryption(attributes: Attributes) -> Attributes:
    return msgspec.structs.replace(attributes, sse=None, sse_kms_key_id=None, bucket_key=False)
