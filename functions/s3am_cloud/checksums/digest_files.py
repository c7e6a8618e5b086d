"""Files of digests as tools and people write them: which digests they have, and of which file.

    HEX  NAME, HEX *NAME, HEX, HEX  -           md5sum, sha256sum, shasum, openssl -r; with \\ escapes in the name
    ALGORITHM (NAME) = HEX, ALGORITHM(NAME)= HEX    BSD, sha256sum --tag, openssl 1 and 3
    NAME HEX, NAME: HEX, NAME,HEX               lists made by hand and by sites
    ALGORITHM: HEX, ALGORITHM:HEX  NAME         Zenodo, container tools
    Algorithm  Hash  Path, as table or list     PowerShell's Get-FileHash
    ALGORITHM hash of NAME:, then HEX           Windows' certutil
    # ALGORITHM HASH above lines of HEX  NAME   Gentoo's DIGESTS

In UTF-8 or UTF-16, with or without a byte order mark, with any line ends, in either case.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote

import msgspec

from s3am_cloud.checksums.digests import Expected, algorithm, expected
from s3am_cloud.errors import UnknownChecksum, Usage

# Digests that are compared, the strongest first.
STRONGEST = ("sha512", "blake2b", "sha384", "sha256", "sha224", "sha1", "md5", "crc64nvme", "crc32c", "crc32")
BY_DIGITS = {32: "md5", 40: "sha1", 56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}
# What stands for a name where the tool read a pipe.
_NAMELESS = {"", "-", "stdin"}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_HEX = r"(?P<hex>[0-9A-Fa-f]{32,128})"
_KIND = r"(?P<kind>[A-Za-z][A-Za-z0-9_/-]{2,15})"
# Each takes a time in proportion to the length of a line, which a source may make 4 MiB long.
_FORMS = tuple(
    re.compile(form)
    for form in (
        rf"(?P<escaped>\\)?(?:{_KIND}\s*)?\((?P<name>.+)\)\s*[=:]\s*{_HEX}",
        rf"(?P<escaped>\\)?{_HEX}(?:[\s,;|]+[*?^]?(?P<name>\S.*))?",
        rf"{_KIND}[\s:=]+{_HEX}(?:\s+[*]?(?P<name>\S.*))?",
        rf"(?P<name>(?:\S.*)?[^\s:=,;|])[\s:=,;|]+{_HEX}",
    )
)
_HEADING = re.compile(r"#\s*([A-Za-z0-9-]+)\s+(?:hash|checksum|sum|digest)(?:es|s)?\b.*", re.IGNORECASE)
_CERTUTIL = re.compile(rf"{_KIND} hash of (?:file )?(?P<name>.+?):", re.IGNORECASE)
_FIELD = re.compile(r"(Algorithm|Hash|Path)\s*:\s*(.*)")
_SUMS = re.compile(r"(?:^|[^a-z0-9])(md5|sha\d{1,3}|b2|crc32c?)[-_]?(?:check)?sums?(?:$|[^a-z])", re.IGNORECASE)
_ESCAPE = re.compile(r"\\([\\nr])")


class Entry(msgspec.Struct, frozen=True):
    """One digest of a file, whose name is empty where the line has none."""

    digest: Expected
    name: str


def in_file(data: bytes, name: str, file_name: str) -> tuple[Expected, ...]:
    """The digests that the content of the file `file_name` states of the source `name`; none where it states none,
    or two that differ.

    A line without an algorithm has the one of `file_name`'s suffix, else the one whose digests have as many digits. A
    file that is called like the source, and has lines of a single other name only, is about the source: one of them was
    renamed.
    """
    entries = list(_entries(_text(data), _algorithm(file_name.rpartition(".")[2])))
    ours = [entry for entry in entries if _is_name(entry.name, name)]
    if not ours:
        names = {entry.name for entry in entries}
        named_alike = file_name.startswith(name) and name != ""
        ours = entries if names == {""} or (named_alike and len(names) == 1) else []
    # Lists of several folders may have the same name more than once.
    ours = [entry for entry in ours if entry.name.removeprefix("./") == name] or ours
    found: dict[str, Expected] = {}
    for entry in ours:
        if found.setdefault(entry.digest.algorithm, entry.digest) != entry.digest:
            return ()
    return tuple(found.values())


def entry_of(line: str, by_name: str | None) -> Entry | None:
    """The digest of a file that one line states, of this algorithm where it names none; None for any other line."""
    found = next(_of_line(line.strip(), None, by_name), None)
    return found if found is not None and found.name else None


def algorithm_in(file_name: str) -> str | None:
    """Our name of the algorithm that a file of digests is called after: x.sha256, SHA256SUMS, md5sums.txt."""
    name = file_name.rpartition("/")[2]
    found = _SUMS.search(name)
    by_tool = {"b2": "blake2b"}.get(found[1].lower(), found[1]) if found else ""
    return _algorithm(name.rpartition(".")[2]) or _algorithm(by_tool)


def is_page(data: bytes) -> bool:
    """Whether this is a page for people, with which many servers answer for every name that they don't have."""
    return _text(data[:1024]).lstrip().startswith("<")


