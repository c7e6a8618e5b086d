"""What a list states of an item's content is a condition of every way to be done with it: also of leaving it alone."""

from __future__ import annotations

import hashlib
from typing import NamedTuple
from unittest import mock

import msgspec
import pytest

from s3am_cloud.adapters.files.item_list import SqliteItemList
from s3am_cloud.adapters.memory.jobs import MemoryJobs
from s3am_cloud.adapters.memory.objects import MemoryObjectMover
from s3am_cloud.adapters.memory.reader import MemoryReaders
from s3am_cloud.adapters.memory.transfer import MemoryMovers, MemorySource, MemoryStore
from s3am_cloud.datasets.failures import FailureRule
from s3am_cloud.datasets.lanes import Lanes
from s3am_cloud.datasets.outcomes import Outcome
from s3am_cloud.datasets.run import DatasetRun, Wanted
from s3am_cloud.datasets.uploading import Uploading
from s3am_cloud.errors import BadRequest
from s3am_cloud.ingest.dataset_checks import check_dataset
from s3am_cloud.items import Item, Placed
from s3am_cloud.ports.item_list import Existing
from s3am_cloud.ports.objects import WholeObject
from s3am_cloud.ports.transfer import Ports
from s3am_cloud.request import Dataset, OnExisting, TransferRequest
from s3am_cloud.urls import S3Url, parse_source
from s3am_cloud_client.inprocess.dataset.known import KnownObjects
from s3am_cloud_client.inprocess.dataset.upload_run import copy_here
from s3am_cloud_client.observer import SilentObserver
from s3am_cloud_client.options import UploadOptions
from support.fakes import FakeClock

URL, TARGET = parse_source("https://host/a"), S3Url("bucket", "p/a")
CONTENT, OTHER = b"what the source has", b"what it had earlier"
OPTIONS = UploadOptions()


def sha512(content: bytes) -> str:
    """No store keeps it."""
    return f"sha512:{hashlib.sha512(content).hexdigest()}"


class Ended(NamedTuple):
    outcome: Outcome
    heads: int
    content: bytes | None

    @property
    def said(self) -> str:
        """The state, or the error's name."""
        return self.outcome.error.name if self.outcome.error is not None else self.outcome.state


class Destination:
    """One item, and what is at its destination before; runs remember what earlier ones found."""

    def __init__(self, before: bytes | None = None) -> None:
        self.source, self.store, self.known = MemorySource(), MemoryStore(), KnownObjects(None)
        self.source.put(URL.url, CONTENT)
        if before is not None:
            self.store.put_object(TARGET, before, overwrite=True)

    def run(self, digest: str | None = None, size: int | None = None, exists: OnExisting | None = None) -> Ended:
        ports = Ports(
            source=self.source,
            store=self.store,
            movers=MemoryMovers(self.source, self.store),
            readers=MemoryReaders(self.source, self.store),
            jobs=MemoryJobs(),
            clock=FakeClock(),
        )
        with SqliteItemList() as items:
            items.add(
                [Placed(item=Item(source=URL.url, destination=str(TARGET), size=size, digest=digest), place="list:1")]
            )
            if (there := self.store.head(TARGET)) is not None:
                items.note_existing([Existing(destination=str(TARGET), size=there.size, etag=there.etag)])
            wanted = Wanted(
                items=items,
                direction=Uploading(self.source.probe),
                exists=exists,
                failures=FailureRule(),
                known=self.known,
            )
            lanes: Lanes[WholeObject] = Lanes(
                MemoryObjectMover(self.source, self.store),
                lambda task: copy_here(task, OPTIONS, ports, SilentObserver()),
                1,
            )
            run = DatasetRun(wanted, lanes)
            [outcome] = run.outcomes()
        return Ended(outcome, run.heads, self.store.content(TARGET) if self.store.head(TARGET) else None)


@pytest.mark.parametrize("exists", [None, "update"])
@pytest.mark.parametrize("recorded", [True, False])
def test_an_object_with_another_digest_than_stated_is_not_the_same(exists: OnExisting | None, recorded: bool) -> None:
    """Although it was copied from just this version of this source."""
    place = Destination()
    assert place.run().said == "copied"
    if not recorded:
        place.known = KnownObjects(None)
    assert place.run(sha512(OTHER), exists=exists).said == ("NotAsExpected" if exists else "ObjectExists")
    assert place.run(sha512(CONTENT), exists=exists).said == "skipped"


def test_a_stated_size_that_the_source_lacks_fails_beside_its_copy() -> None:
    place = Destination()
    place.run()
    assert place.run(size=len(CONTENT) + 1).said == "NotAsExpected"
    assert place.run(size=len(CONTENT)).said == "skipped"


def test_an_object_with_the_stated_digest_is_known_without_a_request() -> None:
    place = Destination()
    assert place.run(sha512(CONTENT)).said == "copied"
    again = place.run(sha512(CONTENT))
    assert (again.said, again.heads) == ("skipped", 0)
    # A source that has other content by now changes nothing: the list does not want it.
    place.source.put(URL.url, OTHER)
    assert place.run(sha512(CONTENT)).said == "skipped"


def test_an_object_nobody_recorded_is_read_for_a_digest_it_lacks() -> None:
    place = Destination(CONTENT)
    found = place.run(sha512(CONTENT))
    assert (found.said, found.heads) == ("skipped", 1)
    assert Destination(OTHER).run(sha512(CONTENT)).said == "ObjectExists"
    assert Destination(OTHER).run(sha512(CONTENT), exists="update").content == CONTENT


def test_an_object_that_comes_after_the_look_is_not_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison has found nothing there."""
    place = Destination(OTHER)
    head, looks = place.store.head, iter((True, False))

    def gone_for_a_moment(target: S3Url) -> object:
        return head(target) if next(looks, True) else None

    monkeypatch.setattr(place.store, "head", gone_for_a_moment)
    found = place.run()
    assert (found.said, found.content) == ("ObjectExists", OTHER)


@pytest.mark.parametrize("exists", ["update", "overwrite"])
def test_an_object_is_not_replaced_by_what_is_not_as_stated(exists: OnExisting) -> None:
    """A digest that S3 does not compare shows only of the new object, when the one before would be gone."""
    place = Destination(b"what somebody needs")
    found = place.run(sha512(OTHER), exists=exists)
    assert (found.said, found.content) == ("NotAsExpected", b"what somebody needs")


def test_what_goes_by_one_request_is_never_another_than_stated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for a moment: a source that can't go from memory is read for its digest before."""
    place = Destination()
    put_object = mock.Mock(side_effect=place.store.put_object)
    monkeypatch.setattr(place.store, "put_object", put_object)
    monkeypatch.setattr(Uploading, "is_whole", lambda self, listed: False)
    assert place.run(sha512(OTHER)).said == "NotAsExpected"
    assert put_object.call_count == 0
    assert place.run(sha512(CONTENT)).said == "copied"
    assert put_object.call_count == 1


@pytest.mark.parametrize("given", [{"expect": sha512(CONTENT)}, {"source_digest": "https://host/a.sha256"}])
def test_a_digest_of_one_object_is_refused_for_a_job_of_many(given: dict[str, str]) -> None:
    dataset = Dataset(sources=("s3://b/p/",))
    request = TransferRequest(source="s3://b/p/", destination="s3://c/p/", dataset=dataset)
    check_dataset(request)
    with pytest.raises(BadRequest, match="one object"):
        check_dataset(msgspec.structs.replace(request, **given))
