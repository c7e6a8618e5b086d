"""Remove an unfinished upload."""

from __future__ import annotations

from s3am_cloud.model import Upload
from s3am_cloud.ports.transfer import ObjectStore


def abort(upload: Upload, store: ObjectStore) -> None:
    """Returns when the store no longer knows the upload. Quiet where it is gone already."""
    store.abort(upload)
