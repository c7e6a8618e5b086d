"""Open a multipart upload."""

from __future__ import annotations

from s3am_cloud.model import Attributes, Upload
from s3am_cloud.ports.transfer import ObjectStore
from s3am_cloud.urls import S3Url


def open_upload(target: S3Url, attributes: Attributes, store: ObjectStore) -> Upload:
    """A new multipart upload, of an object with these attributes."""
    return store.create(target, attributes)
