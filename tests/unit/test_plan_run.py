"""Planning a job on this machine: as the cloud would, and without a trace."""

from __future__ import annotations

import io

import msgspec
import pytest

from s3am_cloud.adapters.memory.transfer import MemorySource
from s3am_cloud.costs.forecast import forecast
from s3am_cloud.errors import AccessDenied, ObjectExists, SourceTooLarge, TooExpensive, UploadExists
from s3am_cloud.limits import MIB, MIN_PART
from s3am_cloud.model import ObjectInfo, SourceInfo, TransferRequest
from s3am_cloud.ports.transfer import Ports
from s3am_cloud.transfer.steps.plan import plan
from s3am_cloud.urls import S3Url, SourceUrl
from s3am_cloud_cli.console.output import Console
from s3am_cloud_client.inprocess.dry_run import check_cost, quote
from servers.content import pattern
from support.cloud_fakes import DATA
from support.fakes import PART, SOURCE, TARGET, LoggedStore, World, request

# More than a sample is worth.
LARGE = pattern(65 * MIB)
SLOW = 10**5


class Veiled(LoggedStore):
    """A store in which this user may see nothing."""

    def head(self, target: S3Url) -> ObjectInfo | None:
        raise AccessDenied(f"{target} is not yours to see")


class Unsized(MemorySource):
    """Tells no sizes."""

    def probe(self, url: SourceUrl) -> SourceInfo:
        return SourceInfo(size=None, ranges=False)


@pytest.fixture
def world() -> World:
    made = World()
    made.source.put(SOURCE, DATA)
    return made


@pytest.fixture
def err() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def console(err: io.StringIO) -> Console:
    return Console(out=io.StringIO(), err=err)


def bounded(max_cost: float, asked: TransferRequest | None = None) -> TransferRequest:
    return msgspec.structs.replace(asked or request(), max_cost=max_cost)


def seen_at(rate: int, world: World) -> Ports:
    return msgspec.structs.replace(world.ports, rate_probe=lambda origin: rate)


def test_a_quote_leaves_no_trace(world: World, console: Console) -> None:
    told = quote(request(), False, world.ports, console)
    assert (told.size, told.parts, told.part_size) == (len(DATA), 5, PART)
    assert told.cloud is not None
    assert told.cloud.dollars > 0
    assert "create" not in world.calls
    assert (list(world.jobs.ids()), world.store.unfinished(TARGET), world.source.bytes_read) == ([], [], 0)


def test_secrets_count(world: World, console: Console) -> None:
    plain, sealed = (quote(request(), secret, world.ports, console).cloud for secret in (False, True))
    assert plain is not None
    assert sealed is not None
    assert sealed.invocations == plain.invocations + 1


def test_what_is_there_already_is_refused_as_the_job_would_be_or_left(world: World, console: Console) -> None:
    world.store.put_object(TARGET, b"theirs", True)
    with pytest.raises(ObjectExists):
        quote(request(), False, world.ports, console)
    told = quote(request("skip"), False, world.ports, console)
    assert (told.state, told.cloud, told.size) == ("skipped", None, None)
    assert quote(request("overwrite"), False, world.ports, console).parts == 5


def test_an_unfinished_upload_is_refused_counted_or_left(world: World, console: Console) -> None:
    """An unfinished upload is refused or counts as moved or is not discarded."""
    world.begin(request(), 1, 2)
    with pytest.raises(UploadExists):
        quote(request(), False, world.ports, console)
    told = quote(request(resume=True), False, world.ports, console)
    assert (told.parts, told.size) == (3, len(DATA) - 2 * PART)
    assert quote(request(force=True), False, world.ports, console).parts == 5
    assert len(world.store.unfinished(TARGET)) == 1


def test_a_destination_that_can_not_be_seen_is_noted_as_assumed_empty(
    world: World, console: Console, err: io.StringIO
) -> None:
    """A destination that can not be seen is taken to be empty and that is said."""
    ports = msgspec.structs.replace(world.ports, store=Veiled(world.calls))
    assert quote(request(), False, ports, console).parts == 5
    assert "not yours to see" in err.getvalue()


