"""What the body of S3's answer says where it refuses a request of libcurl's."""

from __future__ import annotations

import html
import re

_CODE = re.compile(rb"<Code>\s*([A-Za-z0-9_.]+)\s*</Code>")
_MESSAGE = re.compile(rb"<Message>([^<]*)</Message>")


def error_code(body: bytes) -> str:
    """The `Code` of S3's XML error, empty where there is none."""
    match = _CODE.search(body) if body else None
    return match.group(1).decode("ascii") if match else ""


def error_message(body: bytes) -> str:
    """The `Message` of S3's XML error, as it came; empty where there is none."""
    match = _MESSAGE.search(body)
    return html.unescape(match.group(1).decode(errors="replace")) if match else ""
