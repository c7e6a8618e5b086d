"""Open a multipart upload."""

from __future__ import annotations

from s3am_cloud.model import Attributes, Upload
from s3am_cloud.ports.transfer import ObjectStore
from s3am_cloud.urls import S3Url


def open_upload(target: S3Url, attributes: Attributes, store: ObjectStore, copied_tags: bool = False) -> Upload:
    """A new multipart upload, of an object with these attributes, of which the tags may be the source object's own."""
    return store.create(target, attributes, copied_tags)
