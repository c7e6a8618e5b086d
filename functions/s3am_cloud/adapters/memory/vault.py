"""A vault in memory."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

from s3am_cloud.errors import NoSuchSecret, SealedForAnother


class MemoryVault:
    """Nothing of this is encrypted: it is for tests and simulations."""

    def __init__(self, named: Mapping[str, str] | None = None) -> None:
        self._named = dict(named or {})

    def seal(self, plain: bytes, binding: Mapping[str, str]) -> str:
        return base64.b64encode(json.dumps([dict(binding), plain[::-1].hex()]).encode()).decode()

    def open(self, sealed: str, binding: Mapping[str, str]) -> bytes:
        try:
            bound, reverse = json.loads(base64.b64decode(sealed, validate=True))
        except ValueError:
            bound = None
        if bound != binding:
            raise SealedForAnother(f"what is sealed in the record was not sealed for {', '.join(binding.values())}")
        return bytes.fromhex(reverse)[::-1]

    def named(self, name: str) -> str:
        if name not in self._named:
            raise NoSuchSecret(f"there is no secret {name}")
        return self._named[name]
