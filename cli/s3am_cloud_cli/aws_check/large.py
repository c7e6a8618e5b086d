"""Objects of many gigabytes, made inside S3 of a small one: nothing of that passes through this machine."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from s3am_cloud.adapters.s3.answers import naming
from s3am_cloud.limits import MAX_COPY_PART, MIB
from s3am_cloud_cli.aws_check.bench import Bench
from s3am_cloud_client import upload

SEED: Final = 64 * MIB
LARGE: Final = MAX_COPY_PART
"""Of the object that the others are made of: S3 copies no more by one request."""
_AT_ONCE: Final = 8


def five_gib(bench: Bench) -> str:
    """The key of an object of 5 GiB, made of 80 copies of one of 64 MiB."""
    bucket = bench.bucket("plain")
    upload(bench.file(SEED), f"s3://{bucket}/seed.bin", options=bench.options, exists="skip")
    return composed(bench, bucket, "five.bin", [("seed.bin", 0, SEED)] * (LARGE // SEED))


def composed(bench: Bench, bucket: str, key: str, pieces: list[tuple[str, int, int]]) -> str:
    """Makes an object of ranges of others, each a key, an offset and a length; nothing where it is there already."""
    s3 = bench.client("s3")
    with naming(f"s3://{bucket}/{key}"):
        if s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("Contents"):
            return key
        upload_id = s3.create_multipart_upload(
            Bucket=bucket, Key=key, ChecksumAlgorithm="CRC64NVME", ChecksumType="FULL_OBJECT"
        )["UploadId"]

        def copy(numbered: tuple[int, tuple[str, int, int]]) -> dict[str, Any]:
            number, (source, first, length) = numbered
            answer = s3.upload_part_copy(
                Bucket=bucket,
                Key=key,
                UploadId=upload_id,
                PartNumber=number,
                CopySource={"Bucket": bucket, "Key": source},
                CopySourceRange=f"bytes={first}-{first + length - 1}",
            )["CopyPartResult"]
            return {"PartNumber": number, "ETag": answer["ETag"]}

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            parts = list(pool.map(copy, enumerate(pieces, 1)))
        s3.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload_id, MultipartUpload={"Parts": parts})
    return key


def ranges(key: str, size: int, piece: int) -> Iterator[tuple[str, int, int]]:
    """Pieces of one object, repeated until they make `size` bytes; `piece` is the object's own size."""
    for start in range(0, size, piece):
        yield key, 0, min(piece, size - start)
