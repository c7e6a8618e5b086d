"""What a source itself says of its content: digests in the headers of its answers, and in small files beside it.

Headers cost nothing: Repr-Digest (RFC 9530, section 3), Digest (RFC 3230), Content-MD5 (RFC 1864) of a whole answer,
x-goog-hash (Cloud Storage), x-ms-blob-content-md5 (Azure). An ETag is no digest, whatever it looks like. Files beside
the URL (`NAME.sha256` and the like, as sha256sum, shasum and BSD's md5 write them) are asked for on demand only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlsplit, urlunsplit

from s3am_cloud.digests import Expected, algorithm, expected
from s3am_cloud.errors import UnknownChecksum, Usage
from s3am_cloud.model import TransferRequest
from s3am_cloud.urls import SourceUrl, parse_source

# What `--source-digest` may say besides the URL of a file with digests.
AUTO, NONE = "auto", "none"
# The ones that are told best first: whoever compares one only takes the first that is there.
STRONGEST = ("sha512", "sha256", "sha1", "md5", "crc64nvme", "crc32c", "crc32")
# Names in headers (IANA, "Hash Algorithms for HTTP Digest Fields"), and ours.
_NAMES = {"sha-512": "sha512", "sha-256": "sha256", "sha": "sha1", "md5": "md5", "crc32c": "crc32c"}
_FIELD = re.compile(r"([a-z*][a-z0-9_.*-]*)\s*=\s*:([A-Za-z0-9+/=]*):")
_PLAIN = re.compile(r"([A-Za-z0-9-]+)\s*=\s*([A-Za-z0-9+/=]+)")
_SUFFIXES = (".sha256", ".sha512", ".sha1", ".md5")
_BSD = re.compile(r"([A-Za-z0-9-]+)\s*\((.+)\)\s*=\s*([0-9A-Fa-f]+)")
_GNU = re.compile(r"\\?([0-9A-Fa-f]+)(?:\s+\*?(\S.*))?")
_BY_DIGITS = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}


def in_headers(header: Callable[[str], str], whole: bool) -> dict[str, str]:
    """The digests of the whole content that an answer's headers tell: hexadecimal digits by our name of the algorithm.

    `header` gives all values of a name, joined by commas; `whole` tells that the answer's body is the whole content.
    What can't be read counts as not said.
    """
    said: list[tuple[str, str]] = []
    # Of what is stored packed and served unpacked Cloud Storage tells the digest of the packed form.
    if header("x-goog-stored-content-encoding").lower() in {"", "identity"}:
        said += _PLAIN.findall(header("x-goog-hash"))
    said.append(("md5", header("x-ms-blob-content-md5")))
    if whole:
        said.append(("md5", header("Content-MD5")))
    said += _PLAIN.findall(header("Digest"))
    said += _FIELD.findall(header("Repr-Digest"))
    return {found.algorithm: found.digest for name, value in said if (found := _read(_NAMES.get(name.lower()), value))}


def strongest(claims: Mapping[str, str]) -> Expected | None:
    """The claim that tells most, None where there is none."""
    name = next((name for name in STRONGEST if name in claims), None)
    return Expected(name, claims[name], by_source=True) if name else None


def shown_wish(request: TransferRequest) -> str | None:
    """What a request says of the source's digest as records may have it: a URL in its displayable form."""
    wish = request.source_digest
    return wish if wish in {None, AUTO, NONE} else parse_source(str(wish)).display


def in_file(text: str, name: str, file_name: str) -> Expected | None:
    """The digest of the file `name` that a file of digests tells, in the first line that names it or no file at all.

    The algorithm is that of the line, else that of `file_name`'s suffix, else the one of so many digits.
    """
    by_suffix = _algorithm(file_name.rpartition(".")[2])
    for line in map(str.strip, text.splitlines()):
        bsd, gnu = _BSD.fullmatch(line), _GNU.fullmatch(line)
        if bsd:
            kind, named, digits = _algorithm(bsd[1]), bsd[2], bsd[3]
        elif gnu:
            kind, named, digits = by_suffix or _BY_DIGITS.get(len(gnu[1])), gnu[2] or name, gnu[1]
        else:
            continue
        found = _read(kind, digits) if named.rpartition("/")[2] == name else None
        if found:
            return found
    return None


def beside(source: SourceUrl) -> Iterator[SourceUrl]:
    """Where files with the source's digest usually are."""
    for suffix in _SUFFIXES:
        if source.scheme in {"file", "s3"}:
            yield SourceUrl(source.scheme, source.url + suffix)
        else:
            parts = urlsplit(source.url)
            yield SourceUrl(source.scheme, urlunsplit(parts._replace(path=parts.path + suffix, fragment="")))


def _algorithm(text: str) -> str | None:
    try:
        return algorithm(text)
    except UnknownChecksum:
        return None


def _read(name: str | None, value: str) -> Expected | None:
    try:
        return expected(name, value) if name and value else None
    except Usage:
        return None
