"""A look at an object: what HEAD says, and why it is refused, which HEAD itself can't say for want of a body."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import ClientError
from botocore.parsers import create_parser

from s3am_cloud.adapters.s3.access import is_aws
from s3am_cloud.adapters.s3.answers import code_of, message_of, named_client, status_of
from s3am_cloud.adapters.s3.attributes import object_info
from s3am_cloud.adapters.s3.codes import refuses_credentials
from s3am_cloud.errors import AccessDenied, BadDestination, BadEncryptionKey, TransferError
from s3am_cloud.key_rights import missing_right
from s3am_cloud.model import ObjectInfo
from s3am_cloud.sse import SseKey
from s3am_cloud.urls import S3Url

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_DATE = "last-modified"
_NOT_THERE = {"404", "NoSuchKey", "NotFound"}
# Without a body these may stand for anything: an expired token, a missing key of the customer's, a missing right.
_UNCLEAR = {400, 401, 403, 405, 501}
_HIDDEN = (
    "check the name: to users without s3:ListBucket S3 says the same of an object that does not exist; "
    "to read one takes s3:GetObject"
)


def customer_key(key: SseKey | None) -> Any:
    """boto3's parameters for SSE-C, encoded here: botocore does so for some operations only."""
    if key is None:
        return {}
    algorithm, encoded, digest = key.headers().values()
    return {"SSECustomerAlgorithm": algorithm, "SSECustomerKey": encoded, "SSECustomerKeyMD5": digest}


def named_version(target: S3Url) -> Any:
    """boto3's parameter for the version that the user named: to name one takes a right of its own."""
    return {"VersionId": target.version} if target.version else {}


def look(client: S3Client, target: S3Url, key: SseKey | None) -> ObjectInfo | None:
    """The object as it is now, None where there is none. Raises ClientError, BadEncryptionKey, AccessDenied.

    The checksums of an object that KMS encrypts take kms:Decrypt, which who only writes need not have: its size and its
    ETag are seen without (API reference, HeadObject, "ChecksumMode").
    """
    try:
        return _head(client, target, key, ChecksumMode="ENABLED")
    except ClientError as error:
        if code_of(error) in _NOT_THERE or (target.version and status_of(error) == HTTPStatus.METHOD_NOT_ALLOWED):
            return None  # the version that a delete marker is has no content
        if status_of(error) not in _UNCLEAR:
            raise
        reason = _reason(client, target, key)
        if reason is None:
            return _head(client, target, key)  # some stores know no checksum mode
        if _lacks_decrypt(reason):
            denied = named_client(reason, f"{target} can't be read")
            return msgspec.structs.replace(_head(client, target, key), undecryptable=denied.message)
        if code_of(reason) in _NOT_THERE:
            if status_of(error) not in {401, 403}:
                return None
            reason = error  # what may not be looked at is not shown to be missing
        raise _named(reason, target, key) from error


def parsed(client: S3Client, headers: Mapping[str, str], target: S3Url) -> ObjectInfo:
    """The same from the headers of an answer to HEAD, by names in lower case, that libcurl has received.

    Raises StoreUnavailable for an answer without the object's size, and ValueError for a checksum that is none.
    """
    model: Any = client.meta.service_model
    shape = model.operation_model("HeadObject").output_shape
    # botocore's own mapping of names in any case takes five times as long as all else, and its reading of the date,
    # which nobody asks for, twice.
    names = _names(shape)
    found = {names.get(name, name): value for name, value in headers.items() if name != _DATE}
    answer = _parser().parse({"status_code": 200, "headers": found, "body": b""}, shape)
    if _DATE in headers:
        answer["ResponseMetadata"]["HTTPHeaders"][_DATE] = headers[_DATE]
    info = object_info(answer, str(target))
    return info if is_aws(client) else without_archive(info)


def without_archive(info: ObjectInfo) -> ObjectInfo:
    """Other stores than Amazon's may give out what they call archived."""
    return msgspec.structs.replace(info, archived=None) if info.archived else info


@functools.cache
def _parser() -> Any:
    return create_parser("rest-xml")


@functools.lru_cache(maxsize=4)
def _names(shape: Any) -> dict[str, str]:
    """The headers of an answer as its description writes them, by their names in lower case."""
    written = (member.serialization.get("name", "") for member in shape.members.values())
    return {name.lower(): name for name in written}


def _head(client: S3Client, target: S3Url, key: SseKey | None, **mode: Any) -> ObjectInfo:
    which = {"Bucket": target.bucket, "Key": target.key, **named_version(target)}
    answer = client.head_object(**which, **mode, **customer_key(key))
    return object_info(answer, str(target))


def _reason(client: S3Client, target: S3Url, key: SseKey | None) -> ClientError | None:
    """What a GET of the first byte is refused with: its answer has a body that says why. None where it succeeds."""
    try:
        which = {"Bucket": target.bucket, "Key": target.key, **named_version(target)}
        client.get_object(**which, Range="bytes=0-0", **customer_key(key))["Body"].close()
    except ClientError as error:
        return None if code_of(error) in {"InvalidRange", "416"} else error
    return None


def _lacks_decrypt(reason: ClientError) -> bool:
    missing = missing_right(message_of(reason))
    return missing is not None and missing.action == "kms:Decrypt"


def _named(reason: ClientError, target: S3Url, key: SseKey | None) -> TransferError:
    code, status = code_of(reason), status_of(reason)
    if refuses_credentials(code):
        return named_client(reason, str(target))
    says_why = "not authorized to" in message_of(reason)
    if _is_about_a_key(code, message_of(reason)) or (key is not None and status == 403 and not says_why):
        return key_refused(target, key)
    denied = named_client(reason, f"{target} can't be read or does not exist")
    if status == 403 and type(denied) is AccessDenied:
        return AccessDenied(denied.message, None if says_why else _HIDDEN)
    return named_client(reason, str(target), BadDestination)


def _is_about_a_key(code: str, message: str) -> bool:
    """S3 answers 400 InvalidRequest to who names no key of the customer's where one is needed."""
    return code in {"400", "InvalidRequest", "InvalidArgument"} and (code == "400" or "encrypt" in message.lower())


def key_refused(target: S3Url, key: SseKey | None) -> BadEncryptionKey:
    if key is None:
        return BadEncryptionKey(f"{target} can't be read without its encryption key", "give it with --sse-key-file")
    return BadEncryptionKey(f"{target} can't be read with this encryption key")
