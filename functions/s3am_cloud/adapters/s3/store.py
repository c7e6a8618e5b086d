"""Control calls to S3, over boto3."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import ClientError

from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.adapters.s3.answers import code_of, naming
from s3am_cloud.adapters.s3.attributes import parameters
from s3am_cloud.adapters.s3.completion import completing, listed, was_retried
from s3am_cloud.adapters.s3.denials import DENIED, is_optional, without_right
from s3am_cloud.adapters.s3.encryption import check_decrypts, sse_refusal, uses_kms
from s3am_cloud.adapters.s3.features import Feature
from s3am_cloud.adapters.s3.fewer import repeated
from s3am_cloud.adapters.s3.head import customer_key, key_refused, look, named_version, without_archive
from s3am_cloud.adapters.s3.pages import bounded, endless
from s3am_cloud.checksums.crc64nvme import ALGORITHM, decode, encode
from s3am_cloud.concurrency import Note, silent
from s3am_cloud.errors import (
    AccessDenied,
    BadDestination,
    BadEncryptionKey,
    ObjectExists,
    StoreUnavailable,
    UploadGone,
)
from s3am_cloud.etags import quoted
from s3am_cloud.limits import MAX_PARTS
from s3am_cloud.model import Attributes, ObjectInfo, Upload, UploadedPart
from s3am_cloud.ports.transfer import Clock
from s3am_cloud.urls import S3Url

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import (
        CompleteMultipartUploadOutputTypeDef,
        CreateMultipartUploadOutputTypeDef,
        ListPartsOutputTypeDef,
        PartTypeDef,
        UploadPartOutputTypeDef,
    )

# S3AM's rule: whoever owns the bucket owns what is uploaded to it.
ACL: Literal["bucket-owner-full-control"] = "bucket-owner-full-control"
_CREATED_WITH: Mapping[Feature, Mapping[str, Any]] = {
    "acl": {"ACL": ACL},
    "checksum": {"ChecksumAlgorithm": ALGORITHM, "ChecksumType": "FULL_OBJECT"},
}
# To who lists the parts of an upload with a checksum and a customer's key, and has no key (API reference, ListParts).
_KEY_IS_DUE = "InvalidRequest"
# Parts in flight may land after an abort; each try lets a second pass.
_ABORT_TRIES = 60


class S3Store:
    """The `ObjectStore` at AWS, and at stores that speak its protocol."""

    def __init__(self, access: S3Access, clock: Clock, note: Note = silent) -> None:
        self._access, self._clock, self._note = access, clock, note
        self._noted = set[str]()

    def head(self, target: S3Url) -> ObjectInfo | None:
        client, key = self._access.client_for(target.bucket), self._access.key_of(target)
        with _naming(str(target)):
            info = look(client, target, key)
        if info is None or self._access.features(target.bucket).aws:
            return info
        return without_archive(info)

    def region(self, target: S3Url) -> str | None:
        return self._access.endpoint(target.bucket).region

    def lists(self, target: S3Url) -> bool:
        client = self._access.client_for(target.bucket)
        with _naming(str(target)):
            try:
                # A key comes before all that begin with it.
                found = client.list_objects_v2(Bucket=target.bucket, Prefix=target.key, MaxKeys=1)
            except ClientError as error:
                if is_optional(error):
                    return False
                raise
            return any(item["Key"] == target.key for item in found.get("Contents", []))

    def tags(self, target: S3Url) -> dict[str, str] | None:
        client = self._access.client_for(target.bucket)
        with _naming(f"the tags of {target}"):
            try:
                answer = client.get_object_tagging(Bucket=target.bucket, Key=target.key, **named_version(target))
            except ClientError as error:
                if code_of(error) == "NoSuchTagSet":
                    return {}
                if not is_optional(error):
                    raise
                self._note_once(f"The tags of {target} can't be read ({code_of(error)}): the copy is made without them")
                return None
            return {tag["Key"]: tag["Value"] for tag in answer.get("TagSet", [])}

    def unfinished(self, target: S3Url, needed: bool = False) -> Sequence[str]:
        what = f"the unfinished uploads of {target}"
        with _naming(what):
            try:
                return [upload.upload_id for upload in self._uploads(target) if upload.target == target]
            except ClientError as error:
                if needed and code_of(error) in DENIED:
                    raise without_right("s3:ListBucketMultipartUploads", error, what) from error
                if not is_optional(error):
                    raise
                self._note_once(
                    f"The unfinished uploads of {target} can't be listed ({code_of(error)}; it takes the right "
                    "s3:ListBucketMultipartUploads): none is resumed or discarded"
                )
                return []

    def checks_puts(self, target: S3Url) -> bool:
        return self._access.features(target.bucket).aws

    def unfinished_below(self, prefix: S3Url) -> Iterator[Upload]:
        what = f"the unfinished uploads of {prefix}"
        with _naming(what):
            try:
                yield from self._uploads(prefix)
            except ClientError as error:
                if code_of(error) in DENIED:
                    raise without_right("s3:ListBucketMultipartUploads", error, what) from error
                raise

    def _uploads(self, prefix: S3Url) -> Iterator[Upload]:
        client = self._access.client_for(prefix.bucket)
        pages = client.get_paginator("list_multipart_uploads").paginate(Bucket=prefix.bucket, Prefix=prefix.key)
        for page in bounded(pages, "Uploads", str(prefix), self._clock):
            for found in page.get("Uploads", []):
                target = S3Url(prefix.bucket, found["Key"])
                begun = found.get("Initiated")
                yield Upload(
                    target=target,
                    upload_id=found["UploadId"],
                    full_object=False,
                    initiated=None if begun is None else begun.isoformat(),
                    storage_class=found.get("StorageClass"),
                )

    def find(self, target: S3Url, upload_id: str) -> Upload:
        page = self._list_parts(Upload(target=target, upload_id=upload_id, full_object=False), 0)
        return Upload(target=target, upload_id=upload_id, full_object=_granted(page))

    def create(self, target: S3Url, attributes: Attributes, copied_tags: bool = False) -> Upload:
        client, key = self._access.client_for(target.bucket), self._access.key_of(target)
        features, fixed = self._access.features(target.bucket), {**parameters(attributes), **customer_key(key)}
        optional = dict(_CREATED_WITH)
        if copied_tags and "Tagging" in fixed:
            optional["tags"] = {"Tagging": fixed.pop("Tagging")}

        def send(optional: Mapping[str, Any]) -> CreateMultipartUploadOutputTypeDef:
            return client.create_multipart_upload(Bucket=target.bucket, Key=target.key, **optional, **fixed)

        with _naming(str(target)), sse_refusal(key):
            answer = repeated(features, optional, send)
        if not answer.get("UploadId"):
            raise StoreUnavailable(
                f"{target}: the store answered without an upload id, and may keep an upload that nobody knows of",
                "check the endpoint; s3am-cloud cancel discards unfinished uploads",
            )
        untagged = "tags" in optional and not features.has("tags")
        upload = Upload(target=target, upload_id=answer["UploadId"], full_object=_granted(answer), untagged=untagged)
        if was_retried(answer):
            self._drop_twins(upload)
        if uses_kms(answer):
            check_decrypts(upload, answer, lambda: self._list_parts(upload, 0), lambda: self._abort_once(upload))
        return upload

    def _drop_twins(self, upload: Upload) -> None:
        """Aborts what tries opened whose answers were lost: nobody knows of it, and it would cost storage."""
        for upload_id in self.unfinished(upload.target):
            twin = Upload(target=upload.target, upload_id=upload_id, full_object=upload.full_object)
            # Who may not list parts may not abort either, or leaves it: the twin may be another transfer's.
            with suppress(AccessDenied):
                if upload_id != upload.upload_id and not any(True for _ in self.parts(twin)):
                    self.abort(twin)

    def parts(self, upload: Upload, after: int = 0) -> Iterator[UploadedPart]:
        for page in bounded(self._part_pages(upload, after), "Parts", str(upload.target), self._clock):
            with _naming(str(upload.target)):
                found = [_uploaded(part) for part in page.get("Parts", [])]
            yield from found

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

        features = self._access.features(upload.target.bucket)

        # Every store checks a Content-MD5; not all look at other checksums.
        fixed: dict[str, Any] = {} if features.aws else {"ContentMD5": _md5(data)}

        def send(optional: Mapping[str, Any]) -> UploadPartOutputTypeDef:
            return client.upload_part(
                Bucket=upload.target.bucket,
                Key=upload.target.key,
                UploadId=upload.upload_id,
                PartNumber=number,
                Body=data,  # type: ignore[arg-type]  # botocore takes a bytearray, and copies nothing
                **optional,
                **fixed,
                **customer_key(key),
            )

        with _naming(f"part {number} of {upload.target}"):
            answer = repeated(features, {"checksum": {"ChecksumCRC64NVME": encode(crc)}}, send)
        return quoted(answer.get("ETag", ""))

    def _note_once(self, text: str) -> None:
        if text not in self._noted:
            self._noted.add(text)
            self._note(text)

    def _list_parts(self, upload: Upload, after: int) -> ListPartsOutputTypeDef:
        client, key = self._access.client_for(upload.target.bucket), self._access.key_of(upload.target)
        with _naming(str(upload.target)):
            try:
                return client.list_parts(
                    Bucket=upload.target.bucket,
                    Key=upload.target.key,
                    UploadId=upload.upload_id,
                    PartNumberMarker=after,
                    **customer_key(key),
                )
            except ClientError as error:
                if code_of(error) == _KEY_IS_DUE and key is None:
                    raise key_refused(upload.target, key) from error
                if code_of(error) in DENIED:
                    what = f"the parts of the unfinished upload of {upload.target}"
                    raise without_right("s3:ListMultipartUploadParts", error, what) from error
                raise

    def complete(self, upload: Upload, parts: Sequence[UploadedPart], crc: int, size: int, overwrite: bool) -> None:
        target = upload.target
        client, key = self._access.client_for(target.bucket), self._access.key_of(target)
        optional: dict[Feature, dict[str, Any]] = {
            "object-size": {"MpuObjectSize": size},
            "checksum": {"MultipartUpload": listed(parts, with_checksums=True)},
        }
        if upload.full_object:
            optional["checksum"] |= {"ChecksumCRC64NVME": encode(crc), "ChecksumType": "FULL_OBJECT"}
        if not overwrite:
            # Left out last, as it is what keeps another transfer's object from being replaced.
            optional["condition"] = {"IfNoneMatch": "*"}

        def send(sent: Mapping[str, Any]) -> CompleteMultipartUploadOutputTypeDef:
            if not overwrite and "IfNoneMatch" not in sent and self.head(target) is not None:
                raise ObjectExists(f"{target} exists")
            given: dict[str, Any] = {"MultipartUpload": listed(parts, with_checksums=False), **sent}
            return client.complete_multipart_upload(
                Bucket=target.bucket, Key=target.key, UploadId=upload.upload_id, **given, **customer_key(key)
            )

        with _naming(str(target)), completing(target):
            answer = repeated(self._access.features(target.bucket), optional, send)
        if not answer.get("ETag"):
            raise StoreUnavailable(f"{target}: S3 answered the completion without an ETag")

    def abort(self, upload: Upload) -> None:
        """Repeats until S3 no longer knows the upload. Raises StoreUnavailable where that takes over a minute."""
        for _ in range(_ABORT_TRIES):
            try:
                self._abort_once(upload)
                if not any(True for _ in self.parts(upload)):
                    self._abort_once(upload)
            except UploadGone:
                return
            except AccessDenied:
                self._abort_unseen(upload)
                return
            except BadEncryptionKey:
                pass  # who aborts may have no key to look with; it is still there
            self._clock.sleep(1.0)
        raise StoreUnavailable(f"{upload.target}: the upload is still listed after {_ABORT_TRIES} aborts")

    def _abort_unseen(self, upload: Upload) -> None:
        """For who may abort and not look: a second time, for parts that were in flight. Raises AccessDenied."""
        with suppress(UploadGone):
            self._abort_once(upload)

    def delete(self, target: S3Url, version_id: str | None) -> None:
        client = self._access.client_for(target.bucket)
        version: dict[str, Any] = {"VersionId": version_id} if version_id else {}
        with _naming(str(target)):
            client.delete_object(Bucket=target.bucket, Key=target.key, **version)

    def _abort_once(self, upload: Upload) -> None:
        client = self._access.client_for(upload.target.bucket)
        with _naming(str(upload.target)):
            client.abort_multipart_upload(Bucket=upload.target.bucket, Key=upload.target.key, UploadId=upload.upload_id)


def _uploaded(part: PartTypeDef) -> UploadedPart:
    crc = part.get("ChecksumCRC64NVME")
    return UploadedPart(part["PartNumber"], part["Size"], quoted(part.get("ETag", "")), decode(crc) if crc else None)


def _granted(answer: Mapping[str, Any]) -> bool:
    """Whether the store keeps a CRC64NVME over the whole object."""
    return answer.get("ChecksumAlgorithm") == ALGORITHM and answer.get("ChecksumType") == "FULL_OBJECT"


def _md5(data: bytearray) -> str:
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def _naming(what: str) -> AbstractContextManager[None]:
    return naming(what, BadDestination)
