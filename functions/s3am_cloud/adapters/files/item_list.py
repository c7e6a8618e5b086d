"""The list of a dataset's items on disk, in SQLite: a million of them take 0.4 GB there, and 16 MiB of memory.

Rows are added without an index, and indexed when they are all there: that takes half the time. The file is one run's
alone and is removed at its end, so nothing is synchronized or journaled.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from s3am_cloud.adapters.files.private_files import create_private
from s3am_cloud.decoders import Decoder
from s3am_cloud.errors import BadManifest, DiskFailed, DiskFull
from s3am_cloud.items import Item, Placed
from s3am_cloud.limits import LIST_CACHE, MEDIUM_ITEM, SMALL_ITEM, WOVEN
from s3am_cloud.ports.item_list import Existing, Listed

_TABLES = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA locking_mode = EXCLUSIVE;
CREATE TABLE items (number INTEGER PRIMARY KEY, destination TEXT NOT NULL, source TEXT NOT NULL, size INTEGER,
    digest TEXT, labels BLOB, mirrors BLOB, place TEXT NOT NULL, modified REAL, etag TEXT);
CREATE TABLE existing (number INTEGER PRIMARY KEY, size INTEGER NOT NULL, etag TEXT, modified REAL, checksum TEXT);
CREATE TABLE ended (number INTEGER PRIMARY KEY, state TEXT NOT NULL);
BEGIN;
"""
_ADD = """
INSERT INTO items (destination, source, size, digest, labels, mirrors, place, modified, etag)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_BY_DESTINATION = "CREATE INDEX IF NOT EXISTS by_destination ON items (destination)"
_BY_SIZE = "CREATE INDEX IF NOT EXISTS by_size ON items (size DESC)"
_REPEATED = """
FROM (SELECT destination, min(number) AS number FROM items GROUP BY destination HAVING count(*) > 1) AS repeated
JOIN items AS first ON first.number = repeated.number
JOIN items AS later ON later.destination = repeated.destination AND later.number > first.number
"""
_DIFFERENT = f"""
SELECT first.destination, first.place, later.place {_REPEATED}
WHERE (first.source, first.size, first.digest) IS NOT (later.source, later.size, later.digest)
ORDER BY later.number LIMIT 1
"""
_DROP_REPEATED = f"DELETE FROM items WHERE number IN (SELECT later.number {_REPEATED})"  # noqa: S608
_NOTE = """
INSERT OR REPLACE INTO existing SELECT number, ?, ?, ?, ? FROM items WHERE destination = ?
"""
_SELECT = """
SELECT items.*, existing.size, existing.etag, existing.modified, existing.checksum
FROM items LEFT JOIN existing USING (number) WHERE
"""
_OF_CLASS = {
    "large": f"items.size > {MEDIUM_ITEM}",
    "unsized": "items.size IS NULL",
    "medium": f"items.size > {SMALL_ITEM} AND items.size <= {MEDIUM_ITEM}",
    "small": f"items.size <= {SMALL_ITEM}",
}
_REMAINING = "AND NOT EXISTS (SELECT 1 FROM ended WHERE ended.number = items.number)"
# The character after the slash is 0: this is the range of all that is below a folder.
_FOLDERS = """
SELECT items.number, below.destination FROM items JOIN items AS below ON below.number =
    (SELECT number FROM items AS i WHERE i.destination > items.destination || '/'
     AND i.destination < items.destination || '0' ORDER BY i.destination LIMIT 1)
