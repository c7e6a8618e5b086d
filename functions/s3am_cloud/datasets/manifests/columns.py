"""What a column of a table is called, and what its values mean."""

from __future__ import annotations

import re
from functools import cache

from s3am_cloud.checksums import digests
from s3am_cloud.checksums.digest_files import BY_DIGITS
from s3am_cloud.errors import Usage
from s3am_cloud.limits import MAX_OBJECT

SOURCES = (
    *("source", "url", "uri", "src", "source_url", "source_uri", "file_url", "file_uri", "download_url", "link"),
    *("href", "s3_url", "s3_uri", "s3_path", "http_url", "https_url", "ftp_url", "access_url"),
)
# Of sample sheets: each of them is a file of the row's.
FILES = re.compile(r"(?:fastq|fq|read|r)_?[12]|fastq|fq|bam|bai|cram|crai|vcf|tbi|file|input_?file|filepath")
# The first of these that a header has is the destination, and the source where no column is one.
NAMES = (
    *("destination", "dest", "dst", "target", "key", "object_key", "path", "file_path"),
    *("filename", "file_name", "file", "name"),
)
SIZES = ("size", "bytes", "file_size", "filesize", "size_bytes", "size_in_bytes", "content_length", "length")
# The strongest first.
DIGESTS = ("sha512", "sha256", "sha1", "md5", "crc64nvme", "crc32c", "crc32")
ANY_DIGEST = ("digest", "checksum", "hash")
_DIGEST_SUFFIX = re.compile(r"[_ -]?(?:sum|hash|checksum|digest|hex)$")
_HEX = re.compile(r"[0-9A-Fa-f]+")
_NOTHING = {"", "-", "na", "n/a", "nan", "none", "null"}


def plain(title: str) -> str:
    """A column's title in the form in which titles are compared."""
    return re.sub(r"[\s-]+", "_", title.strip().strip('"').lower())


def digest_title(title: str) -> str | None:
    """The algorithm that a column is named after: md5, md5sum, file_md5, sha-256, SHA256 Hash."""
    name = _DIGEST_SUFFIX.sub("", plain(title)).removeprefix("file_").replace("_", "")
    return name if name in DIGESTS else None


def is_nothing(text: str) -> bool:
    """Whether a cell is empty, or says that nothing is known."""
    return text.strip().lower() in _NOTHING


def size_of(text: str) -> int | None:
    """Raises Usage for what is not a number of bytes."""
    plain_text = text.strip()
    # `isdecimal` alone is also true for digits of other scripts.
    if plain_text.isdecimal() and plain_text.isascii() and len(plain_text) < 20 and int(plain_text) <= MAX_OBJECT:
        return int(plain_text)
    if is_nothing(text):
        return None
    raise Usage(f"{text!r} is not a number of bytes that an object can have", "write it in digits only")


def digest_of(text: str, name: str | None = None) -> str | None:
    """ALGORITHM:HEX of a value in hexadecimal digits or base64, or of ALGORITHM:VALUE.

    Without a name, the number of hexadecimal digits decides the algorithm. Raises Usage, UnknownChecksum.
    """
    value = text.strip()
    if is_nothing(value):
        return None
    stated, colon, rest = value.partition(":")
    if colon:
        name, value = stated, rest
    elif name is None:
        name = BY_DIGITS.get(len(value)) if _HEX.fullmatch(value) else None
        if name is None:
            raise Usage(f"{value!r} names no algorithm", "write ALGORITHM:VALUE, such as sha256:2c26b46b...")
    known, digits = _algorithm(name)
    if len(value) == digits and _HEX.fullmatch(value):
        return f"{known}:{value.lower()}"
    return str(digests.expected(known, value))


@cache
def _algorithm(name: str) -> tuple[str, int]:
    """Our name of it, and how many hexadecimal digits its values have."""
    known = digests.algorithm(name)
    return known, len(digests.new(known).hexdigest())
