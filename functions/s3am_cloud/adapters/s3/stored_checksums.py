"""What S3 states of an object's content as a whole."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping

_PREFIX = "Checksum"
_MD5_ETAG = re.compile(r'"([0-9a-f]{32})"')
# What directory buckets hold: their ETags are made up (Amazon S3 user guide, "Differences for directory buckets").
_DIRECTORY = "EXPRESS_ONEZONE"


def stored_checksums(answer: Mapping[str, object]) -> dict[str, str]:
    """The checksums of the whole content that HeadObject states, by algorithm, in hexadecimal digits.

    One of its parts' checksums says nothing of the content. An ETag is the content's MD5 only of what came in one
    request and is not encrypted with a key of KMS or of the customer's ("Object", Amazon S3 API reference).
    """
    found = {}
    if answer.get("ChecksumType", "FULL_OBJECT") == "FULL_OBJECT":
        for field, value in answer.items():
            if field.startswith(_PREFIX) and field != "ChecksumType" and "-" not in str(value):
                found[field.removeprefix(_PREFIX).lower()] = base64.b64decode(str(value)).hex()
    etag = _MD5_ETAG.fullmatch(str(answer.get("ETag")))
    if etag and _plain(answer):
        found.setdefault("md5", etag[1])
    return found


def _plain(answer: Mapping[str, object]) -> bool:
    sealed = "SSECustomerAlgorithm" in answer or answer.get("ServerSideEncryption") not in {None, "AES256"}
    return not sealed and answer.get("StorageClass") != _DIRECTORY
