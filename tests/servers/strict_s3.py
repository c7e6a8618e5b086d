"""An S3 server that checks what Amazon S3 checks: signatures, checksums of parts and objects, sizes, order, conditions.

It is SeaweedFS, run as one process on loopback ports, with its data in a temporary folder that goes with it.
"""

import http.client
import json
import os
import shutil
import sysconfig
import tempfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import boto3
from botocore.config import Config

from servers.processes import GuardedProcess, free_ports

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

REGION = "us-east-1"
_READY_SECONDS = 30.0
_ATTEMPTS = 2
"""A port found free may be taken before the server binds it; then the server ends and is started on other ports."""
_LOG_TAIL = 6000


@dataclass(frozen=True)
class Identity:
    """A user of the server: a key pair, and the actions that it is granted on every bucket."""

    access_key: str
    secret_key: str
    actions: tuple[str, ...]

    def configuration(self) -> dict[str, object]:
        """The identity as the server's configuration file has it."""
        keys = {"accessKey": self.access_key, "secretKey": self.secret_key}
        return {"name": self.access_key, "credentials": [keys], "actions": list(self.actions)}


ADMIN = Identity("STRICTADMIN", "strict-admin-secret", ("Admin", "Read", "Write", "List", "Tagging"))
READER = Identity("STRICTREADER", "strict-reader-secret", ("Read", "List"))


class StrictS3:
    """The server for the length of a `with` block. RuntimeError, with the end of its log, if it does not get ready."""

    region = REGION
    access_key = ADMIN.access_key
    secret_key = ADMIN.secret_key
    reader = READER
    """May read and list, and nothing else. Requests without a signature are denied."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="strict-s3-"))
        self._log = self._folder / "log"
        self._ports = _Ports(*free_ports(8))
        self._process: GuardedProcess | None = None

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    @property
    def endpoint_url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._ports.s3}"

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None
        return self._process.pid

    def client(
        self, *, identity: Identity = ADMIN, endpoint_url: str | None = None, checksums: bool = True
    ) -> "S3Client":
        """A client that never retries, at the server or a proxy; with `checksums=False` boto3 adds and checks none."""
        return boto3.client(
            "s3",
            endpoint_url=endpoint_url or self.endpoint_url,
            region_name=self.region,
            aws_access_key_id=identity.access_key,
            aws_secret_access_key=identity.secret_key,
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path"},
                retries={"total_max_attempts": 1, "mode": "standard"},
                connect_timeout=5,
                read_timeout=60,
                request_checksum_calculation="when_supported" if checksums else "when_required",
                response_checksum_validation="when_supported" if checksums else "when_required",
            ),
        )

    def environment(self, *, identity: Identity = ADMIN, endpoint_url: str | None = None) -> dict[str, str]:
        """The variables that point a command at this server."""
        return {
            "AWS_ENDPOINT_URL_S3": endpoint_url or self.endpoint_url,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ACCESS_KEY_ID": identity.access_key,
            "AWS_SECRET_ACCESS_KEY": identity.secret_key,
        }

    def bucket(self) -> str:
        """The name of a new, empty bucket."""
        name = f"bucket-{uuid.uuid4().hex[:16]}"
        self._client.create_bucket(Bucket=name)
        return name

    def log_tail(self, size: int = _LOG_TAIL) -> str:
        """The end of the server's log."""
        return self._log.read_text(errors="replace")[-size:] if self._log.exists() else "(no log)"

    def _start(self) -> None:
        for _ in range(_ATTEMPTS):
            if self._try_start():
                return
        raise RuntimeError(f"the strict S3 server did not start:\n{self.log_tail()}")

    def _try_start(self) -> bool:
        """Start it; false if it ended by itself or was not ready in time."""
        self._ports = _Ports(*free_ports(8))
        self._write_configuration()
        # Without a key of its own it answers 500 to objects that are to be encrypted with AES256.
        encrypts = {**os.environ, "WEED_S3_SSE_KEY": uuid.uuid4().hex}
        self._process = GuardedProcess(self._command(), cwd=self._folder, log=self._log, env=encrypts)
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline and not self._process.ended:
            if self._listens():
                self._share_volumes()
                self._store_something()
                return True
            time.sleep(0.02)
        self._end_process()
        return False

    def _write_configuration(self) -> None:
        identities = {"identities": [one.configuration() for one in (ADMIN, READER)]}
        (self._folder / "s3.json").write_text(json.dumps(identities))

    def _command(self) -> list[str]:
        return [
            str(Path(sysconfig.get_path("scripts")) / "weed"),
            "server",
            f"-dir={self._folder}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            "-master.telemetry=false",
            # No election among one master: it takes a second, and if it takes longer the volumes come 5 s late.
            "-master.peers=none",
            "-volume.max=10000",
            "-filer",
            f"-filer.localSocket={self._folder / 'filer.sock'}",
            "-s3",
            f"-s3.config={self._folder / 's3.json'}",
            f"-s3.localSocket={self._folder / 's3.sock'}",
            "-s3.autoCreateBucket=false",
            "-s3.iam=false",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            *self._ports.options(),
        ]

    def _listens(self) -> bool:
        try:
            return self._ask(self._ports.s3, "GET", "/status") == 200
        except OSError:
            return False

    def _share_volumes(self) -> None:
        """Keep all buckets' data in the same volumes, or else the first write to each bucket costs 0.2 s."""
        rules = {"version": 1, "locations": [{"locationPrefix": "/buckets/", "collection": "tests"}]}
        status = self._ask(self._ports.filer, "PUT", "/etc/seaweedfs/filer.conf", json.dumps(rules))
        if status != 201:
            raise RuntimeError(f"the strict S3 server took no settings ({status}):\n{self.log_tail()}")

    def _ask(self, port: int, method: str, path: str, body: str | None = None) -> int:
        """The status of an answer; OSError if there is none."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request(method, path, body)
            return connection.getresponse().status
        finally:
            connection.close()

    def _store_something(self) -> None:
        """Put an object, so that the volumes are there before the first test needs them."""
        # Kept, because only the use of a client, and not its making, is safe in several threads.
        self._client = client = self.client()
        bucket = self.bucket()
        client.put_object(Bucket=bucket, Key="ready", Body=b"ready")
        client.delete_object(Bucket=bucket, Key="ready")
        client.delete_bucket(Bucket=bucket)

    def _end(self) -> None:
        self._end_process()
        shutil.rmtree(self._folder)

    def _end_process(self) -> None:
        if self._process is not None:
            # Killed, because it takes 15 s to end in good order and nothing of it is wanted any more.
            self._process.kill()
            self._process = None
        for path in self._ports.stray_sockets():
            path.unlink(missing_ok=True)


@dataclass(frozen=True)
class _Ports:
    master: int
    master_grpc: int
    volume: int
    volume_grpc: int
    filer: int
    filer_grpc: int
    s3: int
    s3_grpc: int

    def options(self) -> list[str]:
        """One option for every port, so that none is left to its well-known default."""
        pairs = [(part, getattr(self, part), getattr(self, f"{part}_grpc")) for part in _PARTS]
        return [text for part, port, grpc in pairs for text in (f"-{part}.port={port}", f"-{part}.port.grpc={grpc}")]

    def stray_sockets(self) -> list[Path]:
        """The Unix sockets that it makes where no option can tell it otherwise."""
        return [Path(f"/tmp/seaweedfs-{part}-grpc-{getattr(self, f'{part}_grpc')}.sock") for part in _PARTS]


_PARTS = ("master", "volume", "filer", "s3")
