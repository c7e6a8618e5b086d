"""What the bytes themselves cost: between regions, out of AWS, out of a storage class and into one."""

from __future__ import annotations

import msgspec
import pytest

from s3am_cloud.amounts import NOT_AWS, rounded
from s3am_cloud.costs.downloads import DownloadTerms, download_usage
from s3am_cloud.costs.forecast import cost, forecast
from s3am_cloud.costs.prices import PRICES, cross_region_gb, egress_gb
from s3am_cloud.costs.quote import (
    enforce_max_cost,
    forecast_of,
    in_cloud,
    in_process,
    of_download,
    where_of,
    with_upload_cost,
)
from s3am_cloud.costs.surcharge import (
    NOTHING,
    Terms,
    covered,
    download_surcharge,
    surcharge,
    terms_here,
    terms_in_cloud,
)
from s3am_cloud.errors import TooExpensive
from s3am_cloud.jobs.usage import spent
from s3am_cloud.limits import GIB
from s3am_cloud.model import Attributes, Job, Plan, Receipt, Regions, SourceInfo, TransferRequest
from s3am_cloud.ports.records import Tally
from s3am_cloud_cli.console.quote_text import quote_text
from support.cloud_fakes import DATA
from support.fakes import SOURCE, TARGET, World, request

TB = 10**12
TEN_TB = Plan(size=10 * TB, part_size=GIB)
EAST, WEST, IRELAND = "us-east-1", "us-west-2", "eu-west-1"


def job(source: str, source_region: str | None, mover: str | None, destination: str, **classes: str) -> Job:
    """A planned job; `classes` are `source_class` and `storage_class`."""
    asked = TransferRequest(
        source=source,
        destination=str(TARGET),
        attributes=Attributes(storage_class=classes.get("storage_class")),
    )
    info = SourceInfo(size=10 * TB, ranges=True, region=source_region, storage_class=classes.get("source_class"))
    return Job(
        id="j",
        created="",
        request=asked,
        info=info,
        plan=TEN_TB,
        regions=Regions(destination=destination, mover=mover),
        state="transfer",
    )


@pytest.mark.parametrize(
    ("source", "source_region", "mover", "destination", "dollars"),
    [
        (SOURCE, None, EAST, EAST, 0),
        (SOURCE, None, EAST, WEST, 200),
        (SOURCE, None, None, WEST, 0),
        ("s3://from/key", EAST, EAST, EAST, 0),
        ("s3://from/key", WEST, EAST, EAST, 200),
        ("s3://from/key", EAST, WEST, EAST, 0),
        ("s3://from/key", "us-east-2", EAST, EAST, 100),
        ("s3://from/key", None, EAST, EAST, 0),
    ],
)
def test_ten_terabytes_between_regions_cost_what_aws_charges(
    source: str, source_region: str | None, mover: str | None, destination: str, dollars: float
) -> None:
    """A copy goes from bucket to bucket wherever the functions are; other bytes pass through the functions' region."""
    crossing = surcharge(TEN_TB, terms_in_cloud(job(source, source_region, mover, destination)))
    assert crossing.cross_region == pytest.approx(dollars)
    assert crossing.total == crossing.cross_region


def test_forecast_plan_and_limit_include_transfer_between_regions() -> None:
    """The forecast, the plan and the limit have the transfer between regions in them."""
    planned = job("s3://from/key", IRELAND, EAST, EAST)
    plain = forecast(TEN_TB, "s3").dollars
    quoted = in_cloud(planned, TEN_TB, None)
    assert quoted.dollars == pytest.approx(plain + 200)
    assert quoted.extra.cross_region == pytest.approx(200)
    with pytest.raises(TooExpensive, match=r"\$200.00 of it is for data from eu-west-1 to us-east-1") as refused:
        enforce_max_cost(msgspec.structs.replace(planned, request=_bounded(planned, 10)))
    assert "a bucket in eu-west-1" in refused.value.hint
    enforce_max_cost(msgspec.structs.replace(planned, request=_bounded(planned, 250)))


def _bounded(planned: Job, most: float) -> TransferRequest:
    return msgspec.structs.replace(planned.request, max_cost=most)


def test_a_copy_costs_the_same_here_between_regions_an_upload_nothing() -> None:
    """A copy on this machine costs the same between regions and an upload nothing."""
    copied = in_process(job("s3://from/key", IRELAND, EAST, EAST), TEN_TB, 8, None)
    sent = in_process(job(SOURCE, None, EAST, WEST), TEN_TB, 8, None)
    assert copied.extra.cross_region == pytest.approx(200)
    assert sent.extra.cross_region == 0


@pytest.mark.parametrize(
    ("storage_class", "writes", "price"),
    [
        ("STANDARD", 1002, 0.005),
        ("INTELLIGENT_TIERING", 1002, 0.005),
        ("STANDARD_IA", 1002, 0.01),
        ("ONEZONE_IA", 1002, 0.01),
        ("GLACIER_IR", 1002, 0.02),
        ("GLACIER", 1, 0.03),
        ("DEEP_ARCHIVE", 1, 0.05),
        ("UNHEARD_OF", 1002, 0.005),
    ],
)
def test_writes_cost_what_their_storage_class_costs(storage_class: str, writes: int, price: float) -> None:
    """Of an upload into an archive the completion alone does: its parts wait in S3 Standard."""
    cut = Plan(size=1000 * GIB, part_size=GIB)
    found = surcharge(cut, Terms(storage_class=storage_class))
    assert found.requests == pytest.approx(writes * (price - 0.005) / 1000)
    one = surcharge(msgspec.structs.replace(cut, small=True), Terms(storage_class=storage_class))
    assert one.requests == pytest.approx((price - 0.005) / 1000)


