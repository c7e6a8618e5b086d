"""The story of a download, with the object in memory and the file on disk."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from s3am_cloud.adapters.files.partial_file import PartialFile
from s3am_cloud.adapters.memory.transfer import MemoryMovers
from s3am_cloud.adapters.s3.source import S3Source
from s3am_cloud.amounts import NOT_AWS, rounded
from s3am_cloud.checksums.crc64nvme import encode, update
from s3am_cloud.costs.downloads import DownloadTerms
from s3am_cloud.costs.prices import PRICES
from s3am_cloud.errors import (
    ChecksumMismatch,
    JobFailed,
    LocalFileExists,
    PartialDownloadExists,
    SourceChanged,
    SourceNotFound,
    TooExpensive,
)
from s3am_cloud.model import MovedPart, ObjectInfo, Part, PinnedSource, Plan, Receipt
from s3am_cloud.transfer.download import DownloadRequest, download
from s3am_cloud.transfer.local_parts import whole
from s3am_cloud.urls import S3Url, parse_s3, parse_source
from servers.content import pattern
from support.fakes import PART, TARGET, CountingSource, World

DATA = pattern(3 * PART + 1000)
OUTSIDE = DownloadTerms()


class StoredSource(CountingSource):
    """Reads the world's objects, and fails where told to."""

    def __init__(self, world: World) -> None:
        super().__init__([])
        self._world = world
        self.fails_at: int | None = None

    def read(self, origin: PinnedSource, part: Part) -> bytes:
        info = self._world.store.head(parse_s3(origin.source.url))
        if part.number == self.fails_at:
            raise SourceChanged("told to")
        if info is None or info.etag != origin.info.etag:
            raise SourceChanged("another version")
        data = self._world.store.content(parse_s3(origin.source.url))[part.first : part.first + part.length]
        self.bytes_read += len(data)
        return data


class Downloads:
    """An object of DATA, and downloads of it into one file."""

    def __init__(self, folder: Path) -> None:
        self.world = World()
        self.world.store.put_object(TARGET, DATA, True)
        self.source = StoredSource(self.world)
        self.final = folder / "data.bin"
        self.progress = 0
        self.plans: list[Plan] = []

    @property
    def partial(self) -> PartialFile:
        return PartialFile(self.final)

    def count(self, count: int) -> None:
        self.progress += count

    def fetch(
        self,
        *,
        overwrite: bool = False,
        resume: bool = False,
        discard: bool = False,
        part_size: int | None = PART,
        source: S3Url = TARGET,
        max_cost: float | None = None,
        terms: DownloadTerms = OUTSIDE,
    ) -> Receipt:
        self.progress = self.source.bytes_read = 0
        ports = msgspec.structs.replace(
            self.world.ports,
            source=S3Source(self.world.store),
            movers=MemoryMovers(self.source, self.world.store),
        )
        requested = DownloadRequest(
            source=source,
            connections=4,
            overwrite=overwrite,
            resume=resume,
            discard=discard,
            part_size=part_size,
            max_cost=max_cost,
            terms=terms,
        )
        return download(requested, self.partial, ports, self.count, self.plans.append)

    def break_at(self, number: int) -> None:
        """A download that ends in the middle."""
        self.source.fails_at = number
        with pytest.raises(SourceChanged):
            self.fetch()
        self.source.fails_at = None

    def left(self) -> list[str]:
        return sorted(path.name for path in self.final.parent.iterdir())


@pytest.fixture
def downloads(tmp_path: Path) -> Downloads:
    return Downloads(tmp_path)


@pytest.mark.parametrize("size", [0, 1, PART, PART + 1, 3 * PART])
def test_the_file_is_the_object(downloads: Downloads, size: int) -> None:
    data = pattern(size)
    downloads.world.store.put_object(TARGET, data, True)
    receipt = downloads.fetch()
    assert downloads.final.read_bytes() == data
    assert downloads.left() == ["data.bin"]
    assert (receipt.state, receipt.size, receipt.proof) == ("succeeded", size, "full-object")
    assert receipt.checksum == encode(update(0, data))
    assert downloads.progress == size


