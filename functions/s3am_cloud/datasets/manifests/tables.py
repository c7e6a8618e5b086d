"""CSV and TSV with a header: any whose columns have common names, ENA's filereport, GDC's manifest.

Commas, tabs or semicolons separate the cells; a list of one column needs none of them. Quotes are read in CSV, and in
TSV only around a whole cell, as titles of studies there begin with quotes that do not end.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from itertools import zip_longest

import msgspec
from msgspec.structs import replace

from s3am_cloud.datasets.manifests import columns
from s3am_cloud.datasets.manifests.columns import digest_of, digest_title, is_nothing, plain, size_of
from s3am_cloud.datasets.manifests.lines import Lines, ManifestLine
from s3am_cloud.errors import TransferError

# Where GDC serves open data; controlled data from there as well, with a token.
GDC_FILES = "https://api.gdc.cancer.gov/data/"
_GDC = {"id", "filename", "md5", "size"}
# Kinds of files that ENA has of a run, in the order in which one is chosen.
_ENA = ("fastq", "submitted", "sra", "bam")
_COMMENT = "#"

Row = dict[str, str]
RowsReader = Callable[[Lines], Iterator[ManifestLine]]


class _Cells(msgspec.Struct, frozen=True):
    """What a row says of one item, as it is written there."""

    source: str
    destination: str | None = None
    size: str = ""
    digest: str = ""
    algorithm: str | None = None


class _Roles(msgspec.Struct, frozen=True):
    """Which columns say what, by their titles; every other one is a label."""

    sources: tuple[str, ...]
    destination: str | None
    size: str | None
    digest: str | None
    algorithm: str | None
    # Where sources are keys in the bucket that another column names.
    bucket: str | None

    @property
    def named(self) -> frozenset[str]:
        return frozenset((*self.sources, self.destination or "", self.size or "", self.digest or "", self.bucket or ""))


def read_table(lines: Lines) -> Iterator[ManifestLine]:
    """Rows by the common names of their columns: `columns` has them. Raises BadManifest."""
    titles = _titles(lines)
    roles = _roles(lines, titles)
    labels = [title for title in titles if title not in roles.named]
    for row in _rows(lines, titles):
        yield from _items(lines, row, roles, labels)


def read_ena(lines: Lines) -> Iterator[ManifestLine]:
    """A filereport of the European Nucleotide Archive: several files in a row, separated by semicolons, of the first
    kind that the row has any of. A row without a file has no item. Raises BadManifest."""
    titles = _titles(lines)
    for row in _rows(lines, titles):
        kind = next((kind for kind in _ENA if not is_nothing(row.get(f"{kind}_ftp", ""))), None)
        if kind is not None:
            yield from _ena_files(lines, row, kind)


def read_gdc(lines: Lines) -> Iterator[ManifestLine]:
    """A manifest of the Genomic Data Commons. Names repeat there, so that a file goes below its id, as GDC's own client
    does it. Raises BadManifest."""
    titles = _titles(lines)
    named = {plain(title): title for title in titles}
    if not named.keys() >= _GDC:
        raise lines.error("not a manifest of GDC", hint=f"its columns are {', '.join(sorted(_GDC))}")
    identity, filename, md5, size = (named[name] for name in ("id", "filename", "md5", "size"))
    labels = [title for name, title in named.items() if name not in _GDC]
    for row in _rows(lines, titles):
        name = f"{row[identity]}/{row[filename]}"
        found = {title: row[title] for title in labels if row[title]}
        cells = _Cells(GDC_FILES + row[identity], name, row[size], row[md5], "md5")
        yield _line(lines, row, found, cells)


def table_reader(header: str) -> RowsReader | None:
    """The reader of a table with this header, None for an unknown header."""
    names = {plain(title) for title in _split(header, _delimiter(header))}
    if any(f"{kind}_ftp" in names for kind in _ENA):
        return read_ena
    if any(name in names for name in columns.SOURCES) or any(map(columns.FILES.fullmatch, names)):
        return read_table
    if names >= _GDC:
        return read_gdc
    return read_table if any(name in names for name in columns.NAMES) else None


def _titles(lines: Lines) -> list[str]:
    """Those of the header, which is the first line that is neither empty nor a comment."""
    for text in lines:
        if text.strip() and not text.startswith(_COMMENT):
            titles = [title.strip() for title in _split(text, _delimiter(text))]
            repeated = next((title for title in titles if title and titles.count(title) > 1), None)
            if repeated is not None:
                raise lines.error(f"two columns are called {repeated!r}", repeated, "give each column its own name")
            return titles
    raise lines.error("no header", hint="the first line of a table names its columns")


def _rows(lines: Lines, titles: list[str]) -> Iterator[Row]:
    delimiter = _delimiter(lines.text)
    for cells in _cells(lines, delimiter):
        if not any(map(str.strip, cells)):
            continue
        if len(cells) != len(titles):
            if lines.text.startswith(_COMMENT):
                continue
            raise lines.error(f"{len(cells)} cells, and the header has {len(titles)}", hint="correct the line")
        yield dict(zip(titles, cells, strict=True))


def _cells(lines: Lines, delimiter: str) -> Iterator[list[str]]:
    if delimiter == "\t":
        for text in lines:
            yield _split(text, delimiter)
        return
    # A quoted cell may go on in the next lines, whose ends belong to it.
    rows = csv.reader((f"{text}\n" for text in lines), delimiter=delimiter, strict=True)
    while True:
        first = lines.number + 1
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            lines.begin_at(first)
            raise lines.error(f"not CSV: {error}", hint="check the quotes") from error
        lines.begin_at(first)
        yield cells


def _delimiter(header: str) -> str:
    """Tabs, commas, semicolons; without any, a tab, so that each line is one cell."""
    return next((mark for mark in "\t,;" if mark in header), "\t")


def _split(text: str, delimiter: str) -> list[str]:
    if delimiter != "\t":
        return next(csv.reader([text], delimiter=delimiter), [])
    cells = text.split(delimiter)
    return [cell[1:-1] if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell for cell in cells]


def _roles(lines: Lines, titles: list[str]) -> _Roles:
    names = {plain(title): title for title in titles}
    sources = [names[name] for name in columns.SOURCES if name in names]
    if len(sources) > 1:
        raise lines.error(
            f"both {sources[0]!r} and {sources[1]!r} may be the source", sources[1], "rename all but one of them"
        )
    bucket = names.get("bucket") if not sources and "key" in names else None
    if bucket is not None:
        sources = [names["key"]]
    sources = sources or [title for title in titles if columns.FILES.fullmatch(plain(title))]
    named = [names[name] for name in columns.NAMES if name in names and names[name] not in sources]
    if not sources:
        if not named:
            raise lines.error("no column names the source", hint="call it source or url")
        sources, named = named[:1], []
    digests = {digest_title(title): title for title in reversed(titles)}
    stated = [names[name] for name in columns.ANY_DIGEST if name in names]
    # Of several files in a row nobody knows which one the others describe.
    alone = len(sources) == 1
    digest = next((found for found in (*map(digests.get, columns.DIGESTS), *stated) if found and alone), None)
    return _Roles(
        tuple(sources),
        named[0] if named and alone else None,
        next((names[name] for name in columns.SIZES if name in names and alone), None),
        digest,
        digest_title(digest) if digest else None,
        bucket,
    )


def _items(lines: Lines, row: Row, roles: _Roles, labels: list[str]) -> Iterator[ManifestLine]:
    found = {title: row[title] for title in labels if row[title] and title}
    named = False
    for title in roles.sources:
        if is_nothing(row[title]) and len(roles.sources) > 1:
            continue
        named = True
        cells = _Cells(
            f"s3://{row[roles.bucket]}/{row[title]}" if roles.bucket else row[title].strip(),
            (row[roles.destination] if roles.destination else "") or None,
            row[roles.size] if roles.size else "",
            row[roles.digest] if roles.digest else "",
            roles.algorithm,
        )
        yield _line(lines, row, found, cells)
    if not named:
        raise lines.error("no source", hint="each line needs a file")


def _ena_files(lines: Lines, row: Row, kind: str) -> Iterator[ManifestLine]:
    files = row[f"{kind}_ftp"].split(";")
    stated = {name: row.get(f"{kind}_{name}", "").split(";") for name in ("bytes", "md5")}
    for name, values in stated.items():
        if values != [""] and len(values) != len(files):
            raise lines.error(
                f"{len(values)} values of {kind}_{name} for {len(files)} files",
                row[f"{kind}_{name}"],
                "fetch the report again",
            )
    used = {f"{kind}_{name}" for name in ("ftp", "bytes", "md5")}
    labels = {title: cell for title, cell in row.items() if title not in used and cell}
    for file, size, md5 in zip_longest(files, stated["bytes"], stated["md5"], fillvalue=""):
        if file:
            source = file if "://" in file else f"https://{file}"
            found = _line(lines, row, labels, _Cells(source, None, size, md5, "md5"))
            # The report names no scheme: ENA serves the same files by both.
            yield found if source == file else replace(found, mirrors=(f"ftp://{file}",))


def _line(lines: Lines, row: Row, labels: dict[str, str], cells: _Cells) -> ManifestLine:
    if not cells.source:
        raise lines.error("no source", hint="each line needs a URL or a path")
    value = cells.size
    try:
        size = size_of(cells.size)
        value = cells.digest
        digest = digest_of(cells.digest, cells.algorithm)
    except TransferError as error:
        raise lines.error(error.message, value, error.hint) from error
    return ManifestLine(
        place=lines.place,
        text=lines.text,
        source=cells.source,
        destination=cells.destination,
        size=size,
        digest=digest,
        labels=labels,
        columns=row,
    )
