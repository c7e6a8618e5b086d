"""What a source itself says of its content: digests in the headers of its answers, and in small files beside it.

Headers cost nothing: Repr-Digest (RFC 9530, section 3), Digest (RFC 3230), Content-MD5 (RFC 1864) of a whole answer,
x-goog-hash (Cloud Storage), x-ms-blob-content-md5 (Azure). An ETag is no digest, whatever it looks like. Files beside
the URL (`NAME.sha256` and the like, see `digest_files`) are asked for on demand only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlsplit, urlunsplit

from s3am_cloud.checksums.digest_files import STRONGEST, read
from s3am_cloud.checksums.digests import Expected
from s3am_cloud.model import TransferRequest
from s3am_cloud.urls import STDIN, SourceUrl, parse_source

# What `--source-digest` may say besides the URL of a file with digests.
AUTO, NONE = "auto", "none"
# Names in headers (IANA, "Hash Algorithms for HTTP Digest Fields"), and ours.
_NAMES = {"sha-512": "sha512", "sha-256": "sha256", "sha": "sha1", "md5": "md5", "crc32c": "crc32c"}
# Looked for where a name begins only: a head has up to 256 KiB, and each of its letters would begin one.
_FIELD = re.compile(r"(?<![a-z0-9_.*-])([a-z*][a-z0-9_.*-]*)\s*=\s*:([A-Za-z0-9+/=]*):")
_PLAIN = re.compile(r"(?<![A-Za-z0-9-])([A-Za-z0-9-]+)\s*=\s*([A-Za-z0-9+/=]+)")
_SUFFIXES = (".sha256", ".sha512", ".sha1", ".md5")


def in_headers(header: Callable[[str], str], whole: bool) -> dict[str, str]:
    """The digests of the whole content that an answer's headers state: hexadecimal digits by our name of the algorithm.

    `header` gives all values of a name, joined by commas; `whole` says that the answer's body is the whole content.
    What can't be read counts as not said.
    """
    said: list[tuple[str, str]] = []
    # Where content is stored packed and served unpacked, Cloud Storage states the digest of the packed form.
    if header("x-goog-stored-content-encoding").lower() in {"", "identity"}:
        said += _PLAIN.findall(header("x-goog-hash"))
    said.append(("md5", header("x-ms-blob-content-md5")))
    if whole:
        said.append(("md5", header("Content-MD5")))
    said += _PLAIN.findall(header("Digest"))
    said += _FIELD.findall(header("Repr-Digest"))
    return {found.algorithm: found.digest for name, value in said if (found := read(_NAMES.get(name.lower()), value))}


def strongest(claims: Mapping[str, str]) -> Expected | None:
    """The strongest claim, None where there is none."""
    name = next((name for name in STRONGEST if name in claims), None)
    return Expected(name, claims[name], by_source=True) if name else None


def shown_source_digest(request: TransferRequest) -> str | None:
    """What a request says of the source's digest as records may have it: a URL in its displayable form."""
    requested = request.source_digest
    return requested if requested in {None, AUTO, NONE} else parse_source(str(requested)).display


def digest_urls(source: SourceUrl) -> Iterator[SourceUrl]:
    """Where files with the source's digest usually are."""
    if source.url == STDIN:
        return
    for suffix in _SUFFIXES:
        if source.scheme in {"file", "s3"}:
            yield SourceUrl(source.scheme, source.url + suffix)
        else:
            parts = urlsplit(source.url)
            yield SourceUrl(source.scheme, urlunsplit(parts._replace(path=parts.path + suffix, fragment="")))
