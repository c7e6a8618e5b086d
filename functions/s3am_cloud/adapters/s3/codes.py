"""What S3's error codes and statuses mean: the one table for control calls and for the mover's requests."""

from __future__ import annotations

import re
from typing import NamedTuple

from s3am_cloud.errors import (
    AccessDenied,
    BadDestination,
    BadSource,
    ChecksumMismatch,
    InvalidStorageClass,
    KmsKeyUnusable,
    ObjectArchived,
    ObjectExists,
    SourceBusy,
    SourceChanged,
    SourceNotFound,
    SourceUnavailable,
    StoreBusy,
    StoreUnavailable,
    TransferError,
    UnsupportedByStore,
    UploadGone,
)
from s3am_cloud.key_rights import key_hint

_RENEW = "renew the credentials, then try again"
_CREDENTIALS = "check the access key, the secret key and the session token"
_SIGNATURE = "check the secret key, and that no proxy on the way changes requests"
_SCOPE = "check the credentials and the bucket's region, which --region sets"
_BUCKET = "check the bucket's name"
_REGION = "give the bucket's own region with --region"
_FULL = "make room in the store, or ask for a larger quota"
# A redirect could take the signature, a session token and an encryption key to anybody.
UNFOLLOWED = "signed requests follow no redirect: check the endpoint, and the bucket's region with --region"


class Meaning(NamedTuple):
    """What a code says: the error, its hint, whether a part that is answered so is `worth_another_try`, and whether the
    `credentials` themselves were refused, so that no right of theirs is in question."""

    error: type[TransferError]
    hint: str | None = None
    worth_another_try: bool = False
    credentials: bool = False


_BUSY = Meaning(StoreBusy, worth_another_try=True)
_UNAVAILABLE = Meaning(StoreUnavailable, worth_another_try=True)
_CHANGED = Meaning(ChecksumMismatch, worth_another_try=True)
_DENIED = Meaning(AccessDenied)
_LACKING = Meaning(UnsupportedByStore)
_FULL_STORE = Meaning(BadDestination, _FULL)
_BAD_KMS_KEY = Meaning(KmsKeyUnusable)
_BAD_KEYS = Meaning(AccessDenied, _CREDENTIALS, credentials=True)
_EXPIRED = Meaning(AccessDenied, _RENEW, credentials=True)
# The next try signs with new ones, where they are renewed while a long transfer runs.
_STALE = Meaning(AccessDenied, _RENEW, worth_another_try=True, credentials=True)
_BY_CODE: dict[str, Meaning] = {
    "ExpiredToken": _STALE,
    "RequestExpired": _STALE,
    "TokenRefreshRequired": _EXPIRED,
    "ExpiredTokenException": _EXPIRED,
    "InvalidToken": _EXPIRED,
    "InvalidAccessKeyId": _BAD_KEYS,
    "InvalidClientTokenId": _BAD_KEYS,
    "UnrecognizedClientException": _BAD_KEYS,
    "InvalidSecurity": _BAD_KEYS,
    "NotSignedUp": _BAD_KEYS,
    "SignatureDoesNotMatch": Meaning(AccessDenied, _SIGNATURE, credentials=True),
    "RequestTimeTooSkewed": Meaning(AccessDenied, "set this computer's clock right", credentials=True),
    "AuthorizationHeaderMalformed": Meaning(AccessDenied, _SCOPE, credentials=True),
    "AccessDenied": _DENIED,
    "AccessDeniedException": _DENIED,
    "AllAccessDisabled": _DENIED,
    "AccountProblem": _DENIED,
    "NoSuchBucket": Meaning(BadDestination, _BUCKET),
    "InvalidBucketName": Meaning(BadDestination, _BUCKET),
    "PermanentRedirect": Meaning(BadDestination, _REGION),
    "IllegalLocationConstraintException": Meaning(BadDestination, _REGION),
    "NoSuchUpload": Meaning(UploadGone, "somebody aborted or completed the upload; start the transfer again"),
    "PreconditionFailed": Meaning(ObjectExists),
    "BadDigest": _CHANGED,
    "InvalidDigest": _CHANGED,
    "XAmzContentChecksumMismatch": _CHANGED,
    "XAmzContentSHA256Mismatch": _CHANGED,
    "InvalidPart": _CHANGED,
    "NotImplemented": _LACKING,
    "MethodNotAllowed": _LACKING,
    "UnsupportedOperation": _LACKING,
    "QuotaExceeded": _FULL_STORE,
    "InsufficientCapacity": _FULL_STORE,
    "XMinioStorageFull": _FULL_STORE,
    "InvalidObjectState": Meaning(ObjectArchived),
    "InvalidStorageClass": Meaning(InvalidStorageClass),
    "KMS.ThrottlingException": _BUSY,
    "KMS.LimitExceededException": _BUSY,
    "KMS.KMSInternalException": _UNAVAILABLE,
    "KMS.DependencyTimeoutException": _UNAVAILABLE,
    "KMS.KeyUnavailableException": _UNAVAILABLE,
    "KMS.AccessDeniedException": _DENIED,
    "TemporaryRedirect": _UNAVAILABLE,
    "InternalError": _UNAVAILABLE,
    "RequestTimeout": _UNAVAILABLE,
    "IncompleteBody": _UNAVAILABLE,
    "OperationAborted": _UNAVAILABLE,
    "ConditionalRequestConflict": _UNAVAILABLE,
    "SlowDown": _BUSY,
    "ServiceUnavailable": _BUSY,
    "RequestLimitExceeded": _BUSY,
    "Throttling": _BUSY,
    "ThrottlingException": _BUSY,
    "ThrottledException": _BUSY,
    "RequestThrottled": _BUSY,
    "RequestThrottledException": _BUSY,
    "TooManyRequests": _BUSY,
    "TooManyRequestsException": _BUSY,
}
# Where no code is known.
_BY_STATUS: dict[int, Meaning] = {
    0: _UNAVAILABLE,
    401: _DENIED,
    403: _DENIED,
    405: _LACKING,
    408: _UNAVAILABLE,
    409: _UNAVAILABLE,
    412: Meaning(ObjectExists),
    429: _BUSY,
    501: _LACKING,
    503: _BUSY,
}
# S3's own words name the user, the action, the resource and the kind of policy.
_LONGEST_MESSAGE = 500
# What a refusal of a GET is, whose table speaks of destinations.
_OF_SOURCES: dict[type[TransferError], type[TransferError]] = {
    BadDestination: BadSource,
    UnsupportedByStore: BadSource,
    StoreBusy: SourceBusy,
    StoreUnavailable: SourceUnavailable,
}
# S3 passes on what KMS says of a key (KMS API reference, "Common errors" and those of Decrypt and GenerateDataKey).
_OF_KMS = "KMS."
# Keys, their digests, session tokens and signatures, should a store repeat what it was sent.
_SECRET = re.compile(r"[A-Za-z0-9+/_]{40,}={0,2}")
_BY_POLICY = "explicit deny"


