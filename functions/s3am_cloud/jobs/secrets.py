"""What of a job is secret, and the vault that seals and keeps it."""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

from s3am_cloud.logins import HostLogins
from s3am_cloud.sse import KeyRing, from_base64


class Secrets(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What of a job nobody may read. Keys are base64 of 32 bytes; None and False say nothing.

    `source` is the whole URL where its displayable form is less, `logins` are what else its server gets.
    """

    source: str | None = None
    sse_key: str | None = None
    sse_key_is_master: bool = False
    src_sse_key: str | None = None
    src_sse_key_is_master: bool = False
    logins: HostLogins = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"

    def __bool__(self) -> bool:
        return any(value for value in msgspec.structs.astuple(self))

    def keys(self) -> KeyRing:
        """The destination's. Raises BadEncryptionKey."""
        return _ring(self.sse_key, self.sse_key_is_master)

    def source_keys(self) -> KeyRing:
        """The source's, where that is an object in S3. Raises BadEncryptionKey."""
        return _ring(self.src_sse_key, self.src_sse_key_is_master)

    def keys_id(self, destination: str) -> str:
        """An id that other keys don't have and that gives nothing of these away; empty where there are none.

        A key may be a phrase that somebody could guess, so scrypt makes trying costly (16 MiB, some 50 ms).
        """
        if not self.sse_key and not self.src_sse_key:
            return ""
        keys = msgspec.json.encode(msgspec.structs.replace(self, source=None, logins=()))
        return hashlib.scrypt(keys, salt=destination.encode(), n=1 << 14, r=8, p=1, dklen=16).hex()

    def under(self, later: Secrets) -> Secrets:
        """These, but for what `later` says; a key and whether it is a master key go together."""
        first = later if later.sse_key else self
        second = later if later.src_sse_key else self
        return Secrets(
            source=later.source or self.source,
            sse_key=first.sse_key,
            sse_key_is_master=first.sse_key_is_master,
            src_sse_key=second.src_sse_key,
            src_sse_key_is_master=second.src_sse_key_is_master,
            logins=later.logins or self.logins,
        )


NO_SECRETS: Final = Secrets()


def _ring(key: str | None, is_master: bool) -> KeyRing:
    return KeyRing(from_base64(key), is_master) if key else KeyRing()
