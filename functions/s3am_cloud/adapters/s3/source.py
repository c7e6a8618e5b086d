"""Objects in S3 as sources."""

from __future__ import annotations

import msgspec

from s3am_cloud.checksums.crc64nvme import ALGORITHM
from s3am_cloud.errors import AccessDenied, BadDestination, BadSource, ObjectArchived, SourceNotFound
from s3am_cloud.key_rights import key_hint
from s3am_cloud.model import ObjectInfo, SourceInfo
from s3am_cloud.ports.transfer import ObjectStore
from s3am_cloud.urls import SourceUrl, parse_s3


class S3Source:
    """A `Source` of objects: what pins a version is its VersionId where there is one, and its ETag.

    Without `tags` they are not asked for: nobody needs them who makes no object.
    """

    def __init__(self, store: ObjectStore, tags: bool = True) -> None:
        self._store, self._tags = store, tags

    def probe(self, url: SourceUrl) -> SourceInfo:
        target = parse_s3(url.url)
        try:
            info = self._store.head(target)
        except BadDestination as error:
            raise BadSource(error.message, error.hint) from error
        if info is None:
            raise SourceNotFound(f"{url.url} does not exist", "check the bucket's name and the key")
        if info.undecryptable:
            raise AccessDenied(info.undecryptable, key_hint(info.undecryptable))
        if info.archived:
            raise ObjectArchived(f"{url.url} is {info.archived}: S3 gives out its content when it is restored")
        tags = self._store.tags(target) if self._tags else {}
        return source_info(info, tags, self._store.region(target))


def source_info(info: ObjectInfo, tags: dict[str, str] | None, region: str | None) -> SourceInfo:
    """An object as a source. `tags` are None where they can't be read."""
    return SourceInfo(
        size=info.size,
        ranges=True,
        etag=info.etag or None,
        last_modified=info.last_modified,
        version=info.version_id,
        attributes=msgspec.structs.replace(info.attributes, tags=tags or {}),
        tags_hidden=tags is None,
        crc=info.crc if info.full_object else None,
        claims=_claims(info),
        region=region,
        storage_class=info.storage_class,
    )


def _claims(info: ObjectInfo) -> dict[str, str]:
    """What S3 says of the content: if it has the checksum that a copy's parts have, too, that one and no other."""
    parts_crc = ALGORITHM.lower()
    return {parts_crc: info.checksums[parts_crc]} if parts_crc in info.checksums else info.checksums
