"""What S3's answer to a PUT means."""

from __future__ import annotations

import re

from s3am_cloud.errors import (
    AccessDenied,
    BadDestination,
    ChecksumMismatch,
    ObjectExists,
    StoreBusy,
    StoreUnavailable,
    TransferError,
    UploadGone,
)

_CODE = re.compile(rb"<Code>([A-Za-z0-9_.]+)</Code>")
_MESSAGE = re.compile(rb"<Message>([^<]*)</Message>")
# Refusals that a second try of the same part may well not meet again.
_PASSING = {"RequestTimeout", "InternalError", "OperationAborted", "ConditionalRequestConflict", "IncompleteBody"}
_CORRUPTED = {"BadDigest", "InvalidDigest", "XAmzContentChecksumMismatch", "XAmzContentSHA256Mismatch"}
_BUSY = {"SlowDown", "ServiceUnavailable", "Throttling", "TooManyRequests", "RequestLimitExceeded"}
_GONE = {"NoSuchUpload"}
# Credentials that are renewed while a long transfer runs: the next try signs with the new ones.
_STALE = {"ExpiredToken", "RequestExpired"}


def error_code(body: bytes) -> str:
    """The `Code` of S3's XML error, empty where there is none."""
    match = _CODE.search(body)
    return match.group(1).decode("ascii") if match else ""


def check_store(status: int, body: bytes, what: str) -> TransferError | None:
    """None for success, else the named error; `retryable` says whether the part is worth another try."""
    code = error_code(body)
    if status // 100 == 2 and not code:
        return None
    said = f"S3 answered {status} {code}".rstrip() + f" to {what}"
    if code in _CORRUPTED:
        return ChecksumMismatch(f"{said}: the bytes were changed on their way")
    return _by_code(code, said, body) or _by_status(status, said)


def _by_code(code: str, said: str, body: bytes) -> TransferError | None:
    if code in _BUSY:
        return StoreBusy(said)
    if code in _PASSING or code in _STALE:
        return StoreUnavailable(said)
    if code in _GONE:
        return UploadGone(said, "somebody aborted or completed the upload; start the transfer anew")
    if code == "NoSuchBucket":
        return BadDestination(said, "check the bucket's name")
    if code == "RequestTimeTooSkewed":
        return AccessDenied(said, "set this computer's clock right")
    if code == "PermanentRedirect":
        return BadDestination(said, "the bucket is in another region: say which with --region")
    return None


def _by_status(status: int, said: str) -> TransferError:
    if status in {401, 403}:
        return AccessDenied(said)
    if status == 412:
        return ObjectExists(said)
    if status in {429, 503}:
        return StoreBusy(said)
    if status == 501:
        return BadDestination(said, "this store can't do what was asked of it")
    if status >= 500 or status in {0, 408, 409}:
        return StoreUnavailable(said)
    return BadDestination(said)
