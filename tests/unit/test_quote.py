"""What a transfer is told to cost beforehand, and that a job above its bound begins nothing."""

from __future__ import annotations

import re

import msgspec
import pytest

from s3am_cloud.amounts import price_text
from s3am_cloud.costs.forecast import forecast
from s3am_cloud.costs.prices import PRICES
from s3am_cloud.costs.quote import by_datasync, enforce_max_cost, forecast_of, in_cloud, in_process, remaining
from s3am_cloud.errors import BadRequest, TooExpensive
from s3am_cloud.ingest.accept import decode_request
from s3am_cloud.jobs.cleanup import settle
from s3am_cloud.jobs.locks import request_fingerprint
from s3am_cloud.jobs.tasks import work
from s3am_cloud.limits import COPY_BYTES_PER_SECOND, LINK_BYTES_PER_SECOND, MIB
from s3am_cloud.model import Job, Plan, SourceInfo, TransferRequest, Unit
from s3am_cloud.names import TRANSFER_FAILED
from s3am_cloud.ports.executions import Failure
from s3am_cloud.transfer.steps.plan import plan
from servers.content import pattern
from support.cloud_fakes import ASKED, DATA, LONG, Bus, Machine, ended, prepared
from support.fakes import PART, SOURCE, TARGET, World

TB = 10**12
CUT = plan(SourceInfo(size=len(DATA), ranges=True), 64, PART)
WHOLE = forecast(CUT, "https").dollars


@pytest.fixture
def world() -> World:
    made = World()
    made.source.put(SOURCE, DATA)
    return made


def job(source: str = SOURCE, max_cost: float | None = None, cut: Plan = CUT, small: bool = False) -> Job:
    request = TransferRequest(source=source, destination=str(TARGET), max_cost=max_cost)
    info = SourceInfo(size=cut.size, ranges=True)
    return Job(id="j", created="", request=request, info=info, plan=cut, state="put" if small else "transfer")


@pytest.mark.parametrize(
    ("dollars", "text"),
    [(0, "$0.00"), (0.000211, "$0.00021"), (0.1749, "$0.17"), (0.5, "$0.5"), (12.5, "$12.50"), (1234.5, "$1,234.50")],
)
def test_an_amount_is_told_to_two_digits_below_a_dollar_and_in_cents_above(dollars: float, text: str) -> None:
    assert price_text(dollars) == text


@pytest.mark.parametrize(
    ("source", "keys", "size", "dollars"),
    [
        ("s3://from/dir/key", False, TB, 12.5),
        ("s3://from/another-name", False, TB, None),
        ("s3://from/key", True, TB, None),
        ("s3://from/key", False, 6 * TB, None),
        (SOURCE, False, TB, None),
        ("ftp://host/key", False, TB, None),
        ("sftp://host/key", False, TB, None),
    ],
)
def test_datasync_has_a_price_only_where_it_could_do_the_job(
    source: str, keys: bool, size: int, dollars: float | None
) -> None:
    found = by_datasync(job(source), size, keys)
    assert (None if found is None else found.dollars) == (
        dollars if dollars is None else pytest.approx(dollars, abs=1e-5)
    )


def test_the_prices_say_of_where_and_when_they_are() -> None:
    assert PRICES.region == "us-east-1"
    assert re.fullmatch(r"20\d\d-\d\d", PRICES.as_of)


def test_what_is_told_of_the_cloud_is_the_forecast() -> None:
    cut = plan(SourceInfo(size=TB, ranges=True), 64)
    told, known = in_cloud(job(cut=cut), cut, 20 * 10**6), forecast(cut, "https", 20 * 10**6)
    assert (told.units, told.concurrency, told.slots) == (known.units, cut.concurrency, cut.slots)
    names = ("invocations", "transitions", "s3_writes", "s3_reads", "kms_requests", "events")
    assert [getattr(told, name) for name in names] == [getattr(known.usage, name) for name in names]
    assert (told.seconds, told.dollars) == pytest.approx((known.seconds, known.dollars), abs=0.1)


def test_a_small_object_that_needs_an_upload_is_forecast_with_one() -> None:
    cut = Plan(size=100, part_size=64 * MIB, small=True)
    assert forecast_of(job(cut=cut, small=True), cut) == forecast(cut, "https")
    assert forecast_of(job(cut=cut), cut) == forecast(msgspec.structs.replace(cut, small=False), "https")


