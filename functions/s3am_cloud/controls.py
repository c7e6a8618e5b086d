"""Control characters in what goes into a protocol: a line break in a header or in an FTP command makes another one.

What a user gives is refused. What a server says is taken with spaces in their place (RFC 9110, section 5.5), and no
header is sent with one, wherever it came from. Names of local files and keys of objects may have them: both travel
encoded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from s3am_cloud.errors import BadRequest
from s3am_cloud.request import TransferRequest
from s3am_cloud.urls import LINE_CONTROLS

# C1 as well where people write text.
_IN_TEXT = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# RFC 9110, section 5.6.2.
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NAMES = ("source", "destination")


def breaks_lines(text: str) -> bool:
    return not text.isprintable() and LINE_CONTROLS.search(text) is not None


def is_header_name(text: str) -> bool:
    return _HEADER_NAME.fullmatch(text) is not None


def on_one_line(text: str) -> str:
    """The text with a space for every control character but the tab, which headers may have."""
    # No control character is printable, and to ask takes a tenth of the time of the expression.
    if text.isprintable():
        return text
    return LINE_CONTROLS.sub(lambda match: "\t" if match[0] == "\t" else " ", text)


def check_text(request: TransferRequest) -> None:
    """Raises BadRequest, which names the field, for a control character or what is not UTF-8 in any but the names of
    source and destination, and for metadata under a name that no header can have."""
    for field, text in _texts(msgspec.to_builtins(request)):
        if _IN_TEXT.search(text):
            raise BadRequest(
                f"{field} has a control character", f"write {field} without line breaks and other controls"
            )
        if any("\ud800" <= each <= "\udfff" for each in text):
            raise BadRequest(f"{field} is not UTF-8", f"write {field} in UTF-8")
    if not all(map(is_header_name, request.attributes.metadata)):
        raise BadRequest("metadata has a name that can't be a header's", "use letters, digits, - and _ in its names")


def _texts(value: object, field: str = "") -> Iterator[tuple[str, str]]:
    """All texts of a request, each with the field that it is in."""
    if isinstance(value, str):
        yield field, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if field in {"metadata", "tags"}:
                yield from _texts([name, inner], field)
            elif field or name not in _NAMES:
                yield from _texts(inner, name)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner, field)
