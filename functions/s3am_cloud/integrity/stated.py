"""Learn what the source says of its own content, where that takes more than a look at its answer."""

from __future__ import annotations

import msgspec

from s3am_cloud.checksums.digest_files import in_file, is_page
from s3am_cloud.checksums.digests import Expected
from s3am_cloud.checksums.published import AUTO, NONE, digest_urls
from s3am_cloud.errors import AccessDenied, BadEncryptionKey, BadSource
from s3am_cloud.limits import MAX_DIGEST_FILE
from s3am_cloud.model import PinnedSource, TransferRequest
from s3am_cloud.ports.transfer import Ports
from s3am_cloud.urls import SourceUrl, parse_source

_FORMS = "it should have lines such as HEX  NAME, as sha256sum writes them, or SHA256 (NAME) = HEX"


def learn(request: TransferRequest, origin: PinnedSource, ports: Ports) -> PinnedSource:
    """The origin with what it says of itself, as far as the request wants to know it.

    Raises BadSource where the file that the user names says nothing of it, and what reading that does.
    """
    source, requested = origin.source, request.source_digest
    if requested is None:
        return origin
    if requested == NONE:
        return _with(origin, {})
    found, unread = (
        _in_files(source, ports) if requested == AUTO else (_named(source, parse_source(requested), ports), ())
    )
    return _with(origin, {**origin.info.claims, **{one.algorithm: one.digest for one in found}}, unread)


def _with(origin: PinnedSource, claims: dict[str, str], unread: tuple[str, ...] = ()) -> PinnedSource:
    return PinnedSource(
        source=origin.source, info=msgspec.structs.replace(origin.info, claims=claims, unread_digest_files=unread)
    )


def _in_files(source: SourceUrl, ports: Ports) -> tuple[tuple[Expected, ...], tuple[str, ...]]:
    """The digests in the first file beside the source that states some, and the files before it that state none."""
    unread: list[str] = []
    for url in digest_urls(source):
        try:
            data = _content(url, ports)
        except (BadSource, AccessDenied, BadEncryptionKey):
            continue  # many servers answer so of what is not there
        if data is not None and is_page(data):
            continue
        found = in_file(data, source.name, url.name) if data is not None else ()
        if found:
            return found, tuple(unread)
        unread.append(url.display)
    return (), tuple(unread)


def _named(source: SourceUrl, url: SourceUrl, ports: Ports) -> tuple[Expected, ...]:
    data = _content(url, ports)
    if data is None:
        raise BadSource(f"{url.display} has over {MAX_DIGEST_FILE:,} bytes: that is not a file of digests", _FORMS)
    found = in_file(data, source.name, url.name)
    if not found:
        raise BadSource(f"{url.display} states no digest of {source.name}, or two that differ", _FORMS)
    return found


def _content(url: SourceUrl, ports: Ports) -> bytes | None:
    """The content of a small file, None of a large one. Raises what probing and reading it does."""
    info = ports.source.probe(url)
    if (info.size or 0) > MAX_DIGEST_FILE:
        return None
    data = bytearray()
    for view in ports.readers(PinnedSource(source=url, info=info), 1, lambda count: None).read():
        data += view
        if len(data) > MAX_DIGEST_FILE:
            return None
    return bytes(data)
