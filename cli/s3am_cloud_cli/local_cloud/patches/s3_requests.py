"""What several patches of S3 read from a request."""

from __future__ import annotations

import re
from typing import Any

from ministack.services import s3

_PART = re.compile(rb"<(?:\w+:)?Part>(.*?)</(?:\w+:)?Part>", re.DOTALL)
_NUMBER = re.compile(rb"<(?:\w+:)?PartNumber>\s*(\d+)\s*</")

Answer = tuple[int, dict[str, str], bytes]
Upload = dict[str, Any]


def query_value(query: dict[str, list[str]], name: str) -> str:
    return query.get(name, [""])[0]


def addressed_upload(bucket: str, key: str, query: dict[str, list[str]]) -> Upload | None:
    """The open upload that a request names, if it is one of this bucket and key."""
    upload: Upload | None = s3._multipart_uploads.get(query_value(query, "uploadId"))
    if upload is None or (upload["bucket"], upload["key"]) != (bucket, key):
        return None
    return upload


def listed_numbers(body: bytes) -> list[int]:
    """The part numbers of a CompleteMultipartUpload, in the order in which the client lists them."""
    return [int(number[1]) for part in _PART.finditer(body) if (number := _NUMBER.search(part[1]))]
