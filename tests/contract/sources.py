"""The sources under contract, each with a way to fill it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote

from s3am_cloud.adapters.curl.source.probe import CurlSource
from s3am_cloud.adapters.files.local_file import FileSource
from s3am_cloud.adapters.memory.transfer import MemorySource
from s3am_cloud.adapters.s3.source import S3Source
from s3am_cloud.adapters.s3.store import S3Store
from s3am_cloud.ports.transfer import Source
from s3am_cloud.urls import SourceUrl, parse_source
from servers.content import Content
from servers.faulty_http import FaultyHttp

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class SourceCase(Protocol):
    """A source, and what a test needs beside it."""

    @property
    def source(self) -> Source: ...

    def put(self, name: str, data: bytes) -> SourceUrl:
        """Content under that name; a second time, another version of it."""

    def missing(self) -> SourceUrl:
        """A well-formed URL with nothing behind it."""


class FileCase:
    def __init__(self, folder: Path) -> None:
        self.source = FileSource()
        self._folder = folder

    def put(self, name: str, data: bytes) -> SourceUrl:
        fresh = self._folder / ".fresh"
        fresh.write_bytes(data)
        fresh.replace(self._folder / name)
        return parse_source(str(self._folder / name))

    def missing(self) -> SourceUrl:
        return parse_source(str(self._folder / "missing"))


class HttpCase:
    def __init__(self, source: CurlSource, server: FaultyHttp) -> None:
        self.source = source
        self._server = server
        self._versions = 0

    def put(self, name: str, data: bytes | Content) -> SourceUrl:
        self._versions += 1
        return parse_source(self._server.add(f"/{name}", data, etag=f'"{self._versions}"'))

    def missing(self) -> SourceUrl:
        return parse_source(self._server.url("/missing"))


class S3Case:
    def __init__(self, store: S3Store, client: S3Client, bucket: str) -> None:
        self.source = S3Source(store)
        self._client, self._bucket = client, bucket

    def put(self, name: str, data: bytes) -> SourceUrl:
        self._client.put_object(Bucket=self._bucket, Key=name, Body=data)
        return parse_source(f"s3://{self._bucket}/{name}")

    def missing(self) -> SourceUrl:
        return parse_source(f"s3://{self._bucket}/missing")


class MemoryCase:
    def __init__(self) -> None:
        self.source = MemorySource()

    def put(self, name: str, data: bytes) -> SourceUrl:
        url = parse_source(f"https://host/{quote(name)}")
        self.source.put(url.url, data)
        return url

    def missing(self) -> SourceUrl:
        return parse_source("https://host/missing")
