"""The object stores under contract, each with a way in and out beside the port."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from s3am_cloud.adapters.memory.transfer import MemoryStore
from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.adapters.s3.store import S3Store
from s3am_cloud.checksums.crc64nvme import update
from s3am_cloud.model import Upload, UploadedPart
from s3am_cloud.ports.transfer import ObjectStore
from s3am_cloud.urls import S3Url
from support.fakes import FakeClock

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class StoreCase(Protocol):
    """A store, and what a test needs beside it."""

    bucket: str

    @property
    def store(self) -> ObjectStore: ...

    def put_object(self, target: S3Url, data: bytes) -> None: ...

    def put_part(self, upload: Upload, number: int, data: bytes) -> None: ...

    def sent(self, upload: Upload) -> list[UploadedPart]:
        """The parts that are listed, with the CRCs that they were sent with."""

    def content(self, target: S3Url) -> bytes: ...


class MemoryCase:
    def __init__(self) -> None:
        self.store = MemoryStore()
        self.bucket = "bucket"

    def put_object(self, target: S3Url, data: bytes) -> None:
        self.store.put_object(target, data, overwrite=True)

    def put_part(self, upload: Upload, number: int, data: bytes) -> None:
        self.store.put_part(upload, number, data, update(0, data))

    def sent(self, upload: Upload) -> list[UploadedPart]:
        return list(self.store.parts(upload))

    def content(self, target: S3Url) -> bytes:
        return self.store.content(target)


class S3Case:
    def __init__(self, access: S3Access, client: S3Client, bucket: str) -> None:
        self.store = S3Store(access, FakeClock())
        self.bucket = bucket
        self._client = client
        self._crcs: dict[tuple[str, int], int] = {}

    def put_object(self, target: S3Url, data: bytes) -> None:
        self._client.put_object(Bucket=target.bucket, Key=target.key, Body=data, ChecksumAlgorithm="CRC64NVME")

    def put_part(self, upload: Upload, number: int, data: bytes) -> None:
        self._client.upload_part(
            Bucket=upload.target.bucket,
            Key=upload.target.key,
            UploadId=upload.upload_id,
            PartNumber=number,
            Body=data,
            ChecksumAlgorithm="CRC64NVME",
        )
        self._crcs[upload.upload_id, number] = update(0, data)

    def sent(self, upload: Upload) -> list[UploadedPart]:
        """This S3 server verifies the CRC of a part, but does not list it."""
        return [
            UploadedPart(part.number, part.length, part.etag, self._crcs[upload.upload_id, part.number])
            for part in self.store.parts(upload)
        ]

    def content(self, target: S3Url) -> bytes:
        return self._client.get_object(Bucket=target.bucket, Key=target.key)["Body"].read()


def listed(store: ObjectStore, upload: Upload, after: int = 0) -> list[UploadedPart]:
    return list(store.parts(upload, after))