def test_the_receipt_says_what_leaving_aws_costs(downloads: Downloads) -> None:
    downloads.world.store.put_object(TARGET, DATA, True)
    downloads.world.store.regions[TARGET.bucket] = "ap-southeast-2"
    receipt = downloads.fetch()
    assert receipt.cost_usd == rounded(len(DATA) / 10**9 * 0.114 + (-(-len(DATA) // PART) + 2) * PRICES.s3_read)
    assert "data out to the internet" in str(receipt.cost_of)
    inside = downloads.fetch(overwrite=True, terms=DownloadTerms(in_aws=True, at_aws=False))
    assert inside.cost_usd is not None
    assert inside.cost_usd < receipt.cost_usd / 100
    assert "internet" not in str(inside.cost_of)
    assert str(inside.cost_of).endswith(NOT_AWS)


def test_a_resumed_download_costs_what_was_left(downloads: Downloads) -> None:
    downloads.world.store.put_object(TARGET, DATA, True)
    whole = downloads.fetch().cost_usd
    downloads.final.unlink()
    downloads.break_at(3)
    resumed = downloads.fetch(resume=True).cost_usd
    assert None not in {whole, resumed}
    assert (resumed or 0) < (whole or 0)


def test_a_download_above_its_limit_is_refused_and_writes_nothing(downloads: Downloads) -> None:
    downloads.world.store.put_object(TARGET, DATA, True)
    with pytest.raises(TooExpensive, match="for data out to the internet") as refused:
        downloads.fetch(max_cost=1e-6)
    assert "a machine in AWS" in refused.value.hint
    assert (downloads.left(), downloads.source.bytes_read) == ([], 0)
    assert downloads.fetch(max_cost=1).state == "succeeded"


def test_who_makes_no_object_asks_for_no_tags(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.store.put_object(TARGET, DATA, True)
    monkeypatch.setattr(world.store, "tags", lambda *_: pytest.fail("asked for tags"))
    assert S3Source(world.store, tags=False).probe(parse_source(str(TARGET))).size == len(DATA)


def test_an_object_that_is_not_there_leaves_nothing(downloads: Downloads) -> None:
    with pytest.raises(SourceNotFound):
        downloads.fetch(source=S3Url("bucket", "missing"))
    assert downloads.left() == []


def test_what_an_earlier_download_left_is_reported(downloads: Downloads) -> None:
    downloads.break_at(3)
    assert not downloads.final.exists()
    with pytest.raises(PartialDownloadExists):
        downloads.fetch()
    assert downloads.left() == [".data.bin.partial", ".data.bin.progress"]


def test_a_resume_fetches_only_what_is_missing(downloads: Downloads) -> None:
    downloads.break_at(3)
    downloads.fetch(resume=True)
    assert downloads.source.bytes_read == PART + 1000
    assert downloads.progress == len(DATA)
    assert downloads.final.read_bytes() == DATA


def test_discard_fetches_all_again(downloads: Downloads) -> None:
    downloads.break_at(3)
    downloads.fetch(discard=True)
    assert downloads.source.bytes_read == len(DATA)
    assert downloads.final.read_bytes() == DATA


@pytest.mark.parametrize("at", [0, PART - 1, PART])
def test_a_bit_flipped_on_disk_is_fetched_again(downloads: Downloads, at: int) -> None:
    downloads.break_at(3)
    with downloads.partial.path.open("rb+") as file:
        file.seek(at)
        file.write(bytes([DATA[at] ^ 1]))
    downloads.fetch(resume=True)
    assert downloads.source.bytes_read == 2 * PART + 1000
    assert downloads.final.read_bytes() == DATA


def test_a_resume_of_an_object_that_changed_starts_afresh(downloads: Downloads) -> None:
    downloads.break_at(3)
    data = pattern(len(DATA), 9)
    downloads.world.store.put_object(TARGET, data, True)
    downloads.fetch(resume=True)
    assert downloads.source.bytes_read == len(data)
    assert downloads.final.read_bytes() == data


def test_a_resume_keeps_the_part_size_unless_another_is_wished(downloads: Downloads) -> None:
    downloads.break_at(3)
    downloads.fetch(resume=True, part_size=None)
    assert downloads.plans[-1].part_size == PART
    downloads.final.unlink()
    downloads.break_at(3)
    downloads.fetch(resume=True, part_size=2 * PART)
    assert downloads.plans[-1].part_size == 2 * PART
    assert downloads.source.bytes_read == len(DATA)


def test_a_resume_of_nothing_fetches_all(downloads: Downloads) -> None:
    downloads.fetch(resume=True)
    assert downloads.final.read_bytes() == DATA


def test_a_file_that_came_to_exist_meanwhile_is_not_replaced(
    downloads: Downloads, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = downloads.world.store.head

    def meanwhile(target: S3Url) -> ObjectInfo | None:
        downloads.final.write_bytes(b"theirs")
        return real(target)

    monkeypatch.setattr(downloads.world.store, "head", meanwhile)
    with pytest.raises(LocalFileExists):
        downloads.fetch()
    assert downloads.final.read_bytes() == b"theirs"
    downloads.fetch(resume=True, overwrite=True)
    assert downloads.source.bytes_read == 0
    assert downloads.final.read_bytes() == DATA


def test_content_that_is_not_what_the_store_holds_never_gets_its_name(
    downloads: Downloads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads.source, "read", lambda origin, part: bytes(part.length))
    with pytest.raises(ChecksumMismatch):
        downloads.fetch()
    assert not downloads.final.exists()


def test_a_whole_lacks_no_part_and_has_any_order() -> None:
    cut = Plan(size=len(DATA), part_size=PART)
    parts = [MovedPart(p.number, p.length, update(0, DATA[p.first : p.last + 1])) for p in cut.parts()]
    assert whole(cut, parts[::-1]) == update(0, DATA)
    with pytest.raises(JobFailed, match="the first is part 2"):
        whole(cut, [parts[0], *parts[2:]])
