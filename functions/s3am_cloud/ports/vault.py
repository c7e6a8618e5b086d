"""The contract of what seals and keeps secrets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Vault(Protocol):
    """Where secrets are sealed and kept. Every call may raise AccessDenied, StoreBusy or StoreUnavailable."""

    def seal(self, plain: bytes, binding: Mapping[str, str]) -> str:
        """The ciphertext of up to `KMS_PLAINTEXT` bytes in base64, to be opened with the same binding only."""

    def open(self, sealed: str, binding: Mapping[str, str]) -> bytes:
        """What was sealed with this binding. Raises SealedForAnother where it was not, or was altered since."""

    def named(self, name: str) -> str:
        """The present value of a named secret. Raises NoSuchSecret."""
