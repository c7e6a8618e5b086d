"""A dataset of a few items, its servers and its destination, and what holds of every run over it: in this process."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from s3am_cloud.datasets.outcomes import Outcome, Summary
from s3am_cloud_client import (
    Aws,
    DatasetOptions,
    DownloadOptions,
    Item,
    Patience,
    Transfers,
    UploadOptions,
    download_many,
    upload_many,
)
from s3am_cloud_client.observer import SilentObserver
from servers.certificates import make_certificate
from servers.faulty_http import FaultyHttp
from servers.proxy import FaultyProxy
from servers.strict_s3 import StrictS3
from support.stored import Stored

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

EVERY = 10
"""One item of this many meets a fault."""
PREFIX = "p/"


class Ran(NamedTuple):
    """How a run ended: how each item did, by its name below the destination, and what it left."""

    outcomes: dict[str, Outcome]
    summary: Summary
    failed: Path

    def said(self, names: Iterable[str]) -> set[str]:
        """What these items came to: their states, and the errors' names of those that failed."""
        found = (self.outcomes[name] for name in names)
        return {one.error.name if one.error is not None else one.state for one in found}

    def said_all(self) -> set[str]:
        return self.said(self.outcomes)


class DatasetEnv:
    """`contents` are what `count` items have, by their names; `before` is what was at the destination."""

    def __init__(self, s3: StrictS3, client: S3Client, folder: Path, stack: ExitStack, count: int) -> None:
        self.folder, self.s3, self._stack = folder, s3, stack
        self.stored = Stored(client, s3.bucket())
        self.contents = {f"{number:03}.bin": f"item {number} ".encode() * 40 for number in range(count)}
        self.before: dict[str, bytes] = {}
        self.stated: dict[str, dict[str, object]] = {}
        self.sources: dict[str, str] = {}
        self._runs = 0

    @cached_property
    def http(self) -> FaultyHttp:
        return self._stack.enter_context(FaultyHttp())

    @cached_property
    def https(self) -> FaultyHttp:
        """With a certificate that nobody trusts."""
        return self._stack.enter_context(FaultyHttp(make_certificate(self.folder)))

    @cached_property
    def proxy(self) -> FaultyProxy:
        """On the way to S3, if asked for before the run."""
        return self._stack.enter_context(FaultyProxy(self.s3.endpoint_url))

    @cached_property
    def files(self) -> Path:
        """The items as files in a folder."""
        folder = self.folder / "files"
        for name, content in self.contents.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return folder

    def serve(self) -> None:
        """The items on a web server."""
        for name, content in self.contents.items():
            self.sources[name] = self.http.add(f"/{name}", content)

    def put_all(self) -> None:
        """The items in S3, to be downloaded."""
        for name, content in self.contents.items():
            self.stored.put(PREFIX + name, content)

    def repair(self) -> None:
        """No fault any more."""
        for name in self.sources:
            self.http.add(f"/{name}", self.contents[name])
        if "proxy" in self.__dict__:
            self.proxy.clear()

    def upload(self, *sources: str, between: Callable[[], None] = lambda: None, **dataset: object) -> Ran:
        """By a manifest of the served items where no sources are given; `between` the listing and the copying."""
        if not sources and "manifest" not in dataset:
            dataset["manifest"] = str(self._manifest())
        options = UploadOptions(aws=self.aws, patience=Patience(stall_timeout=1))
        given = self._dataset(dataset)
        url = self.stored.url(PREFIX)
        run = upload_many(sources, url, options=options, dataset=given, observer=SilentObserver())
        between()
        return self._ran(run, url)

    def download(self, *sources: str | Item, **dataset: object) -> Ran:
        sources = sources or (() if "manifest" in dataset else (self.stored.url(PREFIX),))
        options = DownloadOptions(aws=self.aws, patience=Patience(stall_timeout=1))
        given, folder = self._dataset(dataset), self.folder / "out"
        run = download_many(sources, folder, options=options, dataset=given, observer=SilentObserver())
        return self._ran(run, f"{folder}/")

    def objects(self) -> dict[str, bytes]:
        """What is in S3; what has the MD5 of an item's content is taken for that."""
        known = {hashlib.md5(content).hexdigest(): content for content in self.contents.values()}
        pages = self.stored.client.get_paginator("list_objects_v2").paginate(Bucket=self.stored.bucket, Prefix=PREFIX)
        listed = {one["Key"]: one["ETag"].strip('"') for page in pages for one in page.get("Contents", [])}
        return {key.removeprefix(PREFIX): known.get(etag) or self._read(key) for key, etag in listed.items()}

    def _read(self, key: str) -> bytes:
        return self.stored.client.get_object(Bucket=self.stored.bucket, Key=key)["Body"].read()

    def downloaded(self) -> dict[str, bytes]:
        """Whole files; a partial one ends so."""
        out = self.folder / "out"
        every = (path for path in out.rglob("*") if path.is_file() and path.suffix not in {".partial", ".progress"})
        return {str(path.relative_to(out)): path.read_bytes() for path in every}

    @property
    def aws(self) -> Aws:
        url = self.proxy.endpoint_url if "proxy" in self.__dict__ else self.s3.endpoint_url
        return Aws(endpoint_url=url, region=self.s3.region)

    def _dataset(self, given: dict[str, object]) -> DatasetOptions:
        self._runs += 1
        return msgspec.structs.replace(DatasetOptions(), report_dir=self.folder / f"run{self._runs}", **given)

    def _manifest(self) -> Path:
        path = self.folder / "list.jsonl"
        lines = (
            {"source": url, "destination": name, **self.stated.get(name, {})} for name, url in self.sources.items()
        )
        path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
        return path

    def _ran(self, run: Transfers, place: str) -> Ran:
        """What holds of every run: counts add up, and its files say what was yielded."""
        outcomes = list(run)
        summary, folder = run.summary, self.folder / f"run{self._runs}"
        counts = summary.counts
        assert counts.items == len(outcomes)
        assert counts.copied + counts.skipped + counts.failed + counts.not_reached == counts.items
        assert json.loads((folder / "summary.json").read_text())["counts"] == msgspec.to_builtins(counts)
        with gzip.open(folder / "items.jsonl.gz") as lines:
            assert [msgspec.json.decode(line, type=Outcome) for line in lines] == outcomes
        undone = [one for one in outcomes if one.state in {"failed", "not-reached"}]
        failed = folder / "failed.jsonl"
        repeated = [json.loads(line)["destination"] for line in failed.read_text().splitlines()]
        assert repeated == [one.destination for one in undone]
        found = {one.destination.removeprefix(place): one for one in outcomes}
        return Ran(found, summary, failed)


def nothing_wrong(found: Mapping[str, bytes], env: DatasetEnv) -> None:
    """What is there is an item's content, whole, or was there before."""
    for name, content in found.items():
        assert content in (env.contents.get(name), env.before.get(name)), name


MakeEnv = Callable[[int], DatasetEnv]
