"""What an object carries besides its bytes, as boto3 and as S3's headers have it."""

from __future__ import annotations

import base64
import contextlib
import sys
from collections.abc import Iterator, Mapping
from email.errors import HeaderParseError
from email.header import Header, decode_header, make_header
from typing import Any, Literal
from urllib.parse import quote, urlencode

from s3am_cloud.adapters.s3.stored_checksums import stored_checksums
from s3am_cloud.checksums.crc64nvme import decode
from s3am_cloud.checksums.expectations import ARCHIVES
from s3am_cloud.controls import breaks_lines, on_one_line
from s3am_cloud.encryption import sse_of
from s3am_cloud.errors import StoreUnavailable
from s3am_cloud.etags import quoted
from s3am_cloud.model import Attributes, ObjectInfo

DEFAULT_TYPE = "binary/octet-stream"
# Our name, boto3's, the header's.
_FIELDS = (
    ("content_type", "ContentType", "Content-Type"),
    ("cache_control", "CacheControl", "Cache-Control"),
    ("content_disposition", "ContentDisposition", "Content-Disposition"),
    ("content_encoding", "ContentEncoding", "Content-Encoding"),
    ("content_language", "ContentLanguage", "Content-Language"),
    ("expires", "Expires", "Expires"),
    ("storage_class", "StorageClass", "x-amz-storage-class"),
)
_ENCRYPTION = (
    ("ServerSideEncryption", "x-amz-server-side-encryption"),
    ("SSEKMSKeyId", "x-amz-server-side-encryption-aws-kms-key-id"),
    ("BucketKeyEnabled", "x-amz-server-side-encryption-bucket-key-enabled"),
)
# The storage class is the destination's own choice, not a property of the content.
_KEPT = tuple(field for field in _FIELDS if field[0] != "storage_class")


def parameters(attributes: Attributes) -> Any:
    """For boto3's CreateMultipartUpload."""
    found: dict[str, Any] = {boto: _ascii(value) for name, boto, _ in _FIELDS if (value := getattr(attributes, name))}
    found.setdefault("ContentType", DEFAULT_TYPE)
    found |= {boto: value for boto, _, value in _encryption(attributes)}
    if attributes.metadata:
        found["Metadata"] = {name: _ascii(value) for name, value in attributes.metadata.items()}
    if attributes.tags:
        found["Tagging"] = _tagging(attributes.tags)
    return found


def headers(attributes: Attributes) -> dict[str, str]:
    """For PutObject."""
    return {**own_headers(attributes), **tagging_headers(attributes), **encryption_headers(attributes)}


def encryption_headers(attributes: Attributes) -> dict[str, str]:
    """For CopyObject as well, where they stand for the copy alone: S3 takes no object's encryption over to its copy."""
    return {header: "true" if value is True else str(value) for _, header, value in _encryption(attributes)}


def tagging_headers(attributes: Attributes) -> dict[str, str]:
    return {"x-amz-tagging": _tagging(attributes.tags)} if attributes.tags else {}


def own_headers(attributes: Attributes) -> dict[str, str]:
    """All but the tags. What is beyond ASCII travels as RFC 2047 words, which S3 understands."""
    found = {header: _ascii(value) for name, _, header in _FIELDS if (value := getattr(attributes, name))}
    found.setdefault("Content-Type", DEFAULT_TYPE)
    found |= {f"x-amz-meta-{name}": _ascii(value) for name, value in attributes.metadata.items()}
    return found


def object_info(answer: Mapping[str, Any], what: str) -> ObjectInfo:
    """What HEAD answered; tags are not in it. Raises StoreUnavailable for an answer without the object's size."""
    if answer.get("ContentLength", -1) < 0:
        raise StoreUnavailable(f"{what}: the store's answer says no size", "check the endpoint")
    crc = answer.get("ChecksumCRC64NVME")
    sent = answer["ResponseMetadata"]["HTTPHeaders"]
    kept: dict[str, Any] = {
        name: on_one_line(_text(value)) for name, _, header in _KEPT if (value := sent.get(header.lower()))
    }
    return ObjectInfo(
        size=answer["ContentLength"],
        etag=quoted(answer.get("ETag", "")),
        crc=decode(crc) if crc else None,
        checksums=stored_checksums(answer),
        full_object=bool(crc) and answer.get("ChecksumType", "FULL_OBJECT") == "FULL_OBJECT",
        # Buckets without versioning answer nothing, or the word null.
        version_id=None if answer.get("VersionId") in {None, "null"} else answer["VersionId"],
        last_modified=sent.get("last-modified"),
        attributes=Attributes(**kept, metadata=_texts(answer.get("Metadata", {}))),
        storage_class=sent.get("x-amz-storage-class"),
        locked=_locked(answer),
        archived=_archived(answer),
    )


def _encryption(attributes: Attributes) -> Iterator[tuple[str, str, str | bool]]:
    """What is asked for of it: boto3's name, the header's, the value."""
    values = (sse_of(attributes), attributes.sse_kms_key_id, attributes.bucket_key)
    for (boto, header), value in zip(_ENCRYPTION, values, strict=True):
        if value:
            yield boto, header, value


def _locked(answer: Mapping[str, Any]) -> str | None:
    """What Object Lock says: whoever may not see it is refused when it comes to deleting."""
    if answer.get("ObjectLockLegalHoldStatus") == "ON":
        return "legal hold"
    until = answer.get("ObjectLockRetainUntilDate")
    return f"until {until.isoformat()}" if answer.get("ObjectLockMode") and until is not None else None


def _archived(answer: Mapping[str, Any]) -> Literal["archived", "being restored"] | None:
    """A copy that was restored for a time is known by a date until which it is kept (HeadObject, x-amz-restore)."""
    if answer.get("StorageClass") not in ARCHIVES and not answer.get("ArchiveStatus"):
        return None
    restore = str(answer.get("Restore", ""))
    if 'ongoing-request="true"' in restore:
        return "being restored"
    return None if 'ongoing-request="false"' in restore else "archived"


def _ascii(value: object) -> str:
    """Lines of metadata that a store keeps are kept too, in a form that makes no line of a request."""
    text = str(value)
    if text.isascii() and text.isprintable():
        return text
    if breaks_lines(text):
        return f"=?utf-8?b?{base64.b64encode(text.encode()).decode()}?="
    return text if text.isascii() else Header(text, "utf-8", maxlinelen=sys.maxsize).encode()


def _text(value: str) -> str:
    """Headers are read as Latin-1; what is UTF-8, or RFC 2047 words as S3 answers them, becomes what it stands for."""
    with contextlib.suppress(UnicodeError):
        value = value.encode("iso-8859-1").decode("utf-8")
    if "=?" not in value:
        return value
    try:
        return str(make_header(decode_header(value)))
    except (ValueError, LookupError, HeaderParseError):
        return value


def _texts(values: Mapping[str, str]) -> dict[str, str]:
    return {name: _text(value) for name, value in values.items()}


def _tagging(tags: Mapping[str, str]) -> str:
    return urlencode(tags, quote_via=quote)
