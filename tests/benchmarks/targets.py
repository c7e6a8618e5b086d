"""Where the bytes have to be after a run: emptied before each, compared after each."""

from __future__ import annotations

import filecmp
import http.client
import shutil
import ssl
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from benchmarks.measure import Different
from benchmarks.stored import Stored, crc_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_BUFFER = 1 << 20


class Target(Protocol):
    """What a tool writes to."""

    def clear(self) -> None:
        """Takes away what the run before has left, so that nobody is praised for it."""
        ...

    def check(self) -> None:
        """Raises Different unless all bytes are there, and no others."""
        ...


@dataclass(frozen=True)
class Nothing:
    """For jobs that move nothing."""

    def clear(self) -> None:
        """Nothing is there."""

    def check(self) -> None:
        """Nothing has to be there."""


@dataclass(frozen=True)
class File:
    """A file with the bytes of `like`, or several files NAME.part0, NAME.part1 and so on that hold them together."""

    path: Path
    like: Path

    def clear(self) -> None:
        for found in self._found():
            found.unlink()

    def check(self) -> None:
        if not _same(_pieces(self._found()), self.like):
            raise Different(f"{self.path.name} has other bytes")

    def _found(self) -> list[Path]:
        return [self.path] if self.path.exists() else sorted(self.path.parent.glob(f"{self.path.name}.part*"))


@dataclass(frozen=True)
class Folder:
    """A folder with files of the names and bytes of those in `like`."""

    path: Path
    like: Path

    def clear(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)

    def check(self) -> None:
        for file in self.like.iterdir():
            found = self.path / file.name
            if not found.is_file() or not filecmp.cmp(found, file, shallow=False):
                raise Different(f"{found.name} is not there, or has other bytes")


@dataclass(frozen=True)
class Objects:
    """Objects of the fast server, each with the file that it should be like: the server has computed their CRCs."""

    endpoint: str
    certificate: Path | None
    files: Sequence[tuple[str, Path]]

    def clear(self) -> None:
        with closing(self._connection()) as connection:
            for path, _ in self.files:
                connection.request("DELETE", f"/{path}")
                connection.getresponse().read()

    def check(self) -> None:
        with closing(self._connection()) as connection:
            for path, file in self.files:
                expected = Stored(file.stat().st_size, crc_of(file, 0, file.stat().st_size))
                if self._head(connection, path) != (expected.size, expected.checksum):
                    raise Different(f"{path} has other bytes")

    def _head(self, connection: http.client.HTTPConnection, path: str) -> tuple[int, str | None]:
        connection.request("HEAD", f"/{path}")
        answer = connection.getresponse()
        answer.read()
        return int(answer.headers.get("content-length", -1)), answer.headers.get("x-amz-checksum-crc64nvme")

    def _connection(self) -> http.client.HTTPConnection:
        where = urlsplit(self.endpoint).netloc
        if not self.certificate:
            return http.client.HTTPConnection(where)
        return http.client.HTTPSConnection(where, context=ssl.create_default_context(cafile=str(self.certificate)))


@dataclass(frozen=True)
class StrictObject:
    """An object of the strict server, read back whole."""

    client: S3Client
    bucket: str
    key: str
    like: Path

    def clear(self) -> None:
        self.client.delete_object(Bucket=self.bucket, Key=self.key)

    def check(self) -> None:
        try:
            body = self.client.get_object(Bucket=self.bucket, Key=self.key)["Body"]
        except self.client.exceptions.NoSuchKey:
            raise Different(f"{self.key} is not there") from None
        if not _same(body.iter_chunks(_BUFFER), self.like):
            raise Different(f"{self.key} has other bytes")


def _pieces(files: Sequence[Path]) -> Iterator[bytes]:
    for path in files:
        with path.open("rb") as file:
            while data := file.read(_BUFFER):
                yield data


def _same(pieces: Iterable[bytes], like: Path) -> bool:
    """Whether the pieces, one after the other, are the file's bytes."""
    with like.open("rb") as file:
        return all(file.read(len(piece)) == piece for piece in pieces) and not file.read(1)
