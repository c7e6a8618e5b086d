"""Gap: a multipart upload's checksum is always the COMPOSITE of its parts' checksums.

So the correct FULL_OBJECT checksum is refused when the upload is completed, CreateMultipartUpload answers COMPOSITE
whatever was asked for, and HeadObject and GetObjectAttributes report the composite. Copied parts have no checksum,
and neither ListParts nor ListMultipartUploads names the algorithm and type.

On S3, CRC64NVME is always FULL_OBJECT; CRC32 and CRC32C are if asked for; the SHA algorithms never are
(Amazon S3 user guide, "Checking object integrity", "Full object and composite checksum types").
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import reduce
from itertools import starmap

from awscrt import checksums
from ministack.services import s3

from s3am_cloud_cli.local_cloud.patches.s3_requests import Answer, Upload, addressed_upload, listed_numbers, query_value

FULL_OBJECT = "FULL_OBJECT"
COMPOSITE = "COMPOSITE"
COMBINE: dict[str, Callable[[int, int, int], int]] = {
    "CRC64NVME": checksums.combine_crc64nvme,
    "CRC32": checksums.combine_crc32,
    "CRC32C": checksums.combine_crc32c,
}
_UPLOAD_ID = re.compile(rb"<UploadId>([^<]+)</UploadId>")
_COMPOSITE_XML = b"<ChecksumType>COMPOSITE</ChecksumType>"
_FULL_OBJECT_XML = b"<ChecksumType>FULL_OBJECT</ChecksumType>"

Query = dict[str, list[str]]
Headers = dict[str, str]

_whole_object: ContextVar[str | None] = ContextVar("checksum of the object that is being completed", default=None)


def patch() -> None:
    _mend_create()
    _mend_part_copy()
    _mend_lists()
    _mend_complete()
    _mend_attributes()


def checksum_type(algorithm: str, asked_for: str) -> str | None:
    """The type that S3 gives an upload with this algorithm; None where it refuses the one asked for."""
    if algorithm == "CRC64NVME":
        return FULL_OBJECT if asked_for in ("", FULL_OBJECT) else None
    if asked_for == FULL_OBJECT:
        return FULL_OBJECT if algorithm in COMBINE else None
    return COMPOSITE


def whole_checksum(upload: Upload, numbers: list[int]) -> str | None:
    """The checksum of the object that these parts make, in base64; None when a part or its checksum is missing."""
    algorithm = upload["checksum_algorithm"]
    parts = [upload["parts"].get(number, {}) for number in numbers]
    known = [(part.get("checksums", {}).get(algorithm), part.get("size", 0)) for part in parts]
    if not known or not all(value for value, _ in known):
        return None
    width = len(base64.b64decode(known[0][0]))

    def join(left: tuple[int, int], right: tuple[int, int]) -> tuple[int, int]:
        return COMBINE[algorithm](left[0], right[0], right[1]), left[1] + right[1]

    decoded = starmap(lambda value, size: (int.from_bytes(base64.b64decode(value)), size), known)
    return base64.b64encode(reduce(join, decoded)[0].to_bytes(width)).decode()


def _mend_create() -> None:
    create_composite = s3._create_multipart_upload

    def create(bucket: str, key: str, headers: Headers) -> Answer:
        named = headers.get("x-amz-checksum-algorithm") or headers.get("x-amz-sdk-checksum-algorithm") or ""
        algorithm = named.upper().replace("_", "")
        kind = checksum_type(algorithm, headers.get("x-amz-checksum-type", "").upper())
        if algorithm and kind is None:
            refusal: Answer = s3._error(
                "InvalidRequest", f"The checksum type asked for cannot be used with the {algorithm} algorithm.", 400
            )
            return refusal
        status, answered, body = create_composite(bucket, key, headers)
        if "x-amz-checksum-type" in answered and kind is not None:
            answered["x-amz-checksum-type"] = kind
            s3._multipart_uploads[_found(_UPLOAD_ID, body)]["checksum_type"] = kind
        return status, answered, body

    s3._create_multipart_upload = create


def _mend_part_copy() -> None:
    copy_unchecked = s3._upload_part_copy

    def copy(bucket: str, key: str, query: Query, headers: Headers) -> Answer:
        status, answered, body = copy_unchecked(bucket, key, query, headers)
        upload = s3._multipart_uploads.get(query_value(query, "uploadId"))
        algorithm = upload and upload.get("checksum_algorithm")
        if status != 200 or upload is None or not algorithm:
            return status, answered, body
        part = upload["parts"][int(query_value(query, "partNumber"))]
        part["checksums"] = {algorithm: s3._compute_s3_checksum(algorithm, part["body"])}
        element = f"<Checksum{algorithm}>{part['checksums'][algorithm]}</Checksum{algorithm}></CopyPartResult>"
        return status, answered, body.replace(b"</CopyPartResult>", element.encode())

    s3._upload_part_copy = copy


def _mend_lists() -> None:
    list_parts, list_uploads = s3._list_parts, s3._list_multipart_uploads

    def parts(bucket: str, key: str, query: Query) -> Answer:
        status, answered, body = list_parts(bucket, key, query)
        upload = addressed_upload(bucket, key, query)
        if status == 200 and upload is not None:
            body = body.replace(b"</ListPartsResult>", _described(upload) + b"</ListPartsResult>")
        return status, answered, body

    def uploads(bucket: str, query: Query) -> Answer:
        status, answered, body = list_uploads(bucket, query)

        def describe(found: re.Match[bytes]) -> bytes:
            return found[0] + _described(s3._multipart_uploads.get(found[1].decode()) or {})

        return status, answered, _UPLOAD_ID.sub(describe, body) if status == 200 else body

    s3._list_parts, s3._list_multipart_uploads = parts, uploads


def _mend_complete() -> None:
    complete_composite, composite = s3._complete_multipart_upload, s3._composite_checksum

    def complete(bucket: str, key: str, body: bytes, query: Query, headers: Headers | None = None) -> Answer:
        upload = addressed_upload(bucket, key, query)
        if upload is None or upload.get("checksum_type") != FULL_OBJECT:
            whole: Answer = complete_composite(bucket, key, body, query, headers)
            return whole
        with _completing(whole_checksum(upload, listed_numbers(body))):
            status, answered, reply = complete_composite(bucket, key, body, query, headers)
        if status == 200:
            reply = reply.replace(_COMPOSITE_XML, _FULL_OBJECT_XML)
            s3._completed_multipart_uploads[query_value(query, "uploadId")]["response"] = (status, answered, reply)
            _mark_full_object(bucket, key)
        return status, answered, reply

    def checksum_of(algorithm: str, parts: list[str]) -> str | None:
        known: str | None = _whole_object.get() or composite(algorithm, parts)
        return known

    s3._complete_multipart_upload, s3._composite_checksum = complete, checksum_of


def _mend_attributes() -> None:
    attributes_of = s3._get_object_attributes

    def attributes(bucket: str, key: str, headers: Headers, query: Query) -> Answer:
        status, answered, body = attributes_of(bucket, key, headers, query)
        found = (s3._buckets.get(bucket) or {"objects": {}})["objects"].get(key)
        if status == 200 and found is not None and found.get("checksum_type") == FULL_OBJECT:
            body = body.replace(_COMPOSITE_XML, _FULL_OBJECT_XML)
        return status, answered, body

    s3._get_object_attributes = attributes


@contextmanager
def _completing(checksum: str | None) -> Iterator[None]:
    token = _whole_object.set(checksum)
    try:
        yield
    finally:
        _whole_object.reset(token)


def _mark_full_object(bucket: str, key: str) -> None:
    completed = s3._buckets[bucket]["objects"][key]
    completed["checksum_type"] = FULL_OBJECT
    for version in s3._object_versions.get((bucket, key), []):
        if version.get("version_id") == completed.get("version_id"):
            version["checksum_type"] = FULL_OBJECT


def _described(upload: Upload) -> bytes:
    algorithm = upload.get("checksum_algorithm")
    if not algorithm:
        return b""
    kind = upload.get("checksum_type", COMPOSITE)
    return f"<ChecksumAlgorithm>{algorithm}</ChecksumAlgorithm><ChecksumType>{kind}</ChecksumType>".encode()


def _found(pattern: re.Pattern[bytes], body: bytes) -> str:
    match = pattern.search(body)
    if match is None:
        raise ValueError(f"the emulator's answer has no {pattern.pattern!r}")
    return match[1].decode()
