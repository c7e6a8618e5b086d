"""Where the embedded cloud keeps its state, and how processes that meet there agree on who does what.

    $S3AM_CLOUD_STATE_HOME, or $XDG_STATE_HOME/s3am-cloud, or ~/.local/state/s3am-cloud
        local/
            cloud.json     what runs: written when the stack stands, removed by `down`
            server.lock    held by the server for as long as it lives; its text is where the server is, and its key
            command.lock   held by `up` and `down` while they work, so that two of them cannot cross
            log/           the emulator's log
            run/           temporary files of the running server, and what functions asked it for
            functions/     unpacked function code, kept from run to run

A lock of the operating system ends with its process, however that ends. So a file that outlived its process is never
mistaken for a running cloud, and a process id that was given to somebody else is never mistaken for ours.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from s3am_cloud.adapters.files.private_files import open_private, private_folder, read_private, write_private
from s3am_cloud.decoders import Decoder
from s3am_cloud.errors import AccessDenied
from s3am_cloud.ingest.rules import Ingest
from s3am_cloud.names import STATE_HOME_VARIABLE
from s3am_cloud_client.state_home import state_home

_T = TypeVar("_T")


class LocalCloud(msgspec.Struct, frozen=True, kw_only=True):
    """A running embedded cloud: all that a client needs in order to talk to it."""

    endpoint_url: str
    region: str
    access_key_id: str
    secret_access_key: str
    stack: str
    state_machine_arn: str
    work_bucket: str
    event_bus: str
    pid: int

    def public(self) -> dict[str, str | int]:
        """The fields that `local status` prints: all but the secret key.

        They are for the cloud's owner. The gate checks the id of the access key alone, so whoever on this machine knows
        that id can use the cloud.
        """
        shown: dict[str, str | int] = msgspec.structs.asdict(self)
        del shown["secret_access_key"]
        return shown

    def __repr__(self) -> str:
        return f"LocalCloud({self.endpoint_url!r}, pid={self.pid})"


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What `cloud.json` holds. `fingerprint` names the sources that the deployed stack was built from, `ingest` is what
    comes in by itself."""

    cloud: LocalCloud
    fingerprint: str
    ingest: Ingest = Ingest()


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """A live emulator process, the port on 127.0.0.1 where it answers, and the key that it answers to."""

    pid: int
    port: int
    access_key_id: str
    secret_access_key: str

    def __repr__(self) -> str:
        return f"Server(pid={self.pid}, port={self.port})"

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


_decode_record: Decoder[Record] = Decoder(Record)
_decode_server: Decoder[Server] = Decoder(Server)


class StateFolder:
    """The folder described above. Made on first use, readable by its owner only."""

    def __init__(self, root: Path | None = None) -> None:
        """Raises AccessDenied for a user who has no home folder."""
        self.root = root or _own_root()
        self.record_file = self.root / "cloud.json"
        self.server_lock = self.root / "server.lock"
        self.command_lock = self.root / "command.lock"
        self.log_file = self.root / "log" / "emulator.log"
        self.run_folder = self.root / "run"
        self.trail_file = self.run_folder / "calls.jsonl"
        self.code_folder = self.root / "functions"

    def create(self) -> None:
        """Raises AccessDenied where it can't be made."""
        try:
            for folder in (self.log_file.parent, self.run_folder, self.code_folder):
                private_folder(self.root.parent, self.root.name, folder.name)
        except OSError as error:
            raise AccessDenied(
                f"the state folder {self.root} can't be made: {error.strerror}",
                f"name another folder in {STATE_HOME_VARIABLE}",
            ) from error

    def server(self) -> Server | None:
        """The server that holds the server lock, if any does."""
        try:
            with os.fdopen(open_private(self.server_lock, os.O_RDONLY), "rb") as file:
                if _try_lock(file.fileno(), fcntl.LOCK_SH):
                    return None
                return _decoded(file.read(), _decode_server)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def record(self) -> Record | None:
        try:
            return _decoded(read_private(self.record_file), _decode_record)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def write_record(self, record: Record) -> None:
        """Put the record in place in one move, so that nobody reads half of it."""
        write_private(self.record_file, msgspec.json.encode(record))

    def clear(self) -> None:
        """Forget the server that was here; what was built stays."""
        self.record_file.unlink(missing_ok=True)
        self.server_lock.unlink(missing_ok=True)
        shutil.rmtree(self.run_folder, ignore_errors=True)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the command lock; waits for another `up` or `down` that is at work."""
        self.create()
        with os.fdopen(open_private(self.command_lock, os.O_RDWR | os.O_CREAT), "rb+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _own_root() -> Path:
    home = state_home()
    if home is None:
        raise AccessDenied("this user has no home folder to keep state in", f"name a folder in {STATE_HOME_VARIABLE}")
    return home / "local"


def claim_server_lock(path: Path) -> int:
    """Take the server lock for the rest of this process's life; gives its file descriptor.

    Waits where others look, for the instant of a look, whether somebody holds it.
    """
    descriptor = open_private(path, os.O_RDWR | os.O_CREAT)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def announce_server(descriptor: int, server: Server) -> None:
    """Write where the server is into the lock file that it holds."""
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, msgspec.json.encode(server), 0)


def _try_lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _decoded(raw: bytes, decode: Decoder[_T]) -> _T | None:
    """None for what another version, or nobody yet, wrote: the caller then starts afresh."""
    try:
        return decode(raw)
    except msgspec.DecodeError:
        return None
