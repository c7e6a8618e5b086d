"""An object that is written piece by piece, with one part of it in memory."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from s3am_cloud.limits import WRITTEN_PART

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class ObjectWriter(io.RawIOBase):
    """A small object is one PutObject; a larger one a multipart upload."""

    def __init__(self, client: S3Client, bucket: str, key: str) -> None:
        super().__init__()
        self._client = client
        self._bucket, self._key = bucket, key
        self._held = bytearray()
        self._upload: str | None = None
        self._etags: list[str] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._held += data
        while len(self._held) >= WRITTEN_PART:
            self._send(bytes(self._held[:WRITTEN_PART]))
            del self._held[:WRITTEN_PART]
        return len(data)

    def finish(self) -> None:
        """Makes the object of what was written."""
        if self._upload is None:
            self._client.put_object(Bucket=self._bucket, Key=self._key, Body=bytes(self._held))
            return
        if self._held:
            self._send(bytes(self._held))
        self._client.complete_multipart_upload(
            Bucket=self._bucket,
            Key=self._key,
            UploadId=self._upload,
            MultipartUpload={"Parts": [{"ETag": tag, "PartNumber": at} for at, tag in enumerate(self._etags, 1)]},
        )

    def _send(self, data: bytes) -> None:
        if self._upload is None:
            self._upload = self._client.create_multipart_upload(Bucket=self._bucket, Key=self._key)["UploadId"]
        sent = self._client.upload_part(
            Bucket=self._bucket,
            Key=self._key,
            UploadId=self._upload,
            PartNumber=len(self._etags) + 1,
            Body=data,
        )
        self._etags.append(sent["ETag"])
