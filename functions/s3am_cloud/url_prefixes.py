"""Whether a URL is below another one, decided so that no spelling of a URL leads elsewhere than it was judged.

A prefix is a scheme, a host, a port and whole names of a path: `https://host/runs` covers `/runs` and `/runs/a`, and
not `/runs-evil`. What servers are known to read in two ways is below nothing but a whole server: a name that is `..` in
any encoding, or that has a slash or a backslash in it.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

import msgspec

from s3am_cloud.errors import TransferError
from s3am_cloud.urls import parse_source, place_of

_NETWORK = re.compile(
    r"[a-z]+://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?(?P<path>/[^?#]*)?(?:[?#].*)?", re.IGNORECASE
)
_S3 = re.compile(r"s3://(?P<bucket>[^/]+)(?P<path>/.*)?", re.DOTALL)
# Nobody encodes a name more often and means well.
_MOST_ENCODINGS = 4
_DOTS = {".", ".."}


class _Place(msgspec.Struct, frozen=True):
    """A server, or a bucket, and the names of a path."""

    server: str
    names: tuple[str, ...]
    ambiguous: bool


def covers(prefix: str, url: str) -> bool:
    """Whether `url` is `prefix` or below it. What can't be read, and whatever holds a login, is below nothing."""
    limit, target = _place(prefix), _place(url)
    if limit is None or target is None or limit.server != target.server:
        return False
    if limit.names in {(), ("",)}:
        return True
    if limit.ambiguous or target.ambiguous:
        return False
    names = limit.names[:-1] if limit.names[-1] == "" else limit.names
    is_below = target.names[: len(names)] == names
    return is_below and (names == limit.names or len(target.names) > len(names))


def is_prefix(text: str) -> bool:
    """Whether something can be below this at all."""
    found = _place(text)
    return found is not None and not found.ambiguous and not {"?", "#"} & set(text)


def _place(url: str) -> _Place | None:
    if url.lower().startswith("s3:"):
        found = _S3.fullmatch(url)
        return found and _Place(f"s3://{found['bucket']}", *_names_of_key(found["path"] or ""))
    try:
        source = parse_source(url)
    except TransferError:
        return None
    found = _NETWORK.fullmatch(source.url)
    return found and _Place(place_of(source), *_names_of_path(found["path"] or ""))


def _names_of_key(path: str) -> tuple[tuple[str, ...], bool]:
    """Keys in S3 are taken literally, but not by everybody who makes a path of them."""
    names = tuple(path.split("/")[1:])
    return names, any(map(_is_way_up, names))


def _names_of_path(path: str) -> tuple[tuple[str, ...], bool]:
    raw = path.split("/")[1:]
    return tuple(map(unquote, raw)), any(_is_way_up(name) or _is_several(name) for name in raw)


def _is_way_up(name: str) -> bool:
    """Whether somebody may take a name for `.` or `..`: decoded, without parameters, spaces and wide forms of dots."""
    return unicodedata.normalize("NFKC", _decoded(name)).partition(";")[0].strip() in _DOTS


def _is_several(name: str) -> bool:
    """Whether somebody may take a name for several, or for another one."""
    plain = _decoded(name)
    return bool({"/", "\\", "\ufffd"} & set(plain)) or not plain.isprintable() or unquote(plain) != plain


def _decoded(name: str) -> str:
    for _ in range(_MOST_ENCODINGS):
        name, before = unquote(name), name
        if name == before:
            break
    return name
