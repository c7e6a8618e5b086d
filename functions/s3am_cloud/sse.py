"""SSE-C: encryption in S3 with keys that the customer keeps.

A key is a secret: it never shows in a representation, a message or a record. Whoever has a master key derives each
object's own key from it, by the formula of S3AM, so that objects written by S3AM stay readable.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets

from s3am_cloud.errors import BadEncryptionKey
from s3am_cloud.urls import S3Url

KEY_BYTES = 32
# Since April 2026 new buckets refuse SSE-C until their owner says otherwise.
REFUSED_HINT = (
    "buckets made since April 2026 refuse SSE-C: allow it with PutBucketEncryption (BlockedEncryptionTypes: NONE), "
    "or check what the credentials may do"
)


class SseKey:
    """The 256-bit key of one object."""

    __slots__ = ("raw",)

    def __init__(self, raw: bytes) -> None:
        """Raises BadEncryptionKey unless there are 32 bytes."""
        if len(raw) != KEY_BYTES:
            raise BadEncryptionKey(
                f"an SSE-C key has {KEY_BYTES} bytes, not {len(raw)}", "make one with s3am-cloud generate-sse-key"
            )
        self.raw = raw

    def __repr__(self) -> str:
        return "SseKey(...)"

    def headers(self, of_copy_source: bool = False) -> dict[str, str]:
        """What a request on the object carries; with `of_copy_source`, a request that copies from it."""
        prefix = "x-amz-copy-source-" if of_copy_source else "x-amz-"
        return {
            f"{prefix}server-side-encryption-customer-algorithm": "AES256",
            f"{prefix}server-side-encryption-customer-key": base64.b64encode(self.raw).decode(),
            # S3 wants the MD5 to notice a key that was garbled on its way.
            f"{prefix}server-side-encryption-customer-key-md5": base64.b64encode(
                hashlib.md5(self.raw, usedforsecurity=False).digest()
            ).decode(),
        }


class KeyRing:
    """The key of each object on one side of a transfer: none, one and the same, or derived from a master key."""

    __slots__ = ("is_master", "key")

    def __init__(self, key: SseKey | None = None, is_master: bool = False) -> None:
        self.key, self.is_master = key, is_master

    def __repr__(self) -> str:
        return "KeyRing(...)"

    def key_of(self, target: S3Url, region: str) -> SseKey | None:
        if self.key is None or not self.is_master:
            return self.key
        return derive(self.key, target, region)

    def __bool__(self) -> bool:
        return self.key is not None


def derive(master: SseKey, target: S3Url, region: str) -> SseKey:
    """S3AM's formula: SHA-256 over the master key and the object's URL.

    S3AM's help spoke of SHA-1, its code took SHA-256.
    """
    host = "s3.amazonaws.com" if region in {"", "us-east-1"} else f"s3-{region}.amazonaws.com"
    return SseKey(hashlib.sha256(master.raw + f"https://{host}/{target.bucket}/{target.key}".encode()).digest())


def from_base64(text: str) -> SseKey:
    """Raises BadEncryptionKey, without a word of what was given."""
    try:
        return SseKey(base64.b64decode(text, validate=True))
    except binascii.Error as error:
        raise BadEncryptionKey("the encryption key is not base64") from error


def generate() -> SseKey:
    return SseKey(secrets.token_bytes(KEY_BYTES))
