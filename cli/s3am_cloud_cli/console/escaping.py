"""What comes from outside, made harmless for a terminal: names, headers, errors of servers, job notes, settings.

A terminal obeys what is printed on it: an escape sequence may move the cursor, change the title or write the clipboard,
a newline forges a line of ours, and a change of direction shows a name as another one. Such characters are shown by
their numbers instead. The console does this with every line that it prints; `LastingOutput` does it again for what
others print, such as the warnings of libraries.
"""

from __future__ import annotations

import re

# C1 and DEL, the marks and controls of direction, separators of lines and paragraphs, halves of characters (which no
# encoding has), and what is never seen: the byte order mark, annotations, and tags.
_BEYOND_C0 = (
    r"\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"
)
_OBEYED = re.compile(rf"[\x00-\x1f{_BEYOND_C0}]")
# What a text of several lines, or a bar that is drawn again over itself, is laid out with.
_OBEYED_IN_LAYOUT = re.compile(rf"[\x00-\x08\x0b\x0c\x0e-\x1f{_BEYOND_C0}]")
_OBEYED_IN_JSON = re.compile(f"[{_BEYOND_C0}]")


def escaped(text: str) -> str:
    r"""One line: an ESC becomes \x1b, a newline \n, a mark of direction \u202e."""
    return _OBEYED.sub(_number, text)


def escaped_layout(text: str) -> str:
    """The same where line ends, carriage returns and tabs are our own."""
    return _OBEYED_IN_LAYOUT.sub(_number, text)


def escaped_json(text: str) -> str:
    """The same for a JSON document, which says the same afterwards: such characters are in its strings only."""
    return _OBEYED_IN_JSON.sub(_json_number, text)


def _number(match: re.Match[str]) -> str:
    return ascii(match[0])[1:-1]


def _json_number(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[place : place + 4]}" for place in range(0, len(units), 4))
