"""An SFTP server on loopback that serves a folder well or badly."""

import asyncio
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import asyncssh

from servers.content import Content, write_file
from servers.ftp import HOME, PASSWORD, START, USER


@dataclass
class SftpRules:
    """How the server behaves, which may be changed while it runs.

    The next `drops` connections are cut when they have sent `drop_after` bytes of file content.
    """

    drop_after: int = 0
    drops: int = 0
    passwords: bool = True


class SftpServer:
    """A context manager. What it serves is below `folder`; `USER` may log in with `PASSWORD` or `client_key`.

    `known_hosts` is a file that names the server's key, `client_key` one with a private key; both are made in `keys`.
    """

    def __init__(self, folder: Path, keys: Path) -> None:
        (folder / HOME).mkdir(parents=True, exist_ok=True)
        self.rules = SftpRules()
        self.connections = 0
        self.most_at_once = 0
        self.bytes_sent = 0
        self.logins: list[str] = []
        self.port = 0
        self.known_hosts, self.client_key = keys / "known_hosts", keys / "id_ed25519"
        self.folder = folder
        self._host_key = asyncssh.generate_private_key("ssh-ed25519")
        self._client_public = _write_key(self.client_key)
        self._at_once = 0
        self._due: list[tuple[int, Callable[[], None]]] = []
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="sftp server", daemon=True)

    def __enter__(self) -> "SftpServer":
        self._thread.start()
        assert self._ready.wait(10), "the SFTP server does not start"
        self.know(self._host_key)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        assert not self._thread.is_alive(), "the SFTP server does not stop"

    def know(self, *keys: asyncssh.SSHKey) -> None:
        """Let `known_hosts` name these keys as the server's, and no others."""
        names = [f"[127.0.0.1]:{self.port} {key.export_public_key().decode()}" for key in keys]
        self.known_hosts.write_text("".join(names))

    def add(self, name: str, data: bytes | Content, modified: int = START) -> str:
        """Put a file below the home folder, at once in the place of another if there is one, and give its URL."""
        fresh = self.folder / ".fresh"
        write_file(data, fresh)
        os.utime(fresh, (modified, modified))
        place = self.folder / HOME / name
        place.parent.mkdir(parents=True, exist_ok=True)
        fresh.replace(place)
        return self.url(f"/~/{name}")

    def url(self, path: str, login: str | None = f"{quote(USER)}:{quote(PASSWORD, safe='')}") -> str:
        """The URL of an absolute path, of one below the home folder if that begins with `/~/`."""
        return f"sftp://{f'{login}@' if login else ''}127.0.0.1:{self.port}{quote(path)}"

    def when_sent(self, count: int, action: Callable[[], None]) -> None:
        """Do this, once, when `count` more bytes of file content have been sent."""
        self._due.append((self.bytes_sent + count, action))

    def sent(self, count: int) -> None:
        """Bytes of file content are on their way."""
        self.bytes_sent += count
        now = [action for at, action in self._due if self.bytes_sent >= at]
        self._due = [(at, action) for at, action in self._due if self.bytes_sent < at]
        for action in now:
            action()

    def opened(self) -> None:
        """A connection is there."""
        self.connections += 1
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)

    def closed(self) -> None:
        """A connection is gone."""
        self._at_once -= 1

    def allows(self, key: asyncssh.SSHKey) -> bool:
        """Whether the key is the client's."""
        return key.public_data == self._client_public

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        acceptor = self._loop.run_until_complete(self._listen())
        self.port = int(acceptor.get_port())
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._end(acceptor))
        self._loop.close()

    async def _listen(self) -> asyncssh.SSHAcceptor:
        return await asyncssh.create_server(
            lambda: _Connection(self),
            "127.0.0.1",
            0,
            server_host_keys=[self._host_key],
            sftp_factory=lambda channel: _Files(channel, self),
            allow_scp=False,
        )

    async def _end(self, acceptor: asyncssh.SSHAcceptor) -> None:
        acceptor.close()
        rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)


class _Connection(asyncssh.SSHServer):
    """Logging in."""

    def __init__(self, server: SftpServer) -> None:
        self._server = server

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._server.opened()

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.closed()

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return self._server.rules.passwords

    def validate_password(self, username: str, password: str) -> bool:
        good = (username, password) == (USER, PASSWORD)
        if good:
            self._server.logins.append("password")
        return good

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        good = username == USER and self._server.allows(key)
        if good:
            self._server.logins.append("key")
        return good


class _Files(asyncssh.SFTPServer):
    """The files, below the server's folder. A session begins at home."""

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], server: SftpServer) -> None:
        super().__init__(channel, chroot=str(server.folder).encode())
        self._server, self._sent, self._cut = server, 0, False

    def map_path(self, path: bytes) -> bytes:
        if not path.startswith(b"/"):
            path = f"/{HOME}/".encode() + path
        return super().map_path(path)

    def realpath(self, path: bytes) -> bytes:
        return f"/{HOME}".encode() if path in {b"", b"."} else path

    def read(self, file_obj: object, offset: int, size: int) -> bytes:
        data = super().read(file_obj, offset, size)
        assert isinstance(data, bytes)
        rules = self._server.rules
        if rules.drops > 0:
            left = rules.drop_after - self._sent
            if left <= 0:
                # More reads may be on their way over this connection: it is cut once.
                rules.drops -= not self._cut
                self._cut = True
                self.channel.get_connection().abort()
                raise asyncssh.SFTPConnectionLost("cut")
            data = data[:left]
        self._sent += len(data)
        self._server.sent(len(data))
        return data


def _write_key(path: Path) -> bytes:
    """A new private key in that file; what its public half is, is given back."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(path)
    key.write_public_key(path.with_name(path.name + ".pub"))
    return key.public_data
