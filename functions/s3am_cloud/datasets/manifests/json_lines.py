"""Our own format: one JSON object a line, with `source`, `destination`, `size`, `digest`; all else are labels.

Several sources in a list are mirrors of the same content.

The lines of a run's `failed.jsonl` are such objects, too: what they say of the outcome is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from s3am_cloud.datasets.manifests.columns import digest_of, size_of
from s3am_cloud.datasets.manifests.lines import Lines, ManifestLine
from s3am_cloud.datasets.outcomes import Outcome
from s3am_cloud.decoders import Decoder
from s3am_cloud.errors import BadManifest, TransferError

_OWN = ("source", "destination", "size", "digest", "labels")
_NO_LABELS = frozenset(Outcome.__struct_fields__)
_BYTE = re.compile(r" \(byte (\d+)\)$")
_object: Decoder[dict[str, Any]] = Decoder(dict[str, Any])


def read_json_lines(lines: Lines) -> Iterator[ManifestLine]:
    """Raises BadManifest."""
    for text in lines:
        if text.strip() and not text.startswith("#"):
            yield _line(lines, _fields(lines, text))


def _fields(lines: Lines, text: str) -> dict[str, Any]:
    try:
        return _object(text)
    except msgspec.DecodeError as error:
        said = str(error)
        at = _BYTE.search(said)
        column = f":{len(text.encode()[: int(at[1])].decode(errors='ignore')) + 1}" if at else ""
        raise BadManifest(
            f"{lines.place}{column}: not a JSON object: {_BYTE.sub('', said)}", "write one JSON object a line"
        ) from error


def _line(lines: Lines, fields: dict[str, Any]) -> ManifestLine:
    source, *mirrors = _sources(lines, fields)
    destination, size, digest = (fields.get(name) for name in _OWN[1:4])
    if not source:
        raise lines.error('no "source"', hint='write {"source": URL} in each line')
    for name in ("destination", "digest"):
        if not isinstance(fields.get(name), str | None):
            raise lines.error(f'"{name}" is not a text', f'"{name}"', "write it in quotes")
    if not isinstance(size, int | str | None) or isinstance(size, bool):
        raise lines.error('"size" is not a number of bytes', '"size"', "write it in digits only")
    name = "size"
    try:
        known_size = size_of(str(size)) if size is not None else None
        name = "digest"
        known_digest = digest_of(digest) if digest else None
    except TransferError as error:
        raise lines.error(error.message, f'"{name}"', error.hint) from error
    labels = _labels(lines, fields)
    return ManifestLine(
        place=lines.place,
        text=lines.text,
        source=source,
        destination=destination or None,
        size=known_size,
        digest=known_digest,
        mirrors=tuple(mirrors),
        labels=labels,
        is_outcome=not fields.keys().isdisjoint({"state", "error"}),
        columns={**labels, "source": source, **_columns(fields)},
    )


def _sources(lines: Lines, fields: dict[str, Any]) -> list[str]:
    """The source, or the first one and its mirrors."""
    given = fields.get("source")
    found = given if isinstance(given, list) else [given or ""]
    if not all(isinstance(one, str) for one in found):
        raise lines.error('"source" is not a text', '"source"', "write it in quotes, several as a list")
    if any("://" not in one for one in found[1:]):
        raise lines.error("a mirror is not a URL", '"source"', "write whole URLs after the first one")
    return found or [""]


def _columns(fields: dict[str, Any]) -> dict[str, str]:
    return {name: str(fields[name]) for name in _OWN[1:4] if fields.get(name) is not None}


def _labels(lines: Lines, fields: dict[str, Any]) -> dict[str, str]:
    """Texts as they are, other values as JSON; what is null says nothing."""
    given = fields.get("labels", {})
    if not isinstance(given, dict):
        raise lines.error('"labels" is not an object', '"labels"', 'write {"NAME": "VALUE"}')
    others = {name: value for name, value in fields.items() if name not in _NO_LABELS}
    return {
        name: value if isinstance(value, str) else msgspec.json.encode(value).decode()
        for name, value in {**given, **others}.items()
        if value is not None
    }