@pytest.mark.parametrize(("source_class", "dollars"), [("STANDARD_IA", 100), ("GLACIER_IR", 300), (None, 0)])
def test_reading_from_a_cold_class_costs_its_retrieval(source_class: str | None, dollars: float) -> None:
    cold = {} if source_class is None else {"source_class": source_class}
    planned = job("s3://from/key", EAST, EAST, EAST, **cold)
    assert surcharge(TEN_TB, terms_here(planned)).retrieval == pytest.approx(dollars)
    if dollars:
        with pytest.raises(TooExpensive, match=f"retrieval from {source_class}"):
            enforce_max_cost(msgspec.structs.replace(planned, request=_bounded(planned, 5)))


def test_what_leaves_aws_on_a_download_costs_nine_cents_a_gigabyte() -> None:
    out = download_surcharge(TB, 1000, EAST, "STANDARD_IA", in_aws=False)
    assert [out.egress, out.retrieval] == pytest.approx([90, 10])
    assert out.requests == pytest.approx(1000 * (0.001 - 0.0004) / 1000)
    assert download_surcharge(TB, 1000, EAST, None, in_aws=True).total == 0
    assert covered(out) == ", data out to the internet, retrieval"


def test_a_receipt_counts_the_bytes_that_its_workers_moved() -> None:
    """Half of them where the other half was there already; what was moved twice, twice."""
    planned = forecast_of(job("s3://from/key", IRELAND, EAST, EAST), TEN_TB)
    workers = [Tally(first=1, gb_seconds=1.0, bytes=5 * TB)]
    half, whole, twice = (spent(TEN_TB, planned, workers * count) for count in (1, 2, 4))
    assert whole - half == pytest.approx(100, abs=0.1)
    assert twice - whole == pytest.approx(200, abs=0.1)


def test_the_receipt_of_a_copy_on_this_machine_says_what_the_way_cost() -> None:
    copied = job("s3://from/key", IRELAND, None, EAST, source_class="STANDARD_IA")
    done = Receipt(state="succeeded", source="s", destination="d", size=10 * TB)
    receipt = with_upload_cost(done, copied, at_aws=True)
    assert receipt.cost_usd == rounded(300)
    assert str(receipt.cost_of).startswith("S3 requests, data between regions, retrieval: an estimate")
    assert str(with_upload_cost(done, copied, at_aws=False).cost_of).endswith(NOT_AWS)
    left = Receipt(state="skipped", source="s", destination="d")
    assert with_upload_cost(left, copied, at_aws=True) is left


def test_regions_far_away_have_prices_of_their_own() -> None:
    assert cross_region_gb("sa-east-1", EAST) > cross_region_gb(EAST, "sa-east-1") == 0.02
    assert (egress_gb("ap-southeast-2"), egress_gb(None)) == (0.114, 0.09)


def test_without_regions_and_classes_nothing_is_added() -> None:
    assert surcharge(TEN_TB, Terms()) == NOTHING
    usage = forecast(TEN_TB, "https").usage
    assert cost(usage) == cost(msgspec.structs.replace(usage, surcharge=NOTHING))
    assert PRICES.of_class(None) is PRICES.of_class("STANDARD")


def test_a_job_records_the_regions_it_was_prepared_with() -> None:
    world = World()
    world.source.put(SOURCE, DATA)
    world.store.regions[TARGET.bucket] = WEST
    world.ports = msgspec.structs.replace(world.ports, region=EAST)
    prepared = world.prepare(request())
    assert prepared.regions == Regions(destination=WEST, mover=EAST)
    assert (where_of(prepared).stack, where_of(prepared).destination) == (EAST, WEST)
    assert world.jobs.load(prepared.id).regions == prepared.regions


def test_a_plan_of_a_download_shows_the_way_out_of_aws_and_the_time() -> None:
    info = SourceInfo(size=TB, ranges=True, region=EAST, storage_class="STANDARD_IA")
    plan = Plan(size=TB, part_size=GIB)
    quotes = [
        of_download(info, plan, download_usage(info, TB, plan.count, DownloadTerms(in_aws=inside)), 32, 10**6)
        for inside in (False, True)
    ]
    outside, inside = (quote.in_process for quote in quotes)
    assert outside is not None
    assert inside is not None
    assert (outside.extra.egress, outside.extra.retrieval) == (90, 10)
    assert (inside.extra.egress, inside.extra.retrieval) == (0, 10)
    assert outside.dollars - inside.dollars == pytest.approx(90)
    assert (outside.bytes_per_second, outside.seconds) == (32 * 10**6, TB / 32 / 10**6)
    shown = "\n".join(quote_text(quotes[0]))
    assert "out of AWS" in shown
    assert "$90.00" in shown
    assert "in the cloud" not in shown
