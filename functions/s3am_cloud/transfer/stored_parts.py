"""Whether what the store lists, or holds, is what was sent."""

from __future__ import annotations

from s3am_cloud.etags import plain
from s3am_cloud.model import MovedPart, ObjectInfo, Proof, Upload, UploadedPart
from s3am_cloud.ports.transfer import ObjectStore


def is_what_was_sent(part: UploadedPart, sent: MovedPart) -> bool:
    """Whether the store lists what was sent as that part. Encrypted parts have another ETag each time, so that the
    checksum decides where both have one."""
    if part.length != sent.length:
        return False
    if part.crc is not None and sent.crc is not None:
        return part.crc == sent.crc
    return not sent.etag or plain(sent.etag) == plain(part.etag)


def was_completed(upload: Upload, size: int, crc: int, store: ObjectStore) -> bool:
    """Whether the object is there and is ours: one that somebody else put leaves our upload unfinished."""
    info = store.head(upload.target)
    same = info is not None and info.full_object and (info.size, info.crc) == (size, crc)
    return same and upload.upload_id not in store.unfinished(upload.target)


def proof(info: ObjectInfo) -> Proof:
    """Which checksum the store holds the object by."""
    return "full-object" if info.full_object else "per-part"
