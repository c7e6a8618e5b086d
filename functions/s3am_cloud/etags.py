"""ETags in one form: some stores quote them in headers and not in listings, or the reverse, or in upper case."""

from __future__ import annotations

import re

_HEX = re.compile(r"[0-9a-fA-F]{32}(-[0-9]+)?")
_MD5 = re.compile(r"[0-9a-f]{32}")


def plain(etag: str) -> str:
    """An ETag without its quotes. Hexadecimal digits are in lower case."""
    bare = etag.strip()
    if len(bare) > 1 and bare[0] == bare[-1] == '"':
        bare = bare[1:-1]
    return bare.lower() if _HEX.fullmatch(bare) else bare


def quoted(etag: str) -> str:
    """A strong ETag as HTTP wants it, in quotes; an empty one, and a weak one, as it is."""
    bare = etag.strip()
    return bare if not bare or bare.startswith(('"', "W/")) else f'"{bare}"'


def is_md5(etag: str) -> bool:
    """Whether it has the form of an MD5, which is the ETag of what came in one request and is not encrypted."""
    return _MD5.fullmatch(plain(etag)) is not None
