"""What an invocation tells of itself: log lines, metrics, and a note of what it took, which the receipt sums up."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from s3am_cloud.amounts import rounded
from s3am_cloud.costs.forecast import forecast
from s3am_cloud.costs.prices import PRICES
from s3am_cloud.errors import SourceBusy, SourceChanged, StoreUnavailable
from s3am_cloud.handlers import control, worker
from s3am_cloud.jobs.tasks import complete_job
from s3am_cloud.jobs.usage import spent, summed
from s3am_cloud.limits import GIB
from s3am_cloud.model import Receipt, SourceInfo
from s3am_cloud.ports.records import Tally
from s3am_cloud.transfer.steps.plan import plan
from s3am_cloud.urls import parse_source
from servers.content import pattern
from support.fakes import PART, SOURCE, TARGET, World
from unit.lambda_fakes import Clumsy, context, lambda_world

DATA = pattern(2 * PART + 5)
ASKED = {"source": SOURCE, "destination": str(TARGET), "part_size": PART}
Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def log() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    made.source.put(SOURCE, DATA)
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "TheStack")
    return made


@pytest.fixture
def function(world: World, log: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Puts the handlers into the world, where moving the part of this number fails."""

    def put(until: int = 99) -> None:
        ports = msgspec.structs.replace(world.ports, movers=Clumsy(world.ports.movers, world, until))
        here = lambda_world(ports, log)
        for module in (control, worker):
            monkeypatch.setattr(module, "load_runtime", lambda: here)

    return put


@pytest.fixture
def lines(log: io.StringIO) -> Lines:
    return lambda: [json.loads(line) for line in log.getvalue().splitlines()]


def prepared() -> None:
    control.handler({"action": "accept", "request": ASKED, "execution": "arn:job"}, context())
    control.handler({"action": "prepare", "job": "job", "execution": "arn:job"}, context())


def moved(first: int = 1, last: int = 3) -> None:
    worker.handler({"job": "job", "unit": {"object": 0, "first": first, "last": last}}, context())


