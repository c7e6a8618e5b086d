"""An FTP server on loopback, plain or with implicit TLS, that serves a folder well or badly."""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from pyftpdlib.ioloop import IOLoop
from pyftpdlib.servers import FTPServer

from servers.certificates import Certificate
from servers.content import Content, write_file

USER, PASSWORD = "ann", "s3cret/@:é"
HOME = "home"
"""The folder, below the root, in which a session begins: what makes a relative path another one than an absolute."""

START = 1_700_000_000
"""The time of modification, in seconds since 1970, of files that are given none."""

_TURN_SECONDS = 0.01


@dataclass(eq=False)
class Session:
    """One control connection."""

    commands: list[str] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)
    bytes_sent: int = 0

    def named(self, name: str) -> list[str]:
        """Its commands of that name."""
        return [line for line in self.commands if line.split(" ", 1)[0] == name]


@dataclass
class Drop:
    """Data connections are cut after a number of bytes, `times` of them; with `control`, the sessions with them."""

    after: int
    times: int
    control: bool = False


@dataclass
class Rules:
    """How the server behaves, which may be changed while it runs.

    `limit` sessions are let in at once, the others refused at `refuse` with `words`. Commands in `unknown` are answered
    502, those in `answers` with what stands there, and nothing else comes of them. Files named in `denied` may not be
    read. `words_of` are replies that are said instead of the server's own with such a number.
    """

    limit: int | None = None
    refuse: Literal["connect", "login"] = "connect"
    words: str | None = None
    unknown: frozenset[str] = frozenset()
    denied: frozenset[str] = frozenset()
    answers: dict[str, str] = field(default_factory=dict)
    words_of: dict[str, str] = field(default_factory=dict)
    drop: Drop | None = None

    @property
    def refusal(self) -> str:
        """What a session too many is told."""
        if self.words is not None:
            return self.words
        if self.refuse == "connect":
            return f"421 Too many connections ({self.limit}) from this address."
        return f"530 Sorry, the maximum number of clients ({self.limit}) for this user are already connected."


class FtpServer:
    """A context manager. What it serves is below `folder`; `USER` may log in with `PASSWORD`, and nobody else.

    With `explicit`, TLS begins with AUTH, and nobody is let in without it. Raises ExceptionGroup at its end where the
    server failed by a mistake of its own.
    """

    def __init__(self, folder: Path, certificate: Certificate | None = None, explicit: bool = False) -> None:
        from servers.ftp_sessions import handler_class

        (folder / HOME).mkdir(parents=True, exist_ok=True)
        self.rules = Rules()
        self.sessions: list[Session] = []
        self.refused = 0
        self.most_at_once = 0
        self.errors: list[Exception] = []
        self.certificate = certificate
        self._folder, self._scheme = folder, "ftps" if certificate and not explicit else "ftp"
        self._counted: set[Session] = set()
        self._due_refused: list[tuple[int, Callable[[], None]]] = []
        self._due: list[tuple[int, Callable[[], None]]] = []
        self._stop = threading.Event()
        self._server = FTPServer(("127.0.0.1", 0), handler_class(self, folder, certificate, explicit), ioloop=IOLoop())
        self.port = int(self._server.address[1])
        self._thread = threading.Thread(target=self._serve, name="ftp server", daemon=True)

    def __enter__(self) -> "FtpServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(10)
        assert not self._thread.is_alive(), "the FTP server does not stop"
        if self.errors:
            raise ExceptionGroup("a test server failed by its own mistake", self.errors)

    def add(self, name: str, data: bytes | Content, modified: int = START) -> str:
        """Put a file below the home folder, at once in the place of another if there is one, and give its URL."""
        fresh = self._folder / ".fresh"
        write_file(data, fresh)
        os.utime(fresh, (modified, modified))
        place = self._folder / HOME / name
        place.parent.mkdir(parents=True, exist_ok=True)
        fresh.replace(place)
        return self.url(name)

    def url(self, path: str, login: str | None = f"{quote(USER)}:{quote(PASSWORD, safe='')}") -> str:
        """The URL of a path below the home folder, or of an absolute path if it begins with a slash."""
        return f"{self._scheme}://{f'{login}@' if login else ''}127.0.0.1:{self.port}/{quote(path)}"

    def when_sent(self, count: int, action: Callable[[], None]) -> None:
        """Do this, once, when `count` more bytes of file content have been sent."""
        self._due.append((self.bytes_sent + count, action))

    def when_refused(self, count: int, action: Callable[[], None]) -> None:
        """Do this, once, when `count` more connections have been refused."""
        self._due_refused.append((self.refused + count, action))

    @property
    def bytes_sent(self) -> int:
        """Bytes of file content, over all sessions."""
        return sum(session.bytes_sent for session in self.sessions)

    def commands(self, name: str) -> list[str]:
        """All commands of that name, by session."""
        return [line for session in self.sessions for line in session.named(name)]

    def begin(self, session: Session) -> None:
        """A session is open."""
        self.sessions.append(session)

    def end(self, session: Session) -> None:
        """A session is over, maybe for the second time."""
        self._counted.discard(session)

    def lets_in(self, session: Session, where: Literal["connect", "login"]) -> bool:
        """Whether this session may stay, and is one of those that are counted."""
        if self.rules.refuse != where:
            return True
        if self.rules.limit is None or len(self._counted) < self.rules.limit:
            self._counted.add(session)
            self.most_at_once = max(self.most_at_once, len(self._counted))
            return True
        self.refused += 1
        self._due_refused = _done(self._due_refused, self.refused)
        return False

    def sent(self, session: Session, count: int) -> None:
        """Bytes of file content have been sent."""
        session.bytes_sent += count
        self._due = _done(self._due, self.bytes_sent)

    def _serve(self) -> None:
        while not self._stop.is_set():
            self._server.ioloop.loop(_TURN_SECONDS, blocking=False)
        self._server.close_all()


def _done(due: list[tuple[int, Callable[[], None]]], count: int) -> list[tuple[int, Callable[[], None]]]:
    """Do what is due at this count, and give back the rest."""
    for at, action in due:
        if count >= at:
            action()
    return [(at, action) for at, action in due if count < at]
