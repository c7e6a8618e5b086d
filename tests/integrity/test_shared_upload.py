"""A job and a machine that does not see its records fill one upload from two sources, on the strict S3 server."""

from pathlib import Path

import pytest

from integrity.machine import Listing, cloud_ports
from s3am_cloud.adapters.records.jobs import Folder
from s3am_cloud.adapters.s3.access import S3Access, S3Settings
from s3am_cloud.errors import PartReplaced
from s3am_cloud.jobs.tasks import complete_job, prepare_job, work
from s3am_cloud.limits import LAMBDA_SECONDS, MIB
from s3am_cloud.model import Job, TransferRequest, Unit
from s3am_cloud.ports.transfer import Ports
from s3am_cloud.transfer.pipeline import move, new_job, prepare
from servers.content import Pattern
from servers.faulty_http import FaultyHttp
from servers.strict_s3 import StrictS3
from support.stored import Stored

PART = 5 * MIB
OURS, THEIRS = Pattern(2 * PART + 1000, 1), Pattern(2 * PART + 1000, 2)
ALL = Unit(0, 1, 3)


@pytest.fixture
def stored(strict_s3: StrictS3, bucket: str) -> Stored:
    return Stored(strict_s3.client(), bucket)


@pytest.fixture
def machines(strict_s3: StrictS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Ports, Ports]:
    """The cloud and somebody's machine: one store, and records that the other one does not see."""
    for name, value in strict_s3.environment().items():
        monkeypatch.setenv(name, value)
    access = S3Access(S3Settings(endpoint_url=strict_s3.endpoint_url, region=strict_s3.region))
    cloud, elsewhere = (cloud_ports(access, Folder(tmp_path / name), 5) for name in ("cloud", "elsewhere"))
    assert isinstance(cloud.store, Listing)
    assert isinstance(elsewhere.store, Listing)
    elsewhere.store.taken = cloud.store.taken  # S3 lists the checksums of all parts to everybody
    return cloud, elsewhere


def test_a_job_whose_upload_another_fills_too_makes_no_mix(
    machines: tuple[Ports, Ports], stored: Stored, http_server: FaultyHttp
) -> None:
    """This server keeps all parts of a number, and makes the object of those that are named. On Amazon S3 the last one
    counts: that a job then fails, and can be resumed, is shown in tests/unit/test_part_records.py."""
    cloud, elsewhere = machines
    ours, theirs = http_server.add("/ours", OURS), http_server.add("/theirs", THEIRS)
    submitted(cloud, "job", ours, stored)
    intruder = prepare(request_of("intruder", theirs, stored, elsewhere, resume=True), elsewhere)
    fill(intruder, elsewhere, 1)
    assert moved(cloud, "job"), "the part of the other source is sent again"
    fill(intruder, elsewhere, 2, 3)
    assert complete_job("job", cloud).state == "succeeded"
    stored.assert_holds("x", OURS)


def test_no_object_is_made_of_parts_that_only_another_has_sent(
    machines: tuple[Ports, Ports], stored: Stored, http_server: FaultyHttp
) -> None:
    cloud, elsewhere = machines
    ours, theirs = http_server.add("/ours", OURS), http_server.add("/theirs", THEIRS)
    submitted(cloud, "job", ours, stored)
    fill(prepare(request_of("intruder", theirs, stored, elsewhere, resume=True), elsewhere), elsewhere, 1, 2, 3)
    with pytest.raises(PartReplaced, match=r"part 1 .* nothing shows"):
        complete_job("job", cloud)
    assert stored.keys() == []
    submitted(cloud, "again", ours, stored, resume=True)
    assert moved(cloud, "again")
    assert complete_job("again", cloud).state == "succeeded"
    stored.assert_holds("x", OURS)


def request_of(name: str, url: str, stored: Stored, ports: Ports, resume: bool = False) -> Job:
    request = TransferRequest(source=url, destination=stored.url("x"), part_size=PART, resume=resume)
    return new_job(request, name, ports.clock)


def submitted(cloud: Ports, name: str, url: str, stored: Stored, resume: bool = False) -> None:
    cloud.jobs.add(request_of(name, url, stored, cloud, resume))
    assert prepare_job(name, f"arn:{name}", "work", cloud).transfer


def fill(job: Job, ports: Ports, *numbers: int) -> None:
    assert job.plan is not None
    list(move(job, [job.plan.part(number) for number in numbers], 1, ports, lambda count: None))


def moved(cloud: Ports, name: str) -> bool:
    return work(name, ALL, lambda: float(LAMBDA_SECONDS), cloud).done
