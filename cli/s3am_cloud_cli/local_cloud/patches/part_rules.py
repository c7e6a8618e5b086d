"""Gap: CompleteMultipartUpload accepts parts below 5 MiB that are not the last, and parts listed out of order.

S3 answers 400 EntityTooSmall and 400 InvalidPartOrder (Amazon S3 API reference, CompleteMultipartUpload, "Special
errors"; the 5 MiB are in the user guide, "Multipart upload limits").
"""

from __future__ import annotations

from itertools import pairwise

from ministack.services import s3

from s3am_cloud_cli.local_cloud.patches.s3_requests import Answer, Upload, addressed_upload, listed_numbers

MIN_PART_SIZE = 5 * 1024 * 1024


def patch() -> None:
    accept = s3._complete_multipart_upload

    def complete(
        bucket: str, key: str, body: bytes, query: dict[str, list[str]], headers: dict[str, str] | None = None
    ) -> Answer:
        upload = addressed_upload(bucket, key, query)
        refusal = _refusal(upload, listed_numbers(body)) if upload else None
        return refusal or accept(bucket, key, body, query, headers)

    s3._complete_multipart_upload = complete


def _refusal(upload: Upload, numbers: list[int]) -> Answer | None:
    if any(first >= second for first, second in pairwise(numbers)):
        return _error(
            "InvalidPartOrder",
            "The list of parts was not in ascending order. Parts must be ordered by part number.",
        )
    parts = upload["parts"]
    if any(number in parts and parts[number]["size"] < MIN_PART_SIZE for number in numbers[:-1]):
        return _error("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
    return None


def _error(code: str, message: str) -> Answer:
    answer: Answer = s3._error(code, message, 400)
    return answer