def _entries(text: str, by_suffix: str | None) -> Iterator[Entry]:
    heading: str | None = None
    waiting: tuple[str, str] | None = None
    fields: dict[str, str] = {}
    for line in map(str.strip, text.splitlines()):
        headed, field, announced = _HEADING.fullmatch(line), _FIELD.fullmatch(line), _CERTUTIL.fullmatch(line)
        if headed:
            heading = _algorithm(headed[1]) or ""
        elif announced:
            waiting = announced["kind"], announced["name"]
        elif waiting is not None:
            yield from _entry(_algorithm(waiting[0]), line.replace(" ", ""), waiting[1])
            waiting = None
        elif field:
            if field[1] in fields:
                fields = {}
            fields[field[1]] = field[2]
            if fields.keys() == {"Algorithm", "Hash", "Path"}:
                yield from _entry(_algorithm(fields["Algorithm"]), fields["Hash"], fields["Path"])
        else:
            yield from _of_line(line, heading, by_suffix)
    if fields.keys() == {"Algorithm", "Hash"}:
        yield from _entry(_algorithm(fields["Algorithm"]), fields["Hash"], "")


def _of_line(line: str, heading: str | None, by_suffix: str | None) -> Iterator[Entry]:
    for form in _FORMS:
        match = form.fullmatch(line)
        if match is None:
            continue
        found = match.groupdict()
        kind, digits, name = found.get("kind"), found["hex"], found["name"] or ""
        stated = _algorithm(kind) if kind else None
        if kind and stated is None:
            if form is _FORMS[2]:
                continue  # the first word is a file's name
            return
        if heading is not None and stated is None:
            stated = heading
        elif stated is None:
            stated = by_suffix if by_suffix and _entry_fits(by_suffix, digits) else BY_DIGITS.get(len(digits))
        yield from _entry(stated, digits, unescaped(name) if found.get("escaped") else name)
        return


def _entry(kind: str | None, digits: str, name: str) -> Iterator[Entry]:
    digest = read(kind, digits) if kind in STRONGEST else None
    if digest is not None:
        yield Entry(digest, "" if name.strip() in _NAMELESS else name)


def _entry_fits(kind: str, digits: str) -> bool:
    return read(kind, digits) is not None


def _is_name(stated: str, name: str) -> bool:
    """Whether a stated name, with folders before it or as a URL has it, is that of the source."""
    last = re.split(r"[/\\]", stated)[-1]
    whole = stated.rpartition("/")[2]  # a backslash may be part of a name, too
    wanted = unicodedata.normalize("NFC", name)
    return wanted in {unicodedata.normalize("NFC", one) for one in (last, whole, unquote(last))}


def unescaped(name: str) -> str:
    """What GNU's tools write of a name with a line end or a backslash in it, after a backslash before the line."""
    return _ESCAPE.sub(lambda match: {"\\": "\\", "n": "\n", "r": "\r"}[match[1]], name)


def _text(data: bytes) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, errors="replace")
    head = data[:256]
    if len(head) > 1 and not any(head[1::2]):
        return data.decode("utf-16-le", errors="replace")
    if len(head) > 1 and not any(head[::2]):
        return data.decode("utf-16-be", errors="replace")
    return data.decode("utf-8", errors="surrogateescape")


def _algorithm(text: str) -> str | None:
    """Our name of an algorithm. OpenSSL 3 calls the hashes of FIPS 180-4 SHA2-256 and so on."""
    plain = re.sub(r"^sha2[-_]?(?=\d{3}$)", "sha", text.strip(), flags=re.IGNORECASE)
    try:
        return algorithm(plain.removesuffix("sum") if plain.lower().endswith("sum") else plain)
    except UnknownChecksum:
        return None


def read(name: str | None, value: str) -> Expected | None:
    """The digest, None for a value that can't be one."""
    try:
        return expected(name, value) if name and value else None
    except Usage:
        return None