"""
_SAME_NAME = """
SELECT later.number, first.destination
FROM (SELECT name, min(number) AS number FROM names GROUP BY name HAVING count(*) > 1) AS repeated
JOIN names AS clashing ON clashing.name = repeated.name AND clashing.number > repeated.number
JOIN items AS first ON first.number = repeated.number
JOIN items AS later ON later.number = clashing.number
ORDER BY later.number
"""
_OTHER_DISK = "make room in the folder for temporary files, or name one on another disk with TMPDIR"
# Outcomes that are written by one statement: SQLite takes 999 values in one, by its oldest default.
_AT_ONCE = 400
_mirrors_of: Decoder[tuple[str, ...]] = Decoder(tuple[str, ...])
_labels_of: Decoder[dict[str, str]] = Decoder(dict[str, str])


class SqliteItemList:
    """The `ItemList` in a new file at `path`, which only this user can read, or in SQLite's own temporary file."""

    def __init__(self, path: Path | None = None) -> None:
        """Raises FileExistsError, OSError, DiskFull, DiskFailed."""
        self._path = path
        # Numbers and states in turn, as a statement takes them.
        self._ended: list[int | str] = []
        if path is not None:
            create_private(path, b"")
        with _naming_failures():
            self._database = sqlite3.connect("" if path is None else path, isolation_level=None)
            self._database.execute(f"PRAGMA cache_size = -{LIST_CACHE // 1024}")
            self._database.executescript(_TABLES)

    def __enter__(self) -> SqliteItemList:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def count(self) -> int:
        return int(self._value("SELECT count(*) FROM items"))

    @property
    def known_bytes(self) -> int:
        return int(self._value("SELECT coalesce(sum(size), 0) FROM items"))

    @property
    def unsized(self) -> int:
        return int(self._value("SELECT count(*) FROM items WHERE size IS NULL"))

    def add(self, items: Iterable[Placed]) -> None:
        with _naming_failures():
            self._database.executemany(_ADD, map(_row, items))
            self._database.execute(_BY_DESTINATION)
            for destination, first, later in self._database.execute(_DIFFERENT):
                raise BadManifest(f"{destination} is the destination of two different items: at {first} and at {later}")
            self._database.execute(_DROP_REPEATED)

    def note_existing(self, objects: Iterable[Existing]) -> None:
        rows = ((one.size, one.etag, one.modified, one.checksum, one.destination) for one in objects)
        with _naming_failures():
            self._database.executemany(_NOTE, rows)

    def items(self) -> Iterator[Listed]:
        yield from self._in_order_of_work("")

    def remaining(self) -> Iterator[Listed]:
        yield from self._in_order_of_work(_REMAINING)

    def get(self, number: int) -> Listed:
        with _naming_failures():
            [row] = self._database.execute(f"{_SELECT} items.number = ?", (number,))
        return _listed(row)

    def outcome(self, number: int, state: str) -> None:
        self._ended += (number, state)
        if len(self._ended) >= 2 * _AT_ONCE:
            self._record()

    def counts(self) -> dict[str, int]:
        self._record()
        with _naming_failures():
            return dict(self._database.execute("SELECT state, count(*) FROM ended GROUP BY state"))

    def clashes(self, same: Callable[[str], str] | None = None) -> Iterator[tuple[Listed, str]]:
        yield from self._clashing(_FOLDERS)
        if same is not None:
            with _naming_failures():
                self._database.execute("DROP TABLE IF EXISTS temp.names")
                self._database.execute("CREATE TEMP TABLE names (number INTEGER PRIMARY KEY, name TEXT NOT NULL)")
                every = self._database.execute("SELECT number, destination FROM items")
                self._database.executemany("INSERT INTO names VALUES (?, ?)", ((n, same(name)) for n, name in every))
                self._database.execute("CREATE INDEX temp.by_name ON names (name)")
            yield from self._clashing(_SAME_NAME)

    def close(self) -> None:
        self._database.close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _record(self) -> None:
        """Writes the outcomes that were recorded since. Each statement lets other threads run, which takes longer than
        the statement itself; so there is one for many."""
        if self._ended:
            rows = ", ".join(["(?, ?)"] * (len(self._ended) // 2))
            with _naming_failures():
                self._database.execute(f"INSERT OR REPLACE INTO ended VALUES {rows}", self._ended)  # noqa: S608
            self._ended.clear()

    def _value(self, query: str) -> Any:
        with _naming_failures():
            return self._database.execute(query).fetchone()[0]

    def _in_order_of_work(self, condition: str) -> Iterator[Listed]:
        self._record()
        with _naming_failures():
            self._database.execute(_BY_SIZE)
            # Items of one size in their own order.
            rows = {
                name: self._database.execute(f"{_SELECT} {of_class} {condition} ORDER BY items.size DESC, number")
                for name, of_class in _OF_CLASS.items()
            }
            yield from _woven(rows)

    def _clashing(self, query: str) -> Iterator[tuple[Listed, str]]:
        with _naming_failures():
            for number, other in self._database.execute(query):
                [row] = self._database.execute(f"{_SELECT} items.number = ?", (number,))
                yield _listed(row), other


def _woven(rows: dict[str, sqlite3.Cursor]) -> Iterator[Listed]:
    """A few of each class in turn: the few large ones begin early, and the small ones last to the end."""
    while rows:
        for name, cursor in list(rows.items()):
            for _ in range(WOVEN[name]):
                row = cursor.fetchone()
                if row is None:
                    del rows[name]
                    break
                yield _listed(row)


def _row(placed: Placed) -> tuple[object, ...]:
    item = placed.item
    labels = msgspec.json.encode(item.labels) if item.labels else None
    return (
        *(item.destination, item.source, item.size, item.digest, labels),
        msgspec.json.encode(item.mirrors) if item.mirrors else None,
        *(placed.place, placed.modified, placed.etag),
    )


def _listed(row: tuple[Any, ...]) -> Listed:
    number, destination, source, size, digest, labels, mirrors, place, modified, etag, *found = row
    item = Item(
        source=source,
        destination=destination,
        size=size,
        digest=digest,
        mirrors=_mirrors_of(mirrors) if mirrors else (),
        labels=_labels_of(labels) if labels else {},
    )
    existing = None
    if found[0] is not None:
        existing = Existing(destination=destination, size=found[0], etag=found[1], modified=found[2], checksum=found[3])
    return Listed(number=number, item=item, place=place, modified=modified, etag=etag, existing=existing)


@contextmanager
def _naming_failures() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname == "SQLITE_FULL":
            raise DiskFull("the disk is full that holds the list of items", _OTHER_DISK) from error
        if error.sqlite_errorname.startswith(("SQLITE_IOERR", "SQLITE_CANTOPEN")):
            raise DiskFailed(f"the list of items can't be kept on disk: {error}", _OTHER_DISK) from error
        raise
