"""Which format a manifest has, by its first lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from s3am_cloud.datasets.manifests.checksum_lines import is_checksum_line, read_checksum_lines
from s3am_cloud.datasets.manifests.inventories import is_inventory, read_inventory
from s3am_cloud.datasets.manifests.json_lines import read_json_lines
from s3am_cloud.datasets.manifests.lines import Lines, ManifestLine
from s3am_cloud.datasets.manifests.metalinks import read_metalink
from s3am_cloud.datasets.manifests.tables import read_ena, read_gdc, read_table, table_reader
from s3am_cloud.datasets.manifests.transfer_tables import VERSION, read_transfer_table
from s3am_cloud.datasets.manifests.url_lists import is_url_table, read_url_list
from s3am_cloud.errors import BadManifest

Reader = Callable[[Lines], Iterator[ManifestLine]]

READERS: dict[str, Reader] = {
    "jsonl": read_json_lines,
    "csv": read_table,
    "ena": read_ena,
    "gdc": read_gdc,
    "sts": read_transfer_table,
    "checksums": read_checksum_lines,
    "urls": read_url_list,
    "inventory": read_inventory,
    "metalink": read_metalink,
}
_SAMPLE = 20
# What makes a line more than one name.
_SEPARATORS = set('\t,;|"<>{}')
_HINT = f"name its format with --manifest-format: {', '.join(READERS)}; a table needs a header with a column source"


def detected(lines: Lines) -> Reader:
    """Raises BadManifest for what is in no format that can be read."""
    every = lines.peek(_SAMPLE)
    head = [text for text in every if text.strip() and not text.startswith("#")]
    if not head:
        raise BadManifest(f"{lines.name} has no items", "a manifest has one item a line")
    first = head[0].strip()
    if first.startswith("["):
        raise BadManifest(f"{lines.name}:1:1: a JSON array", "write one JSON object a line: jq -c '.[]' makes it so")
    if first.startswith("<") and any("<metalink" in text for text in head):
        return read_metalink
    if first.startswith("<"):
        raise BadManifest(f"{lines.name}:1:1: a page for people, not a list", "check where it was fetched from")
    found = _reader(first, head)
    if found is None:
        number = every.index(head[0]) + 1
        raise BadManifest(f"{lines.name}:{number}: the format of the list can't be recognized", _HINT)
    return found


def _reader(first: str, head: list[str]) -> Reader | None:
    if first == VERSION:
        return read_transfer_table
    if first.startswith("{"):
        return read_json_lines
    by_header = table_reader(first) if "://" not in first else None
    if by_header is not None:
        return by_header
    if is_checksum_line(first):
        return read_checksum_lines
    if "://" in first:
        return read_url_list
    if is_inventory(head):
        return read_inventory
    return read_url_list if is_url_table(head) or not _SEPARATORS & set(first) else None
