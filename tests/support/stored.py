"""What is in a bucket after a command has run."""

import base64
import hashlib
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from servers.content import BLOCK, Content, Data, crc64nvme
from servers.proxy_rules import GET_OBJECT, Match

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CONTENT_READ = Match("GET", {}, without=(*GET_OBJECT.without, "tagging", "attributes", "acl"))
"""A request for an object's bytes, and not for what is known of it."""


class Stored:
    """A bucket, looked at with a client that the product has no part in."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self.client = client
        self.bucket = bucket

    def url(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}"

    def put(self, key: str, data: bytes) -> None:
        """Store an object as others would, by one request."""
        self.client.put_object(Bucket=self.bucket, Key=key, Body=data, ChecksumAlgorithm="CRC64NVME")

    def keys(self) -> list[str]:
        """Every object's key."""
        return [item["Key"] for item in self.client.list_objects_v2(Bucket=self.bucket).get("Contents", [])]

    def unfinished(self) -> list[tuple[str, str]]:
        """Key and upload id of every multipart upload that is neither completed nor aborted."""
        uploads = self.client.list_multipart_uploads(Bucket=self.bucket).get("Uploads", [])
        return [(upload["Key"], upload["UploadId"]) for upload in uploads]

    def begin(self, key: str) -> str:
        """Open a multipart upload, and give its id."""
        return self.client.create_multipart_upload(Bucket=self.bucket, Key=key)["UploadId"]

    def parts(self, key: str) -> list[int]:
        """The numbers of the parts of a key's only unfinished upload, each once; none while there is none.

        For a while the strict server lists a part that was replaced beside the one that replaced it.
        """
        ids = [upload for name, upload in self.unfinished() if name == key]
        if not ids:
            return []
        (upload,) = ids
        listed = self.client.list_parts(Bucket=self.bucket, Key=key, UploadId=upload)
        return sorted({part["PartNumber"] for part in listed.get("Parts", [])})

    def assert_is(self, key: str, content: Content) -> None:
        """The object is this content, byte for byte."""
        answer = self.client.get_object(Bucket=self.bucket, Key=key)
        assert answer["ContentLength"] == content.size
        _assert_same(answer["Body"].iter_chunks(BLOCK), content)

    def assert_holds(self, key: str, content: Content) -> None:
        """The object is this content, byte for byte, and the store keeps the right CRC64NVME of its whole."""
        self.assert_is(key, content)
        head = self.client.head_object(Bucket=self.bucket, Key=key, ChecksumMode="ENABLED")
        assert head["ChecksumCRC64NVME"] == crc64nvme(content)
        assert head.get("ChecksumType", "FULL_OBJECT") == "FULL_OBJECT"

    def assert_untouched(self) -> None:
        """Neither an object nor an unfinished upload is there."""
        assert self.keys() == []
        assert self.unfinished() == []


def assert_file_holds(path: Path, content: Content) -> None:
    """The file is this content, byte for byte."""
    assert path.stat().st_size == content.size
    with path.open("rb") as file:
        _assert_same(iter(lambda: file.read(BLOCK), b""), content)


def _assert_same(chunks: Iterator[bytes], content: Content) -> None:
    # Compared block by block: a failure that showed hundreds of megabytes would help nobody.
    place = 0
    for chunk in chunks:
        assert _equal(chunk, content.read(place, len(chunk))), f"other bytes from offset {place} on"
        place += len(chunk)
    assert place == content.size


def _equal(left: Data, right: Data) -> bool:
    return bytes(left) == bytes(right)


def own(metadata: Mapping[str, str]) -> dict[str, str]:
    """Metadata without those that say where an object came from."""
    return {name: value for name, value in metadata.items() if not name.startswith("s3am-cloud-")}


def answer(algorithm: str, data: bytes) -> str:
    """The tests' own oracle: hexadecimal digits."""
    if algorithm == "crc64nvme":
        return base64.b64decode(crc64nvme(data)).hex()
    return f"{zlib.crc32(data):08x}" if algorithm == "crc32" else hashlib.new(algorithm, data).hexdigest()
