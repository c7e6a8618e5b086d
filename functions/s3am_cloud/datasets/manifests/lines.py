"""The lines of a manifest: decompressed, decoded, bounded, with their numbers.

No line is longer than MANIFEST_LINE, and no more than MANIFEST_LINES are read, so that a manifest of a few bytes that
decompress to very many takes neither the memory nor the whole day.
"""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Iterator
from itertools import islice
from typing import IO, cast

import msgspec

from s3am_cloud.errors import BadManifest
from s3am_cloud.limits import MANIFEST_LINE, MANIFEST_LINES

_GZIP = b"\x1f\x8b"
# Files that are taken for manifests by mistake, by their first bytes.
_OTHERS = (
    (b"PK\x03\x04", "a zip file or an Excel workbook", "save it as CSV in UTF-8"),
    (b"PAR1", "a Parquet file", "export it as CSV or JSON lines"),
    (b"BZh", "compressed with bzip2", "decompress it, or use gzip"),
    (b"\xfd7zXZ", "compressed with xz", "decompress it, or use gzip"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "decompress it, or use gzip"),
)
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
# Tabs separate cells; bytes that are not UTF-8 come as surrogates.
_REFUSED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


class ManifestLine(msgspec.Struct, frozen=True, kw_only=True):
    """What a line says of one item, as it is written there: `source` and `destination` may be relative names.

    A `destination` that ends in `/` is a folder, None is for the name of the source. `digest` is ALGORITHM:HEX.
    `place` is FILE:LINE, `text` the whole line, `columns` all that it says by the names of its columns. `is_outcome` is
    true of the lines that a run has left. `mirrors` are whole URLs of the same content, in the order in which they are
    tried after `source`.
    """

    place: str
    text: str
    source: str
    destination: str | None = None
    size: int | None = None
    digest: str | None = None
    mirrors: tuple[str, ...] = ()
    labels: dict[str, str] = {}
    columns: dict[str, str] = {}
    is_outcome: bool = False

    def place_of(self, value: str | None) -> str:
        """FILE:LINE:COLUMN of this value in the line; FILE:LINE where it is written there in another way."""
        return self.place + _column(self.text, value)


class Lines:
    """The lines without their ends, the first one after `start` first. `number` and `text` are those of the last."""

    def __init__(self, name: str, texts: Iterator[str]) -> None:
        self.name, self.number, self.text = name, 0, ""
        self._first = 0
        self._texts = texts
        self._peeked: list[str] = []

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        self.text = self._peeked.pop(0) if self._peeked else next(self._texts)
        self.number += 1
        self._first = self.number
        return self.text

    def begin_at(self, number: int) -> None:
        """What was read last began at this line: messages name that, and no column where it goes over several."""
        if number != self.number:
            self._first, self.text = number, ""

    def peek(self, count: int) -> list[str]:
        """The next `count` lines, which still come after this; fewer at the end."""
        self._peeked += islice(self._texts, max(0, count - len(self._peeked)))
        return self._peeked[:count]

    @property
    def place(self) -> str:
        return f"{self.name}:{self._first}"

    def error(self, message: str, value: str | None = None, hint: str | None = None) -> BadManifest:
        """An error in the current line, at the column of `value`."""
        return BadManifest(f"{self.place}{_column(self.text, value)}: {message}", hint)


def lines_of(stream: IO[bytes], name: str) -> Lines:
    """The lines of a manifest that messages call `name`; gzip, UTF-8 and UTF-16 are recognized.

    Iterating raises BadManifest for lines that are too long, too many, not UTF-8, or that have control characters.
    """
    buffered = io.BufferedReader(cast(io.RawIOBase, stream))
    try:
        if buffered.peek(2)[:2] == _GZIP:
            buffered = io.BufferedReader(cast(io.RawIOBase, gzip.GzipFile(fileobj=buffered)))
        head = buffered.peek(8)[:8]
    except (OSError, EOFError, zlib.error) as error:
        raise _damaged(name, 0, error) from error
    for magic, what, hint in _OTHERS:
        if head.startswith(magic):
            raise BadManifest(f"{name} is {what}, which is not read as a manifest", hint)
    encoding = "utf-16" if head.startswith(_UTF16) else "utf-8-sig"
    return Lines(name, _texts(io.TextIOWrapper(buffered, encoding, "surrogateescape", newline="\n"), name))


def _texts(decoded: io.TextIOWrapper, name: str) -> Iterator[str]:
    number = 0
    try:
        while line := decoded.readline(MANIFEST_LINE + 1):
            number += 1
            text = line.rstrip("\r\n")
            _check(text, name, number)
            yield text
    except (OSError, EOFError, zlib.error, UnicodeError) as error:
        raise _damaged(name, number, error) from error


def _check(text: str, name: str, number: int) -> None:
    if len(text) > MANIFEST_LINE:
        raise BadManifest(
            f"{name}:{number}: the line is longer than {MANIFEST_LINE} characters", "check that the file is a manifest"
        )
    if number > MANIFEST_LINES:
        raise BadManifest(f"{name} has more than {MANIFEST_LINES} lines", "split it into several manifests")
    found = _REFUSED.search(text)
    if found is None:
        return
    place = f"{name}:{number}:{found.start() + 1}"
    if found[0] >= "\ud800":
        raise BadManifest(f"{place}: not UTF-8", "save the manifest in UTF-8")
    raise BadManifest(f"{place}: control character {found[0]!r}", "no name of an item may have one; remove it")


def _damaged(name: str, number: int, error: Exception) -> BadManifest:
    return BadManifest(f"{name}:{number + 1}: can't be read further: {error}", "fetch or write the manifest again")


def _column(text: str, value: str | None) -> str:
    """`:COLUMN` of a value in a line, as a whole cell where it is one; nothing where it is written in another way."""
    if not value:
        return ""
    # Some formats leave the scheme out.
    for written in (value, value.removeprefix("https://")):
        found = re.search(rf"(?<![^\s,;=\"]){re.escape(written)}(?![^\s,;\"])", text)
        at = found.start() if found else text.find(written)
        if at >= 0:
            return f":{at + 1}"
    return ""
