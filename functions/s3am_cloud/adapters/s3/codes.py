"""What S3's error codes and statuses mean: the one table for control calls and for the mover's requests."""

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
    UnsupportedByStore,
    UploadGone,
)

RENEW = "renew the credentials, then try again"
_CREDENTIALS = "check the access key, the secret key and the session token"
_BUCKET = "check the bucket's name"
_REGION = "give the bucket's own region with --region"
_FULL = "make room in the store, or ask for a larger quota"
# A redirect could take the signature, a session token and an encryption key to anybody.
UNFOLLOWED = "signed requests follow no redirect: check the endpoint, and the bucket's region with --region"
_KMS = "check the KMS key of the bucket"
# The credentials themselves were refused: no right of theirs is in question.
CREDENTIALS = {
    "ExpiredToken": RENEW,
    "RequestExpired": RENEW,
    "TokenRefreshRequired": RENEW,
    "ExpiredTokenException": RENEW,
    "InvalidToken": RENEW,
    "InvalidAccessKeyId": _CREDENTIALS,
    "InvalidClientTokenId": _CREDENTIALS,
    "UnrecognizedClientException": _CREDENTIALS,
    "InvalidSecurity": _CREDENTIALS,
    "NotSignedUp": _CREDENTIALS,
    "SignatureDoesNotMatch": "check the secret key, and that no proxy on the way changes requests",
    "RequestTimeTooSkewed": "set this computer's clock right",
    "AuthorizationHeaderMalformed": "check the credentials and the bucket's region, which --region sets",
}
# These the next try signs with new ones, where they are renewed while a long transfer runs.
STALE = {"ExpiredToken", "RequestExpired"}
_BY_CODE: dict[str, tuple[type[TransferError], str | None]] = {
    **{code: (AccessDenied, hint) for code, hint in CREDENTIALS.items()},
    "AccessDenied": (AccessDenied, None),
    "AccessDeniedException": (AccessDenied, None),
    "AllAccessDisabled": (AccessDenied, None),
    "AccountProblem": (AccessDenied, None),
    "NoSuchBucket": (BadDestination, _BUCKET),
    "InvalidBucketName": (BadDestination, _BUCKET),
    "PermanentRedirect": (BadDestination, _REGION),
    "TemporaryRedirect": (StoreUnavailable, None),
    "IllegalLocationConstraintException": (BadDestination, _REGION),
    "NoSuchUpload": (UploadGone, "somebody aborted or completed the upload; start the transfer again"),
    "PreconditionFailed": (ObjectExists, None),
    "BadDigest": (ChecksumMismatch, None),
    "InvalidDigest": (ChecksumMismatch, None),
    "XAmzContentChecksumMismatch": (ChecksumMismatch, None),
    "XAmzContentSHA256Mismatch": (ChecksumMismatch, None),
    "InvalidPart": (ChecksumMismatch, None),
    "NotImplemented": (UnsupportedByStore, None),
    "MethodNotAllowed": (UnsupportedByStore, None),
    "UnsupportedOperation": (UnsupportedByStore, None),
    "QuotaExceeded": (BadDestination, _FULL),
    "InsufficientCapacity": (BadDestination, _FULL),
    "XMinioStorageFull": (BadDestination, _FULL),
    "KMS.DisabledException": (BadDestination, _KMS),
    "KMS.NotFoundException": (BadDestination, _KMS),
    "KMS.KMSInvalidStateException": (BadDestination, _KMS),
    "InternalError": (StoreUnavailable, None),
    "RequestTimeout": (StoreUnavailable, None),
    "IncompleteBody": (StoreUnavailable, None),
    "OperationAborted": (StoreUnavailable, None),
    "ConditionalRequestConflict": (StoreUnavailable, None),
    "SlowDown": (StoreBusy, None),
    "ServiceUnavailable": (StoreBusy, None),
    "RequestLimitExceeded": (StoreBusy, None),
    "Throttling": (StoreBusy, None),
    "ThrottlingException": (StoreBusy, None),
    "TooManyRequests": (StoreBusy, None),
    "TooManyRequestsException": (StoreBusy, None),
}
_BY_STATUS: dict[int, type[TransferError]] = {
    0: StoreUnavailable,
    401: AccessDenied,
    403: AccessDenied,
    405: UnsupportedByStore,
    408: StoreUnavailable,
    409: StoreUnavailable,
    412: ObjectExists,
    429: StoreBusy,
    501: UnsupportedByStore,
    503: StoreBusy,
}
_LONGEST_MESSAGE = 300
# Keys, their digests, session tokens and signatures, should a store repeat what it was sent.
_SECRET = re.compile(r"[A-Za-z0-9+/_]{40,}={0,2}")
_BY_POLICY = "explicit deny"


def error_for(
    code: str, status: int, said: str, message: str = "", other: type[TransferError] = BadDestination
) -> TransferError:
    """The named error for what a store answered. `said` says what to; `other` is for refusals that no rule knows."""
    kind, hint = _BY_CODE.get(code) or (_by_status(status, other), UNFOLLOWED if 300 <= status < 400 else None)
    if _BY_POLICY in message and hint is None:
        hint = (
            "a policy denies the request: it may demand encryption with a KMS key, or another network or account; "
            "ask the bucket's owner"
        )
    text = legible(message)
    return kind(f"{said} ({text})" if text and text != code else said, hint)


def legible(message: str) -> str:
    """A store's own words as one line that can be shown: printable, of limited length and without secrets."""
    line = " ".join("".join(c if c.isprintable() else " " for c in message).split())
    line = _SECRET.sub("...", line)
    return line if len(line) <= _LONGEST_MESSAGE else line[: _LONGEST_MESSAGE - 3] + "..."


def _by_status(status: int, other: type[TransferError]) -> type[TransferError]:
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    return StoreUnavailable if status >= 500 else other
