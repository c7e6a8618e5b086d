"""What S3 refuses of an encryption, by its name and early."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

from s3am_cloud.adapters.s3.answers import code_of, named_client
from s3am_cloud.errors import AccessDenied
from s3am_cloud.key_rights import missing_right
from s3am_cloud.model import Upload
from s3am_cloud.sse import REFUSED_HINT, SseKey


def uses_kms(created: Mapping[str, Any]) -> bool:
    """Whether the answer to CreateMultipartUpload says that a key of KMS's encrypts the object."""
    return str(created.get("ServerSideEncryption", "")).startswith("aws:kms")


def check_decrypts(
    upload: Upload, created: Mapping[str, Any], list_parts: Callable[[], object], abort: Callable[[], None]
) -> None:
    """Raises AccessDenied, which names the right, where the key encrypts and does not decrypt.

    ListParts needs kms:Decrypt as UploadPart does (API reference), and its answer has a body that says so.
    """
    try:
        list_parts()
    except AccessDenied as error:
        missing = missing_right(error.message)
        if missing is None:
            return  # parts may be sent by those who may not list them
        abort()
        lacking = missing._replace(key=missing.key or created.get("SSEKMSKeyId"))
        what = f"{lacking.action} on {lacking.key or 'its KMS key'} is missing"
        raise AccessDenied(f"{upload.target}: {what} ({error.message})", lacking.hint) from error


@contextmanager
def sse_refusal(key: SseKey | None) -> Iterator[None]:
    """The refusal of SSE-C that new buckets begin with, named as what it is."""
    try:
        yield
    except ClientError as error:
        if key is not None and code_of(error) == "AccessDenied":
            denied = named_client(error, "S3 refused an upload with SSE-C")
            raise AccessDenied(denied.message, REFUSED_HINT) from error
        raise
