"""Random histories of a dataset, against a model of a few lines.

Sources change and vanish, others write to the destination, runs are cut short and what they knew is lost: whatever the
order, an item that is reported as copied or as unchanged has the source's content, and nothing else was touched.
"""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from s3am_cloud.adapters.files.item_list import SqliteItemList
from s3am_cloud.adapters.memory.jobs import MemoryJobs
from s3am_cloud.adapters.memory.objects import MemoryObjectMover
from s3am_cloud.adapters.memory.reader import MemoryReaders
from s3am_cloud.adapters.memory.transfer import MemoryMovers, MemorySource, MemoryStore
from s3am_cloud.datasets.decisions import UNCHANGED
from s3am_cloud.datasets.failures import FailureRule
from s3am_cloud.datasets.lanes import Lanes
from s3am_cloud.datasets.outcomes import Outcome
from s3am_cloud.datasets.run import DatasetRun, Wanted
from s3am_cloud.datasets.uploading import Uploading
from s3am_cloud.items import Item, Placed
from s3am_cloud.ports.item_list import Existing
from s3am_cloud.ports.objects import WholeObject
from s3am_cloud.ports.transfer import Ports
from s3am_cloud.request import OnExisting
from s3am_cloud.urls import S3Url, parse_source
from s3am_cloud_client.inprocess.dataset.known import KnownObjects
from s3am_cloud_client.inprocess.dataset.upload_run import copy_here
from s3am_cloud_client.observer import SilentObserver
from s3am_cloud_client.options import UploadOptions
from support.fakes import FakeClock

NAMES = [f"n{number}" for number in range(3)]
CONTENTS = st.sampled_from([b"", b"a", b"b"])
EXISTS = st.sampled_from([None, "update", "overwrite", "skip", "fail"])


class Histories(RuleBasedStateMachine):
    """`sources` and `objects` are the model: what each name has on either side."""

    @initialize()
    def begin(self) -> None:
        self.sources: dict[str, bytes] = {}
        self.objects: dict[str, bytes] = {}
        self.source, self.store, self.known = MemorySource(), MemoryStore(), KnownObjects(None)
        self.ports = Ports(
            source=self.source,
            store=self.store,
            movers=MemoryMovers(self.source, self.store),
            readers=MemoryReaders(self.source, self.store),
            jobs=MemoryJobs(),
            clock=FakeClock(),
        )
        for name in NAMES:
            self.somebody_changes_a_source(name, b"first")

    @rule(name=st.sampled_from(NAMES), content=CONTENTS)
    def somebody_changes_a_source(self, name: str, content: bytes) -> None:
        self.sources[name] = content
        self.source.put(_url(name), content)

    @rule(name=st.sampled_from(NAMES))
    def a_source_vanishes(self, name: str) -> None:
        self.sources.pop(name, None)
        self.source.drop(_url(name))

    @rule(name=st.sampled_from(NAMES), content=CONTENTS)
    def others_write_to_the_destination(self, name: str, content: bytes) -> None:
        self.objects[name] = content
        self.store.put_object(_target(name), content, overwrite=True)

    @rule()
    def what_earlier_runs_knew_is_lost(self) -> None:
        self.known = KnownObjects(None)

    @rule(exists=EXISTS, listed=st.booleans(), most=st.sampled_from([None, None, None, 0, 1, 2]))
    def a_run(self, exists: OnExisting | None, listed: bool, most: int | None) -> None:
        """To its end, or only until `most` items have ended; with a listing of the destination, or without one."""
        for name, outcome in self._outcomes(exists, listed, most).items():
            self._check(name, outcome, exists)
        for name in NAMES:  # those that had no outcome may have been copied as well, and nothing else
            content = self._content(name)
            assert content in {self.objects.get(name), self.sources.get(name)}
            self._learn(name, content)

    def _outcomes(self, exists: OnExisting | None, listed: bool, most: int | None) -> dict[str, Outcome]:
        with SqliteItemList() as items:
            items.add(
                Placed(item=Item(source=_url(name), destination=str(_target(name))), place=name) for name in NAMES
            )
            if listed:
                items.note_existing(map(self._existing, sorted(self.objects)))
            wanted = Wanted(
                items=items,
                direction=Uploading(self.source.probe),
                exists=exists,
                failures=FailureRule(100),
                known=self.known,
            )
            options, observer = UploadOptions(), SilentObserver()
            mover = MemoryObjectMover(self.source, self.store)
            lanes: Lanes[WholeObject] = Lanes(mover, lambda task: copy_here(task, options, self.ports, observer), 2)
            outcomes = DatasetRun(wanted, lanes).outcomes()
            found = list(islice(outcomes, most))
            outcomes.close()
        assert most is not None or len(found) == len(NAMES)
        return {outcome.source.rpartition("/")[2]: outcome for outcome in found}

    def _check(self, name: str, outcome: Outcome, exists: OnExisting | None) -> None:
        source, before, now = self.sources.get(name), self.objects.get(name), self._content(name)
        match outcome.state:
            case "copied":
                assert now == source
                assert before is None or exists in {"overwrite", "update"}
            case "skipped":
                assert now == before
                assert exists == "skip" or (now == source and outcome.reason == UNCHANGED)
            case _:
                assert now == before
                assert outcome.error is not None
                assert source is None or (before is not None and exists in {None, "fail"})
        self._learn(name, now)

    def _learn(self, name: str, content: bytes | None) -> None:
        if content is not None:
            self.objects[name] = content

    def _content(self, name: str) -> bytes | None:
        return self.store.content(_target(name)) if self.store.head(_target(name)) else None

    def _existing(self, name: str) -> Existing:
        info = self.store.head(_target(name))
        assert info is not None
        return Existing(destination=str(_target(name)), size=info.size, etag=info.etag)


def _url(name: str) -> str:
    return parse_source(f"https://host/{name}").url


def _target(name: str) -> S3Url:
    return S3Url("bucket", f"p/{name}")


def test_whatever_happens_what_is_reported_is_true() -> None:
    _run(examples=25, steps=14)


@pytest.mark.stress
@pytest.mark.timeout(900)
def test_long_histories_of_datasets() -> None:
    _run(examples=150, steps=30)


def _run(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        Histories,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
