"""What is at a destination already, and what becomes of it, by S3AM's rules."""

from __future__ import annotations

from s3am_cloud.errors import AccessDenied, BadEncryptionKey, ObjectExists
from s3am_cloud.model import TransferRequest, Upload
from s3am_cloud.ports.transfer import ObjectStore, Ports
from s3am_cloud.transfer.owners import refusal
from s3am_cloud.transfer.steps.abort import abort
from s3am_cloud.urls import S3Url


def is_wanted(request: TransferRequest, target: S3Url, store: ObjectStore) -> bool:
    """False where the object exists and is to be skipped. Raises ObjectExists where nothing was said of it.

    S3AM's rule: one that exists and can't be looked at raises BadEncryptionKey.
    """
    if request.exists == "overwrite" or not _exists(target, store):
        return True
    if request.exists != "skip":
        raise ObjectExists(f"{target} exists")
    return False


def _exists(target: S3Url, store: ObjectStore) -> bool:
    try:
        return store.head(target) is not None
    except AccessDenied as error:
        if not store.lists(target):
            raise AccessDenied(
                f"whether {target} exists can't be seen: {error.message}",
                f"{error.hint}; --exists overwrite replaces the object without looking",
            ) from error
        raise BadEncryptionKey(
            f"{target} exists, and S3 refuses to show it", "give the key it was written with, or get s3:GetObject on it"
        ) from None


def needs_listing(request: TransferRequest) -> bool:
    """Whether what is unfinished has to be known: to resume or discard it. Who may only write says by `overwrite` that
    nothing is to be looked at, and begins anew where nothing can be seen."""
    return (request.resume or request.force) and request.exists != "overwrite"


def unfinished_upload(request: TransferRequest, target: S3Url, ports: Ports) -> str | None:
    """The id of the upload to resume, None to begin anew. `force` aborts whatever is unfinished.

    Raises AccessDenied where to know that takes a right which is missing, UploadExists where one is unfinished and
    nothing was said of it, of these DestinationBusy where a transfer is at work there; SeveralUploads where it is not
    clear which.
    """
    existing = ports.store.unfinished(target, needs_listing(request))
    if request.force:
        for upload_id in existing:
            abort(Upload(target=target, upload_id=upload_id, full_object=False), ports.store)
        return None
    if len(existing) > 1 or (existing and not request.resume):
        raise refusal(target, existing, ports)
    return existing[0] if existing else None
