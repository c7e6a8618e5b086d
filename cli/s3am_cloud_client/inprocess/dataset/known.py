"""Which objects were copied from which version of their sources, from one run to the next.

It spares a request for each unchanged item. What is lost of it costs requests, never a wrong answer: nothing is
synchronized, a run that is killed keeps what it had committed a moment before, and a file that can't be used is done
without. Several runs share the file: each holds it only while it writes.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from s3am_cloud.datasets.decisions import Known

_TABLE = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = OFF;
CREATE TABLE IF NOT EXISTS known (destination TEXT PRIMARY KEY, etag TEXT NOT NULL, size INTEGER NOT NULL,
    source TEXT NOT NULL, version TEXT NOT NULL, digest TEXT) WITHOUT ROWID;
"""
# Its name in the state folder.
OBJECTS = "objects.sqlite"
_COMMIT_SECONDS = 1.0
# Others write for some milliseconds.
_BUSY_SECONDS = 1.0
# Objects that are written by one statement: SQLite takes 999 values in one, by its oldest default.
_AT_ONCE = 150
# More are forgotten where they can't be written.
_MOST_NEW = 20_000


class KnownObjects:
    """In one file of the state folder, for all destinations. Not thread-safe."""

    def __init__(self, path: Path | None) -> None:
        """Nothing is kept with None, or where there is no database at the path."""
        try:
            self._database = _opened(path)
        except sqlite3.Error:
            self._database = _opened(None)
        self._written = time.monotonic()
        # Those that are not written yet.
        self._new: dict[str, Known] = {}

    def get(self, destination: str) -> Known | None:
        if destination in self._new:
            return self._new[destination]
        query = "SELECT etag, size, source, version, digest FROM known WHERE destination = ?"
        try:
            row = self._database.execute(query, (destination,)).fetchone()
        except sqlite3.Error:
            return None
        return None if row is None else Known(etag=row[0], size=row[1], source=row[2], version=row[3], digest=row[4])

    def put(self, destination: str, known: Known) -> None:
        self._new[destination] = known
        if time.monotonic() - self._written >= _COMMIT_SECONDS or len(self._new) >= _MOST_NEW:
            self._write()

    def close(self) -> None:
        self._write()
        self._database.close()

    def _write(self) -> None:
        """All at once, once a second: each statement lets other threads run, which takes longer than itself."""
        try:
            for some in self._batches():
                rows = ", ".join(["(?, ?, ?, ?, ?, ?)"] * len(some))
                values = [
                    value
                    for destination, known in some
                    for value in (destination, known.etag, known.size, known.source, known.version, known.digest)
                ]
                self._database.execute(f"INSERT OR REPLACE INTO known VALUES {rows}", values)  # noqa: S608
            self._database.commit()
            self._new.clear()
        except sqlite3.Error:  # another run is writing, or the disk is full: the next time, if there is one
            self._database.rollback()
            if len(self._new) >= _MOST_NEW:
                self._new.clear()
        self._written = time.monotonic()

    def _batches(self) -> Iterator[list[tuple[str, Known]]]:
        entries = iter(self._new.items())
        while some := list(islice(entries, _AT_ONCE)):
            yield some


def _opened(path: Path | None) -> sqlite3.Connection:
    database = sqlite3.connect(path or ":memory:", timeout=_BUSY_SECONDS)
    try:
        database.executescript(_TABLE)
    except BaseException:
        database.close()
        raise
    return database