def metrics(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The documents in CloudWatch's embedded metric format that were printed."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]


def test_every_log_line_of_an_invocation_has_the_jobs_id(
    world: World, function: Callable[[int], None], lines: Lines
) -> None:
    function(99)
    prepared()
    moved()
    assert [(line["message"], line["job"]) for line in lines()] == [
        ("accept", "job"),
        ("prepare", "job"),
        ("move", "job"),
    ]
    assert len({line["request"] for line in lines()}) == 3


def test_an_event_that_comes_again_is_counted(
    world: World, function: Callable[[int], None], capsys: pytest.CaptureFixture[str]
) -> None:
    function(99)
    for execution in ("first", "second", "third"):
        asked = {"action": "accept", "request": ASKED, "event": {"id": "7"}, "execution": execution}
        control.handler(asked, context())
    told = [line for line in metrics(capsys) if "function" in line]
    assert [line.get("Duplicates") for line in told] == [None, [1.0], [1.0]]


def test_a_workers_log_line_says_what_it_moved_and_how_long_that_took(
    world: World, function: Callable[[int], None], lines: Lines
) -> None:
    function(99)
    prepared()
    moved()
    told = lines()[-1]
    assert (told["bytes"], told["parts"], told["retries"], told["seconds"]) == (len(DATA), 3, 3, 30)
    assert (told["first"], told["last"], told["done"]) == (1, 3, True)


def test_a_failure_is_logged_by_its_name_with_what_was_moved_before(
    world: World, function: Callable[[int], None], lines: Lines
) -> None:
    function(3)
    prepared()
    with pytest.raises(SourceBusy):
        moved()
    told = lines()[-1]
    assert (told["level"], told["message"], told["error"], told["job"]) == (
        "WARNING",
        "move failed",
        "SourceBusy",
        "job",
    )
    assert (told["parts"], told["seconds"]) == (2, 20)


def test_what_an_error_that_is_not_ours_says_is_not_logged(
    world: World, function: Callable[[int], None], log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*args: object) -> None:
        raise ValueError("https://ann:s3cret@host/")

    prepared_with(function, 99)
    monkeypatch.setattr(worker, "work", break_down)
    with pytest.raises(ValueError, match="s3cret"):
        moved()
    assert "ValueError" in log.getvalue()
    assert "s3cret" not in log.getvalue()


def test_metrics_are_counted_by_stack_and_function_and_never_by_job(
    world: World, function: Callable[[int], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Metrics count bytes, parts and retries by stack and function and never by job."""
    function(99)
    prepared()
    moved()
    [*_, told] = metrics(capsys)
    assert told["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "s3am-cloud"
    assert [set(names) for names in told["_aws"]["CloudWatchMetrics"][0]["Dimensions"]] == [{"service", "function"}]
    assert (told["service"], told["function"], told["job"]) == ("TheStack", "a-function", "job")
    measured = {metric["Name"]: told[metric["Name"]] for metric in told["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
    assert measured == {
        "Invocations": [1],
        "Duration": [30],
        "BytesMoved": [len(DATA)],
        "PartsMoved": [3],
        "Retries": [3],
        "JobAge": [30],
    }


def test_a_failure_is_counted_by_its_name(
    world: World, function: Callable[[int], None], capsys: pytest.CaptureFixture[str]
) -> None:
    function(1)
    prepared()
    with pytest.raises(SourceBusy):
        moved()
    [*_, failure] = metrics(capsys)
    assert [set(names) for names in failure["_aws"]["CloudWatchMetrics"][0]["Dimensions"]] == [{"service", "error"}]
    assert (failure["Failures"], failure["error"], failure["service"]) == ([1], "SourceBusy", "TheStack")


def test_a_receipt_sums_up_what_all_invocations_took(world: World, function: Callable[[int], None]) -> None:
    prepared_with(function, 99)
    moved(1, 2)
    moved(3, 3)
    receipt = complete_job("job", world.ports)
    assert (receipt.invocations, receipt.retries, receipt.worker_seconds) == (2, 3, 30)
    assert sum(tally.gb_seconds for tally in world.jobs.tallies("job")) == 15, "half a GiB for 30 seconds"
    assert receipt.cost_usd is not None
    assert receipt.cost_usd > 15 * PRICES.gb_second
    assert "estimate" in str(receipt.cost_of)


def test_a_failed_invocation_counts_as_a_retry_with_what_it_moved(
    world: World, function: Callable[[int], None]
) -> None:
    """An invocation that failed counts as a retry and what it moved is not lost."""
    prepared_with(function, 3)
    with pytest.raises(SourceBusy):
        moved()
    function(99)
    moved()
    assert sorted((tally.parts, tally.error) for tally in world.jobs.tallies("job")) == [(1, None), (2, "SourceBusy")]
    receipt = complete_job("job", world.ports)
    assert (receipt.invocations, receipt.retries) == (2, 2 + 1 + 1)


def test_an_invocation_that_is_told_of_twice_counts_once(world: World, function: Callable[[int], None]) -> None:
    prepared_with(function, 99)
    receipt = Receipt(state="succeeded", source="s", destination="d", job="job", retries=1)
    for _ in range(2):
        world.jobs.write_tally("job", "1-a", Tally(first=1, retries=2, seconds=3.0, gb_seconds=1.5))
    told = summed(receipt, world.jobs.load("job"), world.jobs)
    assert (told.invocations, told.retries) == (1, 3)


def test_without_any_tally_the_receipt_is_as_it_was(world: World, function: Callable[[int], None]) -> None:
    prepared_with(function, 99)
    receipt = Receipt(state="succeeded", source="s", destination="d", job="job", retries=1)
    assert summed(receipt, world.jobs.load("job"), world.jobs) == receipt


def test_a_job_without_a_hitch_costs_what_was_forecast() -> None:
    cut = plan(SourceInfo(size=100 * GIB, ranges=True), 64, None)
    planned = forecast(cut, parse_source(SOURCE).scheme)
    each = planned.usage.gb_seconds / planned.worker_invocations
    tallies = [Tally(first=n, gb_seconds=each) for n in range(planned.worker_invocations)]
    assert spent(cut, planned, tallies) == pytest.approx(planned.dollars, rel=0.02)


def test_what_is_done_again_costs_more() -> None:
    cut = plan(SourceInfo(size=GIB, ranges=True), 64, None)
    planned = forecast(cut, parse_source(SOURCE).scheme)
    once = [Tally(first=1, gb_seconds=5.0)]
    round_more = 2 * PRICES.transition + PRICES.invocation + PRICES.kms_request + 5 * PRICES.gb_second
    round_more += 3 * PRICES.s3_write + 5 * PRICES.s3_read
    base = spent(cut, planned, once)
    assert spent(cut, planned, once * 2) == pytest.approx(base + round_more)
    failed = Tally(first=1, gb_seconds=5.0, error="SourceBusy")
    assert spent(cut, planned, [failed, *once]) == pytest.approx(base + round_more - PRICES.transition)
    repeated = [Tally(first=1, gb_seconds=5.0, retries=9)]
    assert spent(cut, planned, repeated) == pytest.approx(base + 9 * PRICES.s3_write)


@pytest.mark.parametrize(("dollars", "told"), [(0.0123456, 0.012), (7.654, 7.7), (123.4, 120.0), (0.0, 0.0)])
def test_a_cost_is_told_to_two_digits(dollars: float, told: float) -> None:
    assert rounded(dollars) == told


def test_tallies_that_cannot_be_read_or_written_fail_no_job(
    world: World, function: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise StoreUnavailable("s3://work does not answer")

    prepared_with(function, 99)
    monkeypatch.setattr(world.jobs, "write_tally", fail)
    monkeypatch.setattr(world.jobs, "tallies", fail)
    moved()
    assert complete_job("job", world.ports).state == "succeeded"


def test_an_error_that_ends_the_work_is_raised_even_if_it_cannot_be_noted(
    world: World, function: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error that ends the work is the one that is reported even where it cannot be noted."""
    prepared_with(function, 99)
    world.source.put(SOURCE, DATA[::-1])

    def fail(*args: object) -> None:
        raise StoreUnavailable("s3://work does not answer")

    monkeypatch.setattr(world.jobs, "write_tally", fail)
    with pytest.raises(SourceChanged):
        moved()


def prepared_with(function: Callable[[int], None], until: int) -> None:
    function(until)
    prepared()
