"""boto3's errors under our names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own name
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
)
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from s3am_cloud.errors import (
    AccessDenied,
    BadDestination,
    ChecksumMismatch,
    NoCredentials,
    ObjectExists,
    StoreBusy,
    StoreUnavailable,
    TransferError,
    Unexpected,
    UploadGone,
    Usage,
)

_BY_CODE: dict[str, type[TransferError]] = {
    "AccessDenied": AccessDenied,
    "AccessDeniedException": AccessDenied,
    "AllAccessDisabled": AccessDenied,
    "ExpiredToken": AccessDenied,
    "InvalidAccessKeyId": AccessDenied,
    "InvalidClientTokenId": AccessDenied,
    "UnrecognizedClientException": AccessDenied,
    "SignatureDoesNotMatch": AccessDenied,
    "RequestTimeTooSkewed": AccessDenied,
    "403": AccessDenied,
    "401": AccessDenied,
    "NoSuchBucket": BadDestination,
    "InvalidBucketName": BadDestination,
    "PermanentRedirect": BadDestination,
    "NoSuchUpload": UploadGone,
    "PreconditionFailed": ObjectExists,
    "BadDigest": ChecksumMismatch,
    "InvalidPart": ChecksumMismatch,
    "InternalError": StoreUnavailable,
    "RequestTimeout": StoreUnavailable,
    "500": StoreUnavailable,
    "OperationAborted": StoreUnavailable,
    "ConditionalRequestConflict": StoreUnavailable,
    "SlowDown": StoreBusy,
    "ServiceUnavailable": StoreBusy,
    "503": StoreBusy,
    "429": StoreBusy,
    "RequestLimitExceeded": StoreBusy,
    "Throttling": StoreBusy,
    "ThrottlingException": StoreBusy,
    "TooManyRequestsException": StoreBusy,
}
_HINTS = {
    "RequestTimeTooSkewed": "set this computer's clock right",
    "ExpiredToken": "renew the credentials, then try again",
    "NoSuchBucket": "check the bucket's name",
    "InvalidBucketName": "check the bucket's name",
    "NoSuchUpload": "somebody aborted or completed the upload; start the transfer anew",
}


def code_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def named_client(error: ClientError | BotoCoreError, what: str = "S3") -> TransferError:
    """The named error for what boto3 raised; `what` says what was addressed."""
    return _from_answer(error, what) if isinstance(error, ClientError) else _from_botocore(error, what)


def _from_answer(error: ClientError, what: str) -> TransferError:
    code = code_of(error)
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    kind = _BY_CODE.get(code) or (StoreUnavailable if status >= 500 else Unexpected)
    message = str(error.response.get("Error", {}).get("Message", ""))
    said = f"{what}: AWS answered {code}" + (f" ({message})" if message and message != code else "")
    return kind(said, _HINTS.get(code))


def _from_botocore(error: BotoCoreError, what: str) -> TransferError:
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return NoCredentials("no AWS credentials were found")
    if isinstance(error, ProfileNotFound):
        return NoCredentials(str(error), "aws configure list-profiles shows the profiles there are")
    if isinstance(error, NoRegionError):
        return Usage("no AWS region is set", "use --region or set AWS_REGION")
    if isinstance(error, ParamValidationError) and what.startswith("s3://"):
        return BadDestination(f"{what}: that is no name of a bucket", "check the bucket's name")
    if isinstance(error, ConnectionError | HTTPClientError):
        return StoreUnavailable(f"{what}: no connection to AWS ({type(error).__name__})")
    # botocore's own words may repeat parameters, keys among them.
    return Unexpected(f"{what}: {type(error).__name__}")


@contextmanager
def naming(what: str) -> Iterator[None]:
    """Raises boto3's errors under our names."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise named_client(error, what) from error
    except HTTPError as error:
        # botocore has no name of its own for an error's answer that breaks off.
        raise StoreUnavailable(f"{what}: the answer broke off ({type(error).__name__})") from error
    except ResponseParserError as error:
        raise StoreUnavailable(f"{what}: the answer is not one of AWS's", "check the endpoint") from error
