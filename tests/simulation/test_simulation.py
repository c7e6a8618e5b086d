"""The simulated cloud agrees with the forecast, with the formulas that are known, and with what its weather does."""

from __future__ import annotations

from collections import Counter

import pytest

from s3am_cloud.costs.forecast import (
    CHILD_STATES,
    ENVIRONMENTS_PER_10_SECONDS,
    EVENT_STATES,
    PARENT_STATES,
    SEALED_STATES,
    SMALL_STATES,
    Forecast,
    cost,
    forecast,
)
from s3am_cloud.limits import (
    GIB,
    LAMBDA_BYTES_PER_SECOND,
    MAX_PART,
    MAX_PARTS,
    MIB,
    MIN_PART,
)
from s3am_cloud.model import Plan, SourceInfo, TransferRequest
from s3am_cloud.transfer.steps.plan import plan
from simulation import asl
from simulation.run import JobFailed, Outcome, Simulation
from simulation.world import Conditions

TB = 10**12
SMALL_PARTS = MAX_PARTS * MIN_PART


def simulate(
    size: int,
    weather: Conditions | None = None,
    part_size: int | None = None,
    slots: int | None = None,
    rate: int | None = None,
) -> Outcome:
    request = TransferRequest(
        source="https://host/file", destination="s3://bucket/key", part_size=part_size, download_slots=slots
    )
    return Simulation(request, size, weather or Conditions(), rate).run()


def forecast_of(size: int, part_size: int | None = None, slots: int = 64, rate: int | None = None) -> Forecast:
    return forecast(plan(SourceInfo(size=size, ranges=True, rate=rate), slots, part_size), "https", rate)


@pytest.mark.parametrize(
    ("size", "part_size", "slots", "rate"),
    [
        (600 * 10**9, None, 64, None),
        (600 * 10**9, None, 64, 2 * 10**6),
        (SMALL_PARTS, MIN_PART, 1000, None),
        (100 * GIB, MAX_PART, 64, None),
        (17 * MIB, MIN_PART, 1, None),
    ],
)
def test_a_job_in_fair_weather_takes_what_was_forecast(
    size: int, part_size: int | None, slots: int, rate: int | None
) -> None:
    weather = Conditions(connection_rate=rate or LAMBDA_BYTES_PER_SECOND)
    came, told = simulate(size, weather, part_size, slots, rate), forecast_of(size, part_size, slots, rate)
    assert (came.units, came.worker_invocations) == (told.units, told.worker_invocations)
    assert came.usage.transitions == told.usage.transitions
    assert came.usage.invocations == told.usage.invocations
    assert came.usage.s3_writes == told.usage.s3_writes
    assert came.usage.s3_reads == told.usage.s3_reads
    assert came.usage.gb_seconds == pytest.approx(told.usage.gb_seconds, rel=0.05, abs=1)
    assert came.dollars == pytest.approx(told.dollars, rel=0.05)
    assert came.seconds == pytest.approx(told.seconds, rel=0.1, abs=10)


def test_the_states_of_a_forecast_are_those_of_the_machine() -> None:
    job = {"job": "j"}
    whole = asl.path(asl.states(), asl.start(), job, {"Prepare": {"transfer": True, "sealed": False}})
    assert sorted(whole) == sorted(PARENT_STATES)
    leaving = {"Prepare": {"transfer": False, "sealed": False}}
    small = asl.path(asl.states(), asl.start(), job, leaving)
    assert tuple(small) == SMALL_STATES
    assert tuple(asl.path(asl.child_states(), "Move", job, {"Move": {"done": True}})) == CHILD_STATES
    accepting: asl.Answers = {"Accept": {"job": "j", "duplicate": False}, **leaving}
    by_event = asl.path(asl.states(), asl.start(), {"request": "r", "event": "e"}, accepting)
    assert Counter(by_event) - Counter(SMALL_STATES) == Counter(EVENT_STATES)
    sealed = asl.path(
        asl.states(), asl.start(), job, {"Prepare": {"sealed": True}, "PrepareSealed": {"transfer": False}}
    )
    assert Counter(sealed) - Counter(SMALL_STATES) == Counter(SEALED_STATES)


@pytest.mark.parametrize("cut", [Plan(size=1, part_size=MIN_PART, small=True), Plan(size=TB, part_size=GIB)])
def test_an_event_and_secrets_take_an_invocation_each_and_their_states(cut: Plan) -> None:
    plain = forecast(cut, "https").usage
    for by_event, states in ((True, EVENT_STATES), (False, SEALED_STATES)):
        usage = forecast(cut, "https", by_event=by_event, sealed=not by_event).usage
        assert usage.transitions == plain.transitions + len(states)
        assert (usage.invocations, usage.kms_requests) == (plain.invocations + 1, plain.kms_requests + 1)
        assert usage.gb_seconds > plain.gb_seconds
        assert (usage.s3_writes, usage.s3_reads) == (plain.s3_writes, plain.s3_reads)