def error_for(
    code: str, status: int, said: str, message: str = "", other: type[TransferError] = BadDestination
) -> TransferError:
    """The named error for what a store answered. `said` says what to; `other` is for refusals that no rule knows."""
    meaning = _meaning_of(code, status, other)
    hint = meaning.hint or key_hint(message)
    if _BY_POLICY in message and hint is None:
        hint = (
            "a policy denies the request: if it demands encryption, name it with --sse and --sse-kms-key-id; "
            "if another network or account, ask the bucket's owner"
        )
    text = legible(message)
    return meaning.error(f"{said} ({text})" if text and text != code else said, hint)


def part_error_for(code: str, status: int, said: str, message: str = "") -> TransferError:
    """The same for a part's request. Its type decides whether the part is tried again: what may pass is StoreBusy or
    StoreUnavailable, and bytes that were changed on their way are a ChecksumMismatch."""
    meaning = _meaning_of(code, status, BadDestination)
    if meaning.error is ChecksumMismatch:
        return ChecksumMismatch(f"{said}: the bytes were changed on their way")
    error = error_for(code, status, said, message)
    if meaning.worth_another_try and not isinstance(error, StoreBusy | StoreUnavailable):
        return StoreUnavailable(error.message, error.hint)
    return error


def source_error_for(code: str, status: int, said: str, message: str = "") -> TransferError:
    """The same for what is read: what would be a bad destination is a bad source, and what is not there, or is another
    version, is so named."""
    if status in {412, 416} or code in {"PreconditionFailed", "InvalidRange"}:
        return SourceChanged(f"{said}: it is no longer what was probed", "try again")
    if status == 404:
        return SourceNotFound(said)
    if not code and status in {400, 403}:
        # What was probed with these credentials was readable then.
        return AccessDenied(said, _RENEW)
    # Credentials that expired stay so for whoever reads: other parts of the object would only fail in turn.
    judge = error_for if refuses_credentials(code) else part_error_for
    error = judge(code, status, said, message)
    kind = _OF_SOURCES.get(type(error), type(error))
    return kind(error.message, None if error.hint == type(error).hint else error.hint)


def refuses_credentials(code: str) -> bool:
    """Whether the credentials themselves were refused."""
    return code in _BY_CODE and _BY_CODE[code].credentials


def legible(message: str) -> str:
    """A store's own words as one line that can be shown: printable, of limited length and without secrets."""
    line = " ".join("".join(c if c.isprintable() else " " for c in message).split())
    line = _SECRET.sub("...", line)
    return line if len(line) <= _LONGEST_MESSAGE else line[: _LONGEST_MESSAGE - 3] + "..."


def _meaning_of(code: str, status: int, other: type[TransferError]) -> Meaning:
    known = _BY_CODE.get(code) or (_BAD_KMS_KEY if code.startswith(_OF_KMS) else _BY_STATUS.get(status))
    if known is not None:
        return known
    return _UNAVAILABLE if status >= 500 else Meaning(other, UNFOLLOWED if 300 <= status < 400 else None)
