"""CompleteMultipartUpload: the parts that it lists, and what a refusal of it means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from botocore.exceptions import ClientError

from s3am_cloud.adapters.s3.answers import code_of, named_client, status_of
from s3am_cloud.checksums.crc64nvme import encode
from s3am_cloud.errors import CompletionConflict, StoreUnavailable
from s3am_cloud.model import UploadedPart
from s3am_cloud.urls import S3Url

_DONE_BEFORE = {"NoSuchUpload", "PreconditionFailed"}


def was_retried(answer: Mapping[str, Any]) -> bool:
    """Whether boto3 asked more than once."""
    return bool(answer.get("ResponseMetadata", {}).get("RetryAttempts"))


@contextmanager
def completing(target: S3Url) -> Iterator[None]:
    """After a try whose answer was lost, "no such upload", "it exists" and a conflict may be the work of that very try.

    Without one, a conflict is with another request on the object: S3 wants the upload to be begun anew then, so that to
    complete it again would be in vain (API reference, CompleteMultipartUpload, If-None-Match).
    """
    try:
        yield
    except ClientError as error:
        conflict = status_of(error) == HTTPStatus.CONFLICT
        if was_retried(error.response) and (conflict or code_of(error) in _DONE_BEFORE):
            raise StoreUnavailable(f"{target}: the answer to the completion was lost") from error
        if conflict:
            raise CompletionConflict(named_client(error, str(target)).message) from error
        raise


def listed(parts: Sequence[UploadedPart], with_checksums: bool) -> Any:
    """The parts as CompleteMultipartUpload takes them."""
    return {
        "Parts": [
            {"PartNumber": part.number, "ETag": part.etag}
            | ({"ChecksumCRC64NVME": encode(part.crc or 0)} if with_checksums else {})
            for part in parts
        ]
    }
