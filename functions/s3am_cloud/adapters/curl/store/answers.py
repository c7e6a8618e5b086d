"""What S3's answer to a PUT means."""

from __future__ import annotations

from collections.abc import Mapping

from s3am_cloud.adapters.curl.store.put import TRAILER, Sums
from s3am_cloud.adapters.curl.transport.easy import Response
from s3am_cloud.adapters.s3.codes import part_error_for
from s3am_cloud.adapters.s3.refusals import error_code, error_message
from s3am_cloud.checksums.crc64nvme import encode
from s3am_cloud.errors import ChecksumMismatch, SpoiledByStore, TransferError
from s3am_cloud.etags import is_md5, plain


def store_error(status: int, body: bytes, what: str) -> TransferError | None:
    """None for success, else the named error, whose type says whether the part is worth another try."""
    code = error_code(body)
    if status // 100 == 2 and not code:
        return None
    said = f"S3 answered {status} {code}".rstrip() + f" to {what}"
    # A copy's error may come with status 200.
    return part_error_for(code, 400 if status // 100 == 2 else status, said, error_message(body))


def shows_bytes(
    response: Response, crc: int, sums: Sums | None, digests: Mapping[str, str] | None = None
) -> bool | None:
    """Whether a good answer shows that the store has just the bytes that were sent; None where it does not say.

    It does by the CRC64NVME that the store computed, by one of the `digests` that were sent as headers, or by an ETag,
    which is an MD5 unless the store encrypts.
    """
    kept = response.header(TRAILER)
    if kept is not None:
        return kept == encode(crc)
    for name, value in (digests or {}).items():
        if (stated := response.header(name)) is not None:
            return stated == value
    etag = plain(response.header("ETag") or "")
    if sums is None or not is_md5(etag) or _encrypts(response):
        return None
    return etag == sums.content


def other_bytes(response: Response, sums: Sums | None, what: str) -> TransferError:
    """The error for an answer which shows that the store has other bytes."""
    if sums is not None and plain(response.header("ETag") or "") == sums.sent:
        return SpoiledByStore(f"{what}: the store keeps the framing of aws-chunked bodies as if it were content")
    return ChecksumMismatch(f"{what}: the store has other bytes than were sent")


def _encrypts(response: Response) -> bool:
    said = response.header("x-amz-server-side-encryption")
    return (
        said not in {None, "AES256"} or response.header("x-amz-server-side-encryption-customer-algorithm") is not None
    )
