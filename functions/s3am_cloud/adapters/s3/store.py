"""Control calls to S3, over boto3."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import ClientError

from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.adapters.s3.answers import code_of, naming
from s3am_cloud.adapters.s3.attributes import object_info, parameters
from s3am_cloud.adapters.s3.pages import bounded, endless
from s3am_cloud.checksum import ALGORITHM, decode, encode
from s3am_cloud.errors import AccessDenied, BadEncryptionKey, StoreUnavailable, UploadGone
from s3am_cloud.limits import MAX_PARTS
from s3am_cloud.model import Attributes, ObjectInfo, Upload, UploadedPart
from s3am_cloud.ports import Clock
from s3am_cloud.sse import REFUSED_HINT, SseKey
from s3am_cloud.urls import S3Url

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ListPartsOutputTypeDef

# S3AM's rule: whoever owns the bucket owns what is uploaded to it.
ACL: Literal["bucket-owner-full-control"] = "bucket-owner-full-control"
_CRC64: Literal["CRC64NVME"] = "CRC64NVME"
# To who lists the parts of an upload with a checksum and a customer's key, and has no key (API reference, ListParts).
_KEY_IS_DUE = "InvalidRequest"
_DONE_BEFORE = {"NoSuchUpload", "PreconditionFailed"}
_NOT_THERE = {"404", "NoSuchKey", "NotFound"}
# Parts in flight may land after an abort; each try lets a second pass.
_ABORT_TRIES = 60


class S3Store:
    """The `ObjectStore` at AWS, and at stores that speak its protocol."""

    def __init__(self, access: S3Access, clock: Clock) -> None:
        self._access = access
        self._clock = clock

    def head(self, target: S3Url) -> ObjectInfo | None:
        client, key = self._access.client_for(target.bucket), self._access.key_of(target)
        with naming(str(target)):
            try:
                answer = client.head_object(
                    Bucket=target.bucket, Key=target.key, ChecksumMode="ENABLED", **_customer_key(key)
                )
            except ClientError as error:
                if code_of(error) in _NOT_THERE:
                    return None
                if code_of(error) == "400" or (code_of(error) == "403" and key is not None):
                    raise _key_refused(target, key) from error
                raise
        return object_info(answer)

    def lists(self, target: S3Url) -> bool:
        client = self._access.client_for(target.bucket)
        with naming(str(target)):
            try:
                # A key comes before all that begin with it.
                found = client.list_objects_v2(Bucket=target.bucket, Prefix=target.key, MaxKeys=1)
            except ClientError as error:
                if code_of(error) == "AccessDenied":
                    return False
                raise
        return any(item["Key"] == target.key for item in found.get("Contents", []))

    def tags(self, target: S3Url, version_id: str | None) -> dict[str, str]:
        client = self._access.client_for(target.bucket)
        version: dict[str, Any] = {"VersionId": version_id} if version_id else {}
        with naming(f"the tags of {target}"):
            try:
                answer = client.get_object_tagging(Bucket=target.bucket, Key=target.key, **version)
            except ClientError as error:
                if code_of(error) in {"AccessDenied", "NotImplemented", "NoSuchTagSet"}:
                    return {}
                raise
        return {tag["Key"]: tag["Value"] for tag in answer["TagSet"]}

    def unfinished(self, target: S3Url) -> Sequence[str]:
        return [upload.upload_id for upload in self.unfinished_below(target) if upload.target == target]

    def unfinished_below(self, prefix: S3Url) -> Iterator[Upload]:
        client = self._access.client_for(prefix.bucket)
        pages = client.get_paginator("list_multipart_uploads").paginate(Bucket=prefix.bucket, Prefix=prefix.key)
        with naming(str(prefix)):
            for page in bounded(pages, "Uploads", str(prefix), self._clock):
                for found in page.get("Uploads", []):
                    target = S3Url(prefix.bucket, found["Key"])
                    begun = found.get("Initiated")
                    yield Upload(
                        target=target,
                        upload_id=found["UploadId"],
                        full_object=False,
                        initiated=None if begun is None else begun.isoformat(),
                    )

    def find(self, target: S3Url, upload_id: str) -> Upload:
        page = self._list_parts(Upload(target=target, upload_id=upload_id, full_object=False), 0)
        return Upload(target=target, upload_id=upload_id, full_object=_granted(page))

    def create(self, target: S3Url, attributes: Attributes) -> Upload:
        client, key = self._access.client_for(target.bucket), self._access.key_of(target)
        with naming(str(target)), _sse_refusal(key):
            answer = client.create_multipart_upload(
                Bucket=target.bucket,
                Key=target.key,
                ACL=ACL,
                ChecksumAlgorithm=_CRC64,
                ChecksumType="FULL_OBJECT",
                **parameters(attributes),
                **_customer_key(key),
            )
        upload = Upload(target=target, upload_id=answer["UploadId"], full_object=_granted(answer))
        if _retried(answer):
            self._drop_twins(upload)
        return upload

    def _drop_twins(self, upload: Upload) -> None:
        """Aborts what tries opened whose answers were lost: nobody knows of it, and it would cost storage."""
        for upload_id in self.unfinished(upload.target):
            twin = Upload(target=upload.target, upload_id=upload_id, full_object=upload.full_object)
            if upload_id != upload.upload_id and not any(True for _ in self.parts(twin)):
                self.abort(twin)

    def parts(self, upload: Upload, after: int = 0) -> Iterator[UploadedPart]:
        for page in bounded(self._part_pages(upload, after), "Parts", str(upload.target), self._clock):
            for part in page.get("Parts", []):
                crc = part.get("ChecksumCRC64NVME")
                yield UploadedPart(part["PartNumber"], part["Size"], part["ETag"], decode(crc) if crc else None)

    def _part_pages(self, upload: Upload, after: int) -> Iterator[ListPartsOutputTypeDef]:
        """Each page begins behind the one before it, and none is needed beyond the last part that there can be."""
        page = self._list_parts(upload, after)
        yield page
        while page.get("IsTruncated", False):
            before, after = after, page.get("NextPartNumberMarker", 0)
            if not before < after < MAX_PARTS:
                raise endless(str(upload.target))
            page = self._list_parts(upload, after)
            yield page

    def put_part(self, upload: Upload, number: int, data: bytearray, crc: int) -> str:
        client, key = self._access.client_for(upload.target.bucket), self._access.key_of(upload.target)
        with naming(f"part {number} of {upload.target}"):
            answer = client.upload_part(
                Bucket=upload.target.bucket,
                Key=upload.target.key,
                UploadId=upload.upload_id,
                PartNumber=number,
                Body=data,  # type: ignore[arg-type]  # botocore takes a bytearray, and copies nothing
                ChecksumCRC64NVME=encode(crc),
                **_customer_key(key),
            )
        return answer["ETag"]

    def _list_parts(self, upload: Upload, after: int) -> ListPartsOutputTypeDef:
        client, key = self._access.client_for(upload.target.bucket), self._access.key_of(upload.target)
        with naming(str(upload.target)):
            try:
                return client.list_parts(
                    Bucket=upload.target.bucket,
                    Key=upload.target.key,
                    UploadId=upload.upload_id,
                    PartNumberMarker=after,
                    **_customer_key(key),
                )
            except ClientError as error:
                if code_of(error) == _KEY_IS_DUE and key is None:
                    raise _key_refused(upload.target, key) from error
                raise

    def complete(self, upload: Upload, parts: Sequence[UploadedPart], crc: int, size: int, overwrite: bool) -> None:
        listed = [
            {"PartNumber": part.number, "ETag": part.etag, "ChecksumCRC64NVME": encode(part.crc or 0)} for part in parts
        ]
        conditions: dict[str, Any] = {} if overwrite else {"IfNoneMatch": "*"}
        if upload.full_object:
            conditions |= {"ChecksumCRC64NVME": encode(crc), "ChecksumType": "FULL_OBJECT"}
        client = self._access.client_for(upload.target.bucket)
        with naming(str(upload.target)), _lost_answer(upload.target):
            answer = client.complete_multipart_upload(
                Bucket=upload.target.bucket,
                Key=upload.target.key,
                UploadId=upload.upload_id,
                MultipartUpload={"Parts": listed},  # type: ignore[typeddict-item]  # its shape, by name
                MpuObjectSize=size,
                **conditions,
                **_customer_key(self._access.key_of(upload.target)),
            )
        if not answer.get("ETag"):
            raise StoreUnavailable(f"{upload.target}: S3 answered the completion without an ETag")

    def abort(self, upload: Upload) -> None:
        """Repeats until S3 no longer knows the upload. Raises StoreUnavailable where that takes over a minute."""
        for _ in range(_ABORT_TRIES):
            try:
                self._abort_once(upload)
                if not any(True for _ in self.parts(upload)):
                    self._abort_once(upload)
            except UploadGone:
                return
            except BadEncryptionKey:
                pass  # who aborts may have no key to look with; it is still there
            self._clock.sleep(1.0)
        raise StoreUnavailable(f"{upload.target}: the upload is still listed after {_ABORT_TRIES} aborts")

    def delete(self, target: S3Url, version_id: str | None) -> None:
        client = self._access.client_for(target.bucket)
        version: dict[str, Any] = {"VersionId": version_id} if version_id else {}
        with naming(str(target)):
            client.delete_object(Bucket=target.bucket, Key=target.key, **version)

    def _abort_once(self, upload: Upload) -> None:
        client = self._access.client_for(upload.target.bucket)
        with naming(str(upload.target)):
            client.abort_multipart_upload(Bucket=upload.target.bucket, Key=upload.target.key, UploadId=upload.upload_id)


def _retried(answer: Mapping[str, Any]) -> bool:
    """Whether boto3 asked more than once."""
    return bool(answer.get("ResponseMetadata", {}).get("RetryAttempts"))


@contextmanager
def _lost_answer(target: S3Url) -> Iterator[None]:
    """After a try whose answer was lost, "no such upload" and "it exists" may be the work of that very try."""
    try:
        yield
    except ClientError as error:
        if code_of(error) in _DONE_BEFORE and _retried(error.response):
            raise StoreUnavailable(f"{target}: the answer to the completion was lost") from error
        raise


def _granted(answer: Mapping[str, Any]) -> bool:
    """Whether the store keeps a CRC64NVME over the whole object."""
    return answer.get("ChecksumAlgorithm") == ALGORITHM and answer.get("ChecksumType") == "FULL_OBJECT"


def _customer_key(key: SseKey | None) -> Any:
    """boto3's parameters for SSE-C, encoded here: botocore does so for some operations only."""
    if key is None:
        return {}
    algorithm, encoded, digest = key.headers().values()
    return {"SSECustomerAlgorithm": algorithm, "SSECustomerKey": encoded, "SSECustomerKeyMD5": digest}


def _key_refused(target: S3Url, key: SseKey | None) -> BadEncryptionKey:
    """HEAD has no body that says why; S3 answers 400 without a key that is due, 403 to a wrong one."""
    if key is None:
        return BadEncryptionKey(f"{target} can't be read without its encryption key", "give it with --sse-key-file")
    return BadEncryptionKey(f"{target} can't be read with this encryption key")


@contextmanager
def _sse_refusal(key: SseKey | None) -> Iterator[None]:
    """The refusal of SSE-C that new buckets begin with, told as what it is."""
    try:
        yield
    except ClientError as error:
        if key is not None and code_of(error) == "AccessDenied":
            raise AccessDenied("S3 refused an upload with SSE-C", REFUSED_HINT) from error
        raise
