"""What sha256sum, md5sum and their kin write: `HEX  NAME`, `HEX *NAME`, `ALGORITHM (NAME) = HEX`, and what
`checksums.digest_files` reads besides. Names are relative to `--base`, or to the folder that the command runs in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from s3am_cloud.checksums import digest_files
from s3am_cloud.datasets.manifests.columns import digest_of
from s3am_cloud.datasets.manifests.lines import Lines, ManifestLine
from s3am_cloud.errors import TransferError

_GNU = re.compile(r"(\\)?([0-9A-Fa-f]{8,128}) [ *](.+)")
_BSD = re.compile(r"(\\)?([A-Za-z][A-Za-z0-9/_-]{2,15}) ?\((.+)\) ?= ([0-9A-Fa-f]{8,128})")
_HINT = "write HEX, two spaces and the name, or ALGORITHM (NAME) = HEX"


def is_checksum_line(text: str) -> bool:
    """Whether a tool for checksums may have written this line. A URL may end like a checksum, so that one only counts
    in the two usual forms."""
    found = _GNU.fullmatch(text)
    if found is not None:
        # Fewer hexadecimal digits may be the beginning of an ordinary name.
        return len(found[2]) in digest_files.BY_DIGITS
    if _BSD.fullmatch(text) is not None:
        return True
    return "://" not in text and digest_files.entry_of(text, None) is not None


def read_checksum_lines(lines: Lines) -> Iterator[ManifestLine]:
    """Raises BadManifest."""
    # SHA256SUMS, x.md5: the file's name says the algorithm where a line has digits alone.
    by_name = digest_files.algorithm_in(lines.name)
    for text in lines:
        if text.strip() and not text.startswith(("#", ";")):
            name, digest = _stated(lines, text, by_name)
            if not name or name == "-":
                raise lines.error("a checksum of no file", hint=_HINT)
            yield ManifestLine(place=lines.place, text=text, source=name, digest=digest)


def _stated(lines: Lines, text: str, by_name: str | None) -> tuple[str, str | None]:
    gnu, bsd = _GNU.fullmatch(text), _BSD.fullmatch(text)
    try:
        if gnu is not None:
            fits = by_name is not None and digest_files.read(by_name, gnu[2]) is not None
            return _name(gnu[3], gnu[1]), digest_of(gnu[2], by_name if fits else None)
        if bsd is not None:
            return _name(bsd[3], bsd[1]), digest_of(bsd[4], bsd[2].replace("SHA2-", "SHA"))
    except TransferError as error:
        raise lines.error(error.message, hint=error.hint) from error
    found = digest_files.entry_of(text, by_name)
    if found is None:
        raise lines.error("not a line of checksums", hint=_HINT)
    return found.name, str(found.digest)


def _name(text: str, escaped: str | None) -> str:
    return digest_files.unescaped(text) if escaped else text