def test_a_bound_that_is_kept_says_nothing(world: World, console: Console, err: io.StringIO) -> None:
    check_cost(bounded(1.0), False, world.ports, console)
    assert err.getvalue() == ""


def test_a_bound_is_held_against_the_whole_job_or_what_is_left_of_it(world: World, console: Console) -> None:
    known = forecast(plan(SourceInfo(size=len(DATA), ranges=True), 64, PART), "https").dollars
    with pytest.raises(TooExpensive):
        check_cost(bounded(known * 0.99), False, world.ports, console)
    world.begin(request(), 1, 2, 3, 4)
    check_cost(bounded(known * 0.99, request(resume=True)), False, world.ports, console)
    with pytest.raises(TooExpensive):
        check_cost(bounded(1e-6, request(resume=True)), False, world.ports, console)


def test_a_source_that_is_slow_from_here_may_be_fast_from_the_cloud(world: World, console: Console) -> None:
    world.source.put(SOURCE, LARGE)
    fast, slow = (
        quote(request(part_size=None), False, ports, console).cloud for ports in (world.ports, seen_at(SLOW, world))
    )
    assert fast is not None
    assert slow is not None
    assert fast.dollars < slow.dollars
    asked = bounded((fast.dollars + slow.dollars) / 2, request(part_size=None))
    check_cost(asked, False, seen_at(SLOW, world), console)
    with pytest.raises(TooExpensive):
        check_cost(bounded(fast.dollars * 0.99, asked), False, seen_at(SLOW, world), console)


def test_what_the_rate_that_is_seen_makes_cheaper_is_not_refused(world: World, console: Console) -> None:
    """Slow connections share a worker, where without a rate each part gets its own."""
    world.source.put(SOURCE, LARGE)
    ports, asked = seen_at(14 * 10**6, world), request(part_size=None)
    told, unmeasured = (quote(asked, False, each, console).cloud for each in (ports, world.ports))
    assert told is not None
    assert unmeasured is not None
    assert told.dollars < unmeasured.dollars
    check_cost(bounded(told.dollars * 1.01, asked), False, ports, console)


def test_a_plan_that_can_not_be_is_refused_before_its_cost(world: World, console: Console) -> None:
    with pytest.raises(SourceTooLarge):
        check_cost(bounded(1.0), False, msgspec.structs.replace(world.ports, source=Unsized()), console)


@pytest.mark.parametrize(
    "asked",
    [request(source="https://host/missing"), msgspec.structs.replace(request(), secret="s3am-cloud/partner")],
    ids=["no such source", "its login is in a secret"],
)
def test_what_can_not_be_told_from_here_is_left_to_the_cloud_with_a_note(
    asked: TransferRequest, world: World, console: Console, err: io.StringIO
) -> None:
    check_cost(bounded(1e-6, asked), False, world.ports, console)
    assert err.getvalue().count("\n") == 1
    assert "The cloud checks the cost" in err.getvalue()


@pytest.mark.parametrize("asked", [request("skip"), request(resume=True)], ids=["skip", "resume"])
def test_where_there_may_be_nothing_to_do_nothing_is_refused_from_afar(
    asked: TransferRequest, world: World, console: Console, err: io.StringIO
) -> None:
    ports = msgspec.structs.replace(world.ports, store=Veiled(world.calls))
    check_cost(bounded(1e-6, asked), False, ports, console)
    assert "The cloud checks the cost" in err.getvalue()
    with pytest.raises(TooExpensive):
        check_cost(bounded(1e-6), False, ports, console)


def test_a_quote_counts_with_the_workers_that_a_stack_may_run(world: World, console: Console) -> None:
    world.source.put(SOURCE, LARGE)
    asked = TransferRequest(source=SOURCE, destination=str(TARGET), part_size=MIN_PART, download_slots=12)
    free, limited = (
        quote(asked, False, msgspec.structs.replace(seen_at(2 * 10**7, world), most_workers=most), console).cloud
        for most in (None, 1)
    )
    assert free is not None
    assert limited is not None
    assert (free.concurrency, limited.concurrency) == (2, 1)
    assert limited.seconds > free.seconds
