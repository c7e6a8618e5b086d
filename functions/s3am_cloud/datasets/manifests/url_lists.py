"""URLs, one a line; aria2's input files, whose indented lines say more of the URL above; rclone's list for `--urls`.

https://host/a
https://host/b  https://mirror/b
  out=name
  checksum=sha-256=HEX
https://host/c,name of c
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

from s3am_cloud.datasets.manifests.columns import digest_of
from s3am_cloud.datasets.manifests.lines import Lines, ManifestLine
from s3am_cloud.errors import TransferError

_OPTION = re.compile(r"\s+([a-z0-9-]+)=(.*)")
# Options of aria2 without which its URL gives something else, or nothing.
_NEEDED = re.compile(r"header|referer|load-cookies|(?:http|https|ftp|all)-(?:user|passwd|proxy.*)|parameterized-uri")
_SAMPLE = 20


def read_url_list(lines: Lines) -> Iterator[ManifestLine]:
    """Raises BadManifest."""
    if is_url_table(lines.peek(_SAMPLE)):
        yield from _read_table(lines)
    else:
        yield from _read_list(lines)


def is_url_table(head: list[str]) -> bool:
    """Whether each of these lines is a URL, a comma and a name."""
    rows = [next(csv.reader([text]), []) for text in head if text.strip()]
    return bool(rows) and all(len(row) == 2 and "://" in row[0] and "://" not in row[1] for row in rows)


def _read_table(lines: Lines) -> Iterator[ManifestLine]:
    for text in lines:
        if text.strip():
            cells = next(csv.reader([text]))
            if len(cells) != 2:
                raise lines.error(f"{len(cells)} cells, and the lines before have 2", hint="write URL,NAME")
            yield ManifestLine(
                place=lines.place, text=text, source=cells[0].strip(), destination=cells[1].strip() or None
            )


def _read_list(lines: Lines) -> Iterator[ManifestLine]:
    """An item is whole when the line of the next one is read."""
    found: ManifestLine | None = None
    options: dict[str, str] = {}
    for text in lines:
        option = _OPTION.fullmatch(text)
        if option is not None:
            if found is None:
                raise lines.error("an option without a URL above it", option[1], "write the URL first")
            _take(lines, option, options)
        elif text.strip() and not text.startswith("#"):
            if found is not None:
                yield _with_options(found, options)
            found, options = _line(lines, text), {}
    if found is not None:
        yield _with_options(found, options)


def _line(lines: Lines, text: str) -> ManifestLine:
    """With the mirrors of the same file that aria2 takes behind a URL."""
    if "://" not in text:
        return ManifestLine(place=lines.place, text=text, source=text)
    source, *mirrors = text.strip().split("\t")
    other = next((one for one in mirrors if "://" not in one), None)
    if other is not None:
        raise lines.error("more than a URL", other, "a table needs a header with a column source")
    return ManifestLine(place=lines.place, text=text, source=source, mirrors=tuple(mirrors))


def _take(lines: Lines, option: re.Match[str], options: dict[str, str]) -> None:
    name, value = option[1], option[2].strip()
    if _NEEDED.fullmatch(name):
        # Its value may be a secret.
        raise lines.error(f"the option {name} is not taken from a manifest", name, "give it to the command: see --help")
    if name == "checksum":
        kind, _, digits = value.partition("=")
        try:
            value = digest_of(digits, kind) or ""
        except TransferError as error:
            raise lines.error(error.message, value, error.hint) from error
    options[name] = value


def _with_options(found: ManifestLine, options: dict[str, str]) -> ManifestLine:
    folder, name = options.get("dir", ""), options.get("out", "")
    if folder:
        folder = folder.rstrip("/") + "/"
    return ManifestLine(
        place=found.place,
        text=found.text,
        source=found.source,
        mirrors=found.mirrors,
        destination=folder + name or None,
        digest=options.get("checksum") or None,
    )
