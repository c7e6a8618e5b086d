"""Which objects were copied from which version of their sources, from one run to the next.

It spares a request for each unchanged item. What is lost of it costs requests, never a wrong answer, so nothing is
synchronized; a run that is killed keeps what it had committed a moment before.
"""

from __future__ import annotations

import sqlite3
import time
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
_BUSY_SECONDS = 10.0
# Objects that are written by one statement: SQLite takes 999 values in one, by its oldest default.
_AT_ONCE = 150


class KnownObjects:
    """In one file of the state folder, for all destinations. Not thread-safe."""

    def __init__(self, path: Path | None) -> None:
        """Nothing is kept with None. Raises sqlite3.Error."""
        self._database = sqlite3.connect(path or ":memory:", timeout=_BUSY_SECONDS)
        self._database.executescript(_TABLE)
        self._committed = time.monotonic()
        # Those that are not written yet.
        self._new: dict[str, Known] = {}

    def get(self, destination: str) -> Known | None:
        if destination in self._new:
            return self._new[destination]
        query = "SELECT etag, size, source, version, digest FROM known WHERE destination = ?"
        row = self._database.execute(query, (destination,)).fetchone()
        return None if row is None else Known(etag=row[0], size=row[1], source=row[2], version=row[3], digest=row[4])

    def put(self, destination: str, known: Known) -> None:
        self._new[destination] = known
        if len(self._new) >= _AT_ONCE or time.monotonic() - self._committed >= _COMMIT_SECONDS:
            self._write()

    def close(self) -> None:
        self._write()
        self._database.commit()
        self._database.close()

    def _write(self) -> None:
        """By one statement, and one commit a second: each lets other threads run, which takes longer than itself."""
        if self._new:
            rows = ", ".join(["(?, ?, ?, ?, ?, ?)"] * len(self._new))
            values = [
                value
                for destination, known in self._new.items()
                for value in (destination, known.etag, known.size, known.source, known.version, known.digest)
            ]
            self._database.execute(f"INSERT OR REPLACE INTO known VALUES {rows}", values)  # noqa: S608
            self._new.clear()
        if time.monotonic() - self._committed >= _COMMIT_SECONDS:
            self._database.commit()
            self._committed = time.monotonic()