@pytest.mark.parametrize(
    ("source", "rate", "speed"),
    [
        (SOURCE, None, LINK_BYTES_PER_SECOND),
        (SOURCE, 2 * 10**6, 8 * 2 * 10**6),
        (SOURCE, 10**9, LINK_BYTES_PER_SECOND),
        ("s3://from/key", None, 8 * COPY_BYTES_PER_SECOND),
    ],
)
def test_a_machine_moves_what_its_connections_give_up_to_its_link(source: str, rate: int | None, speed: int) -> None:
    """A machine moves what its connections give up to its link and copies pass it by."""
    cut = plan(SourceInfo(size=TB, ranges=True), 8)
    told = in_process(job(source, cut=cut), cut, 8, rate)
    assert told.bytes_per_second == speed
    assert told.seconds == pytest.approx(TB / speed, abs=0.1)
    assert told.dollars == pytest.approx(told.s3_writes * 5e-6 + told.s3_reads * 0.4e-6)


def test_a_part_is_moved_over_one_connection_however_many_there_might_be() -> None:
    cut = plan(SourceInfo(size=40 * MIB, ranges=True), 8, 64 * MIB)
    assert in_process(job(cut=cut), cut, 8, 10**6).connections == 1


def test_what_is_left_has_the_parts_and_the_bytes_that_are_left() -> None:
    rest = remaining(CUT, [CUT.part(2), CUT.part(CUT.count)])
    assert (rest.count, rest.size) == (2, PART + CUT.part(CUT.count).length)


def test_a_job_at_its_bound_is_begun_and_one_above_it_is_not() -> None:
    enforce_max_cost(job(max_cost=WHOLE))
    with pytest.raises(TooExpensive, match=re.escape(price_text(WHOLE))):
        enforce_max_cost(job(max_cost=WHOLE * 0.999))
    enforce_max_cost(job(max_cost=None))


def test_the_rate_that_was_measured_counts() -> None:
    slow = msgspec.structs.replace(job(max_cost=WHOLE), info=SourceInfo(size=len(DATA), ranges=True, rate=10**5))
    with pytest.raises(TooExpensive):
        enforce_max_cost(slow)


@pytest.mark.parametrize("size", [len(DATA), 1000])
def test_a_job_above_its_bound_writes_nothing_and_ends_with_that_error(world: World, size: int) -> None:
    world.source.put(SOURCE, pattern(size))
    with pytest.raises(TooExpensive):
        prepared(world, max_cost=1e-6, part_size=None if size == 1000 else PART)
    assert "create" not in world.calls
    assert (world.source.bytes_read, world.store.unfinished(TARGET), world.store.head(TARGET)) == (0, [], None)
    bus = Bus()
    report = settle(ended(), world.ports, Machine(Failure(name="TooExpensive", message="too much")), bus)
    assert report is not None
    assert report.error is not None
    assert (report.error.name, report.error.code, report.error.retryable) == ("TooExpensive", 25, False)
    assert (report.unfinished_upload, [kind for kind, _ in bus.announced]) == (None, [TRANSFER_FAILED])


def test_a_job_within_its_bound_is_done(world: World) -> None:
    assert prepared(world, max_cost=1).transfer


def test_an_object_that_is_left_as_it_is_costs_nothing(world: World) -> None:
    world.store.put_object(TARGET, b"theirs", True)
    assert not prepared(world, max_cost=1e-6, exists="skip").transfer


def test_a_job_that_continues_is_limited_by_what_is_left(world: World) -> None:
    """A job that continues is held to what is left and keeps what is there."""
    prepared(world)
    work("job", Unit(0, 1, 4), lambda: LONG, world.ports)
    rest = forecast(remaining(CUT, [CUT.part(5)]), "https").dollars
    assert rest < WHOLE
    with pytest.raises(TooExpensive):
        prepared(world, "again", resume=True, max_cost=rest * 0.99)
    assert len(world.store.unfinished(TARGET)) == 1
    assert prepared(world, "anew", resume=True, max_cost=rest).transfer


@pytest.mark.parametrize("most", [0, -1, "5", True])
def test_what_is_no_amount_is_refused(most: object) -> None:
    with pytest.raises(BadRequest, match="max_cost"):
        decode_request({**ASKED, "max_cost": most})


def test_the_same_transfer_with_another_bound_joins_it() -> None:
    request = TransferRequest(source=SOURCE, destination=str(TARGET))
    assert request_fingerprint(msgspec.structs.replace(request, max_cost=5.0)) == request_fingerprint(request)
