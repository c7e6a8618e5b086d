"""Learn what the source says of its own content, where that takes more than a look at its answer."""

from __future__ import annotations

import msgspec

from s3am_cloud.digests import Expected
from s3am_cloud.errors import AccessDenied, BadEncryptionKey, BadSource
from s3am_cloud.limits import MAX_DIGEST_FILE
from s3am_cloud.model import Origin, TransferRequest
from s3am_cloud.ports import Ports
from s3am_cloud.source_digests import AUTO, NONE, beside, in_file
from s3am_cloud.urls import SourceUrl, parse_source


def learn(request: TransferRequest, origin: Origin, ports: Ports) -> Origin:
    """The origin with what it says of itself, as far as the request wants to know it.

    Raises BadSource where the file that the user names says nothing of it, and what reading that does.
    """
    source, wish = parse_source(origin.url), request.source_digest
    if wish is None:
        return origin
    if wish == NONE:
        return _with(origin, {})
    found = _beside(source, ports) if wish == AUTO else _named(source, parse_source(wish), ports)
    return _with(origin, {**origin.info.claims, **({found.algorithm: found.digest} if found else {})})


def _with(origin: Origin, claims: dict[str, str]) -> Origin:
    return Origin(url=origin.url, info=msgspec.structs.replace(origin.info, claims=claims))


def _beside(source: SourceUrl, ports: Ports) -> Expected | None:
    for url in beside(source):
        try:
            text = _text(url, ports)
        except (BadSource, AccessDenied, BadEncryptionKey):
            continue  # many servers answer so of what is not there
        found = in_file(text, source.name, url.name)
        if found:
            return found
    return None


def _named(source: SourceUrl, url: SourceUrl, ports: Ports) -> Expected:
    found = in_file(_text(url, ports), source.name, url.name)
    if found is None:
        raise BadSource(
            f"{url.display} has no digest of {source.name}",
            "it has lines such as HEX  NAME, as sha256sum writes them, or SHA256 (NAME) = HEX",
        )
    return found


def _text(url: SourceUrl, ports: Ports) -> str:
    """The content of a small file. Raises BadSource for a large one, and what probing and reading it does."""
    info = ports.source.probe(url)
    data, large = bytearray(), (info.size or 0) > MAX_DIGEST_FILE
    for view in () if large else ports.readers(Origin(url=url.url, info=info), 1, lambda count: None).read():
        data += view
        large = len(data) > MAX_DIGEST_FILE
        if large:
            break
    if large:
        raise BadSource(f"{url.display} is no file of digests: it has over {MAX_DIGEST_FILE:,} bytes")
    return data.decode(errors="replace")
