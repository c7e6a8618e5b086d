"""What stays costs money: the parts of a failed job until they expire, and a stack while no job runs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from s3am_cloud.adapters.machine import is_in_aws
from s3am_cloud.amounts import rounded
from s3am_cloud.costs.prices import PRICES
from s3am_cloud.costs.storage import ALARM, DASHBOARD, KEY, resting_cost, storage_cost
from s3am_cloud.errors import AccessDenied
from s3am_cloud.jobs.cleanup import settle
from s3am_cloud.jobs.tasks import work
from s3am_cloud.limits import JOB_KEEP_DAYS
from s3am_cloud.model import Receipt, Unit
from s3am_cloud.names import TRANSFER_FAILED
from s3am_cloud.ports.executions import Failure
from s3am_cloud.ports.records import Tally
from s3am_cloud_cli.console.receipt_text import _error_lines
from s3am_cloud_cli.deployment.deploy import resting_text
from s3am_cloud_client.results import JobStatus
from support.cloud_fakes import DATA, LONG, Bus, Machine, ended, prepared
from support.fakes import PART, SOURCE, World


def failed(world: World) -> tuple[Receipt, Mapping[str, object]]:
    """The report and the event of a job that failed with two of its parts sent."""
    world.source.put(SOURCE, DATA)
    prepared(world)
    work("job", Unit(0, 1, 2), lambda: LONG, world.ports)
    bus = Bus()
    report = settle(ended(), world.ports, Machine(Failure(name="SourceBusy", message="busy")), bus)
    assert report is not None
    [(kind, detail)] = bus.announced
    assert kind == TRANSFER_FAILED
    return report, detail


def test_a_failed_jobs_event_says_what_its_parts_cost_until_they_expire() -> None:
    report, detail = failed(World())
    dollars = 2 * PART / 10**9 * 0.023 * JOB_KEEP_DAYS / 30
    assert detail["unfinished_bytes"] == 2 * PART
    assert detail["unfinished_cost_usd"] == rounded(dollars)
    status = JobStatus(job="job", status="failed", receipt=report)
    assert any("until then" in text for _, text in _error_lines(status))


def test_parts_that_cannot_be_listed_are_counted_by_their_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()

    def denied(*_: object) -> None:
        raise AccessDenied("S3 refuses the list without the customer's key")

    world.source.put(SOURCE, DATA)
    prepared(world)
    world.jobs.write_tally("job", "1-a", Tally(first=1, bytes=1000))
    monkeypatch.setattr(world.store, "parts", denied)
    report = settle(ended(), world.ports, Machine(Failure(name="SourceBusy", message="busy")), Bus())
    assert report is not None
    assert report.unfinished_bytes == 1000


def test_a_job_that_leaves_nothing_has_no_such_cost() -> None:
    world = World()
    world.source.put(SOURCE, DATA)
    prepared(world)
    report = settle(ended(), world.ports, Machine(Failure(name="NotAsExpected", message="other")), Bus())
    assert report is not None
    assert (report.unfinished_bytes, report.unfinished_cost_usd) == (None, None)


@pytest.mark.parametrize(("storage_class", "price"), [(None, 0.023), ("STANDARD_IA", 0.0125), ("DEEP_ARCHIVE", 0.023)])
def test_parts_cost_their_class_for_the_time_they_stay(storage_class: str | None, price: float) -> None:
    month = timedelta(days=30).total_seconds()
    assert storage_cost(10**12, month, storage_class) == pytest.approx(1000 * price)
    assert storage_cost(10**12, -5, storage_class) == 0


def test_a_stack_at_rest_costs_its_key_and_its_alarms() -> None:
    cost = resting_cost({KEY: 1, ALARM: 3, DASHBOARD: 1, "AWS::Lambda::Function": 3})
    assert cost.always == pytest.approx(1.30)
    assert [cost.dashboards, cost.metrics] == pytest.approx([3.00, 12 * PRICES.metric_month])
    text = resting_text(cost)
    assert all(amount in text for amount in ("$1.30", "$1.00", "$0.3 ", "$3.00", "$3.60"))


def test_a_machine_in_aws_is_known_by_its_firmware_or_its_variables(tmp_path: Path) -> None:
    vendor, xen, none = tmp_path / "vendor", tmp_path / "xen", tmp_path / "none"
    vendor.write_text("Amazon EC2\n")
    xen.write_text("ec2e1916-9099-7caf-fd21-012345abcdef\n")
    assert is_in_aws({}, vendor, none)
    assert is_in_aws({}, none, xen)
    assert is_in_aws({"AWS_LAMBDA_FUNCTION_NAME": "f"}, none, none)
    vendor.write_text("Dell Inc.\n")
    assert not is_in_aws({"AWS_PROFILE": "p"}, vendor, none)