@pytest.mark.parametrize(
    ("cut", "scheme", "dollars"),
    [
        (Plan(size=TB, part_size=64 * MIB, unit_parts=32, slots=8), "https", 0.21),
        (Plan(size=TB, part_size=64 * MIB, unit_parts=1, slots=8), "https", 1.55),
        (Plan(size=TB, part_size=GIB, unit_parts=32, slots=8), "s3", 0.016),
    ],
)
def test_a_terabyte_costs_what_the_arithmetic_says(cut: Plan, scheme: str, dollars: float) -> None:
    """One part an invocation costs $1.35 without the half second that each takes beside its part, and its notes; copies
    $0.02 in units of 3."""
    assert forecast(cut, scheme).dollars == pytest.approx(dollars, rel=0.1)


def test_the_price_of_a_job_is_that_of_its_items() -> None:
    usage = forecast_of(600 * 10**9).usage
    by_hand = (
        usage.transitions * 25e-6
        + usage.gb_seconds * 0.0000133334
        + usage.invocations * 0.2e-6
        + usage.s3_writes * 5e-6
        + usage.s3_reads * 0.4e-6
        + usage.kms_requests * 3e-6
        + usage.events * 1e-6
    )
    assert cost(usage) == pytest.approx(by_hand)


def test_a_worker_without_enough_time_goes_round_again_as_forecast() -> None:
    """Parts of 5 MiB over one slow connection: 9 of them, each of 262 s, 3 in each round."""
    weather, size = Conditions(connection_rate=20_000), 9 * MIN_PART
    request = TransferRequest(source="https://h/f", destination="s3://b/k", part_size=MIN_PART, download_slots=1)
    came = Simulation(request, size, weather).run()
    cut = Plan(size=size, part_size=MIN_PART, unit_parts=9)
    assert (came.units, came.worker_invocations) == (1, 3)
    assert forecast(cut, "https", 20_000).worker_invocations == 3
    assert came.usage.transitions == forecast(cut, "https", 20_000).usage.transitions


def test_throttled_units_wait_while_lambda_adds_environments() -> None:
    """Lambda adds environments step by step and throttled units wait for their turn."""
    fair = simulate(SMALL_PARTS, part_size=MIN_PART, slots=1000)
    narrow = simulate(SMALL_PARTS, Conditions(environments=20), part_size=MIN_PART, slots=1000)
    assert fair.throttled == 0
    assert fair.most_at_once > 20 == narrow.most_at_once
    assert narrow.throttled > 0
    assert narrow.parts == fair.parts == MAX_PARTS
    assert narrow.usage.transitions == fair.usage.transitions + narrow.throttled
    assert narrow.seconds > fair.seconds
    assert fair.most_at_once < ENVIRONMENTS_PER_10_SECONDS


@pytest.mark.parametrize(("part_size", "units"), [(400 * MIB, 1250), (536 * MIB, 1667)])
def test_a_job_of_125_workers_comes_through_a_quota_of_10(part_size: int, units: int) -> None:
    """Units that start later take the place of those that wait, which may so wait as long as the job takes."""
    size = MAX_PARTS * part_size
    came = simulate(size, Conditions(environments=10), part_size=part_size, slots=1000)
    assert (came.units, came.parts, came.most_at_once) == (units, MAX_PARTS, 10)
    assert came.throttled > units
    assert came.longest_history < 25_000
    ideal = size / (10 * LAMBDA_BYTES_PER_SECOND)
    assert ideal < came.seconds < 1.25 * ideal


def test_a_stack_with_as_many_workers_as_its_quota_throttles_none() -> None:
    part_size = 400 * MIB
    came = simulate(
        MAX_PARTS // 8 * part_size, Conditions(environments=10, most_workers=8), part_size=part_size, slots=1000
    )
    assert (came.throttled, came.most_at_once) == (0, 8)


def test_a_store_that_slows_the_job_down_costs_time_and_loses_nothing() -> None:
    fair = simulate(SMALL_PARTS, part_size=MIN_PART, slots=1000)
    slow = simulate(SMALL_PARTS, Conditions(writes_per_second=300), part_size=MIN_PART, slots=1000)
    assert slow.slow_downs > 0 == fair.slow_downs
    assert slow.parts == MAX_PARTS
    assert slow.usage.s3_writes == fair.usage.s3_writes + slow.slow_downs


def test_workers_that_die_are_repeated_and_the_rest_of_their_work_is_not() -> None:
    came, fair = simulate(600 * 10**9, Conditions(broken=0.05)), simulate(600 * 10**9)
    assert came.parts == fair.parts
    assert came.worker_invocations > fair.worker_invocations
    assert came.usage.s3_writes == fair.usage.s3_writes


def test_a_function_that_always_dies_ends_the_job_after_its_retries() -> None:
    with pytest.raises(JobFailed, match=r"Sandbox\.Timedout"):
        simulate(10 * GIB, Conditions(broken=1.0))


def test_copies_pass_no_lambda_and_keep_several_in_flight() -> None:
    request = TransferRequest(source="s3://other/key", destination="s3://bucket/key", part_size=GIB)
    came = Simulation(request, 100 * GIB, Conditions()).run()
    assert came.slots > 1
    assert came.usage.gb_seconds < simulate(100 * GIB).usage.gb_seconds / 5


def test_a_host_is_never_asked_for_more_connections_than_it_bears() -> None:
    for slots in (1, 3, 64, 500):
        came = simulate(100 * 10**9, slots=slots)
        assert came.most_at_once * came.slots <= slots
