"""Metalink (RFC 5854, and version 3 before it): files, each with its mirrors, its size and its digests, as XML.

<metalink xmlns="urn:ietf:params:xml:ns:metalink"><file name="x.tar">
  <size>1024</size><hash type="sha-256">HEX</hash>
  <url priority="1">https://host/x.tar</url><url priority="2">ftp://mirror/x.tar</url>
</file></metalink>
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.parsers import expat

from s3am_cloud.datasets.manifests.columns import DIGESTS, digest_of, size_of
from s3am_cloud.datasets.manifests.lines import Lines, ManifestLine
from s3am_cloud.errors import BadManifest, TransferError
from s3am_cloud.urls import NETWORK_SCHEMES

_URLS = tuple(f"{scheme}://" for scheme in NETWORK_SCHEMES)
_LAST = 1_000_000


class _File:
    """What one element says of its file."""

    def __init__(self, name: str, place: str) -> None:
        self.name, self.place, self.size = name, place, ""
        self.digests: dict[str, str] = {}
        # By their priorities, of which the least comes first.
        self.urls: list[tuple[int, str]] = []

    def line(self) -> ManifestLine:
        """Raises TransferError."""
        urls = [url for _, url in sorted(self.urls, key=lambda one: one[0])]
        kind = next((kind for kind in DIGESTS if kind in self.digests), None)
        if not urls:
            raise BadManifest(f"{self.place}: no URL of a known kind for {self.name!r}", "write at least one url")
        return ManifestLine(
            place=self.place,
            text="",
            source=urls[0],
            mirrors=tuple(urls[1:]),
            destination=self.name or None,
            size=size_of(self.size) if self.size else None,
            digest=digest_of(self.digests[kind], kind) if kind else None,
        )


class _Reading:
    """The files of the elements so far. Hashes of pieces are none of the file's."""

    def __init__(self, lines: Lines) -> None:
        self._lines, self.found = lines, list[_File]()
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartElementHandler, self._parser.EndElementHandler = self._start, self._end
        self._parser.CharacterDataHandler = self._take
        # Entities could make very much of a few bytes, or read other files.
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._path, self._text = list[str](), ""
        self._attributes: dict[str, str] = {}

    def feed(self, text: str, last: bool = False) -> None:
        try:
            self._parser.Parse(text, last)
        except expat.ExpatError as error:
            raise self._lines.error(f"not XML: {expat.errors.messages[error.code]}", hint="fetch it again") from error

    def _refuse(self, *parts: object) -> None:
        raise self._lines.error("a document type, which Metalink has none of", hint="check where it was fetched from")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._path.append(name.rpartition(" ")[2])
        self._text, self._attributes = "", attributes
        if self._path[-1] == "file":
            self.found.append(_File(attributes.get("name", ""), self._lines.place))

    def _take(self, text: str) -> None:
        self._text += text

    def _end(self, name: str) -> None:
        self._path.pop()
        kind, text = name.rpartition(" ")[2], self._text.strip()
        if not self.found or "file" not in self._path or "pieces" in self._path:
            return
        file, given = self.found[-1], self._attributes
        if kind == "size":
            file.size = text
        elif kind == "hash":
            file.digests[given.get("type", "").lower().replace("-", "")] = text
        elif kind == "url" and text.lower().startswith(_URLS):
            file.urls.append((_priority(given), text))


def read_metalink(lines: Lines) -> Iterator[ManifestLine]:
    """Raises BadManifest."""
    reading = _Reading(lines)
    for text in lines:
        reading.feed(f"{text}\n")
    reading.feed("", last=True)
    for file in reading.found:
        try:
            yield file.line()
        except BadManifest:
            raise
        except TransferError as error:
            raise BadManifest(f"{file.place}: {error.message}", error.hint) from error


def _priority(attributes: dict[str, str]) -> int:
    """The `preference` of version 3 is the other way round."""
    priority, preference = attributes.get("priority", ""), attributes.get("preference", "")
    if priority.isascii() and priority.isdigit():
        return int(priority[:6])
    return _LAST - int(preference[:6]) if preference.isascii() and preference.isdigit() else _LAST
