"""JSON, or what was JSON, that comes from outside: as values.

msgspec prepares a type when it is first decoded, and crashes the process where several threads do that at once. So
every module makes its decoders when it is imported, which happens before there are threads.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec

Value = TypeVar("Value")

TOO_DEEP = "it is nested too deeply"


class Decoder(Generic[Value]):
    """Decodes JSON as values of one type."""

    def __init__(self, kind: Any) -> None:
        self._decoder = msgspec.json.Decoder(kind)

    def __call__(self, data: bytes | str) -> Value:
        """Raises msgspec.DecodeError, and nothing else, for whatever is not JSON of that type."""
        try:
            decoded: Value = self._decoder.decode(data)
        except RecursionError:
            raise msgspec.DecodeError(TOO_DEEP) from None
        except UnicodeError:
            raise msgspec.DecodeError("it is not UTF-8") from None
        return decoded


class Converter(Generic[Value]):
    """Makes values of one type from dictionaries and lists."""

    def __init__(self, kind: Any) -> None:
        self._kind = kind
        msgspec.json.Decoder(kind)  # prepares the type

    def __call__(self, data: object) -> Value:
        """Raises msgspec.ValidationError, and nothing else, for whatever is not of that type."""
        try:
            converted: Value = msgspec.convert(data, self._kind)
        except RecursionError:
            raise msgspec.ValidationError(TOO_DEEP) from None
        return converted


decode_any: Decoder[Any] = Decoder(Any)
