"""Another pass over a finished object, for a digest that nothing before shows: planned, limited, refused in time."""

from __future__ import annotations

import msgspec
import pytest

from s3am_cloud.checksums.expectations import read_again
from s3am_cloud.costs.forecast import Forecast
from s3am_cloud.costs.quote import by_datasync, enforce_max_cost, forecast_of, in_process, with_upload_cost
from s3am_cloud.costs.surcharge import for_bytes
from s3am_cloud.errors import BadRequest, TooExpensive
from s3am_cloud.integrity.before_commit import check_early
from s3am_cloud.limits import GIB
from s3am_cloud.model import Attributes, Job, Plan, Receipt, Regions, SourceInfo, TransferRequest
from s3am_cloud.urls import parse_source
from support.fakes import SOURCE, TARGET

TB = 10**12
EAST, WEST = "us-east-1", "us-west-2"
SHA256 = f"sha256:{'0' * 64}"
CRC = f"crc64nvme:{'0' * 16}"


def job(expect: str | None, source: str = SOURCE, storage_class: str | None = None, region: str = EAST) -> Job:
    """Ten TB, into a destination in that region, by a stack in the east."""
    asked = TransferRequest(
        source=source, destination=str(TARGET), expect=expect, attributes=Attributes(storage_class=storage_class)
    )
    info = SourceInfo(size=10 * TB, ranges=True, region=EAST if source.startswith("s3:") else None)
    regions = Regions(destination=region, mover=EAST)
    plan = Plan(size=10 * TB, part_size=GIB)
    return Job(id="j", created="", request=asked, info=info, plan=plan, regions=regions, state="transfer")


def forecast(planned: Job) -> Forecast:
    assert planned.plan is not None
    return forecast_of(planned, planned.plan)


@pytest.mark.parametrize(
    ("storage_class", "region", "dollars"),
    [(None, EAST, 0), (None, WEST, 200), ("STANDARD_IA", EAST, 100), ("GLACIER_IR", WEST, 500)],
)
def test_a_forecast_has_the_way_back_and_the_retrieval_in_it(
    storage_class: str | None, region: str, dollars: float
) -> None:
    """Beside the requests of that pass and the time that the function takes for it."""
    plain, read = (forecast(job(expect, SOURCE, storage_class, region)) for expect in (CRC, SHA256))
    extra = read.usage.surcharge.read_again
    assert extra == pytest.approx(dollars, abs=35)
    assert (extra >= dollars, read.dollars - plain.dollars >= dollars) == (True, True)
    assert read.usage.s3_reads > plain.usage.s3_reads + 10 * TB // (8 << 20)
    assert read.usage.gb_seconds > plain.usage.gb_seconds + 10 * TB / 100e6 / 2
    assert read.seconds > plain.seconds
    assert read.usage.surcharge.cross_region == plain.usage.surcharge.cross_region


def test_max_cost_refuses_for_what_the_second_pass_costs() -> None:
    planned = job(SHA256, "s3://from/key", "GLACIER_IR")
    bounded = msgspec.structs.replace(planned, request=msgspec.structs.replace(planned.request, max_cost=200.0))
    with pytest.raises(TooExpensive, match=r"of it is for reading the object again for its checksum") as refused:
        enforce_max_cost(bounded)
    assert "crc64nvme" in refused.value.hint
    by_parts = msgspec.structs.replace(bounded, request=msgspec.structs.replace(bounded.request, expect=CRC))
    enforce_max_cost(by_parts)


def test_what_this_machine_reads_again_leaves_aws_unless_it_is_there() -> None:
    planned, done = job(SHA256), Receipt(state="succeeded", source="s", destination="d", size=10 * TB)
    assert planned.plan is not None
    outside, inside = (in_process(planned, planned.plan, 8, None, in_aws=within) for within in (False, True))
    assert outside.extra.read_again == pytest.approx(900)
    assert inside.extra.read_again == 0
    assert outside.seconds == inside.seconds == pytest.approx(2 * 10 * TB / outside.bytes_per_second, rel=0.01)
    told = with_upload_cost(done, planned, at_aws=True)
    assert (told.cost_usd or 0) >= 900
    assert "reading the object again" in str(told.cost_of)
    assert (with_upload_cost(done, planned, at_aws=True, in_aws=True).cost_usd or 0) < 10


def test_a_resumed_transfer_reads_the_whole_object_again() -> None:
    charges = forecast(job(SHA256, region=WEST)).usage.surcharge
    half = for_bytes(charges, 5 * TB, 10 * TB)
    assert half.read_again == charges.read_again > 0
    assert half.cross_region == charges.cross_region / 2


@pytest.mark.parametrize(
    ("expect", "source", "state"),
    [
        (None, SOURCE, "transfer"),
        (CRC, SOURCE, "transfer"),
        (SHA256, "file:///x", "transfer"),
        (SHA256, SOURCE, "stream"),
    ],
)
def test_what_shows_before_or_as_it_passes_is_read_once(expect: str | None, source: str, state: str) -> None:
    planned = msgspec.structs.replace(job(expect, source), state=state)
    assert read_again(planned) == 0
    assert forecast(planned).usage.surcharge.read_again == 0


def test_datasync_compares_what_it_has_copied_by_itself() -> None:
    named = f"s3://from/{TARGET.key}"
    plain, read = (by_datasync(job(expect, named), TB) for expect in (CRC, SHA256))
    assert plain == read is not None


@pytest.mark.parametrize("storage_class", ["GLACIER", "DEEP_ARCHIVE"])
def test_an_object_that_could_not_be_read_again_is_not_begun(storage_class: str) -> None:
    """S3 reads nothing from an archive: the object would be there, and nobody could say whether it is right."""
    planned = job(SHA256, storage_class=storage_class)
    info = SourceInfo(size=10 * TB, ranges=True)
    with pytest.raises(BadRequest, match=f"S3 lets nobody read from {storage_class}") as refused:
        check_early(planned.request, planned.source, info)
    assert "--storage-class" in refused.value.hint
    check_early(msgspec.structs.replace(planned.request, expect=CRC), planned.source, info)
    check_early(planned.request, parse_source("/file"), info)
    claimed = msgspec.structs.replace(info, size=100, claims={"md5": "0" * 32})
    check_early(msgspec.structs.replace(planned.request, expect=None), planned.source, claimed)
