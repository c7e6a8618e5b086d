"""What a job takes of AWS besides its bytes: requests to S3, states and invocations, as its plan has foretold them."""

from __future__ import annotations

from collections import Counter

import pytest

from functional.cloud.counted import (
    CLIENT,
    CONTROL,
    FREE,
    READS,
    STATES,
    WORKER,
    WRITES,
    CountingClient,
    Json,
    Requests,
    Taken,
    operation,
)
from s3am_cloud.amounts import rounded
from s3am_cloud.costs.forecast import Usage, cost
from s3am_cloud.limits import MIB
from s3am_cloud_cli.local_cloud import LocalCloud
from servers.content import Pattern
from servers.faulty_http import FaultyHttp
from support.fork_server import ForkServer

# Nine parts, of which eight workers have two each as far as they go.
LARGE = Pattern(41 * MIB)
# Of the functions' memory, 512 MiB, for the half second that each task beside the workers' is taken to need.
TASK_GB_SECONDS = 0.25


@pytest.fixture(scope="module")
def job_client(
    local_cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory, fork_server: ForkServer
) -> CountingClient:
    return CountingClient(local_cloud, tmp_path_factory.mktemp("client"), fork_server)


@pytest.fixture(scope="module")
def told_and_taken(job_client: CountingClient) -> tuple[dict[str, Json], dict[str, Taken]]:
    """What one job of each kind was planned to take, and what it took."""
    for name in ("copied", "copied-parts"):
        for bucket in (job_client.bucket, job_client.plans):
            job_client.s3.put_object(Bucket=bucket, Key=f"from/{name}", Body=bytes(11 * MIB))
    with FaultyHttp() as server:
        large, small = server.add("/large", LARGE), server.add("/small", b"few")
        parts = ("--part-size", "5MB")
        asked: dict[str, tuple[str, ...]] = {
            "parts": (large, *parts),
            "small": (small,),
            "small-in-parts": (small, "--expect", "crc64nvme:e8f4428ec65807ab"),
            "copied": (f"s3://{job_client.bucket}/from/copied",),
            "copied-parts": (f"s3://{job_client.bucket}/from/copied-parts", *parts),
            "sealed": (large, "--sse-key-file", "key", *parts),
        }
        told = job_client.plan(asked)
        jobs = job_client.submit_all(asked) | {"by-event": job_client.event("by-event", small)}
        return told, {kind: job_client.taken(job) for kind, job in jobs.items()}


@pytest.fixture(scope="module")
def taken(told_and_taken: tuple[dict[str, Json], dict[str, Taken]]) -> dict[str, Taken]:
    return told_and_taken[1]


KINDS = ("parts", "small", "small-in-parts", "copied", "copied-parts", "sealed", "by-event")


@pytest.mark.parametrize("kind", KINDS)
def test_a_smooth_job_takes_exactly_what_was_forecast(kind: str, taken: dict[str, Taken]) -> None:
    """A job without a hitch takes exactly the requests, states and invocations that were forecast."""
    came = taken[kind]
    told = came.forecast_of
    assert came.receipt["retries"] in {0, None}
    assert came.number_of(WRITES) == told.usage.s3_writes, came.requests
    assert came.number_of(READS) == told.usage.s3_reads, came.requests
    assert {operation for _, operation in came.requests} <= WRITES | READS | FREE
    assert came.states.total() == told.usage.transitions, came.states
    assert came.invocations == told.usage.invocations
    assert (came.states["Moved"], came.states["Move"]) == (told.units, told.worker_invocations)
    assert came.states["Announce"] == told.usage.events


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "by-event"])
def test_a_plan_tells_beforehand_what_the_job_then_takes(
    kind: str, told_and_taken: tuple[dict[str, Json], dict[str, Taken]]
) -> None:
    told, came = told_and_taken[0][kind], told_and_taken[1][kind]
    cut, cloud = came.job.plan, told["cloud"]
    assert cut is not None
    assert (told["size"], told["parts"], told["part_size"]) == (cut.size, cut.count, cut.part_size)
    assert (cloud["concurrency"], cloud["slots"]) == (cut.concurrency, cut.slots)
    assert (cloud["s3_writes"], cloud["s3_reads"]) == (came.number_of(WRITES), came.number_of(READS)), came.requests
    assert (cloud["transitions"], cloud["invocations"]) == (came.states.total(), came.invocations)
    assert (cloud["units"], cloud["worker_invocations"]) == (came.states["Moved"], came.states["Move"])
    assert cloud["dollars"] == pytest.approx(came.forecast_of.dollars, abs=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_a_receipt_tells_what_all_that_was_counted_costs(kind: str, taken: dict[str, Taken]) -> None:
    came = taken[kind]
    workers = sum(tally.gb_seconds for tally in came.tallies)
    others = (came.invocations - len(came.tallies) + 1) * TASK_GB_SECONDS  # and a page of ListParts
    dollars = cost(
        Usage(
            transitions=came.states.total(),
            invocations=came.invocations,
            gb_seconds=workers + others if came.tallies else came.forecast_of.usage.gb_seconds,
            s3_writes=came.number_of(WRITES),
            s3_reads=came.number_of(READS),
            kms_requests=came.invocations,
            events=1,
        )
    )
    assert came.receipt["cost_usd"] == rounded(dollars)


def test_what_each_function_asks_s3_for_is_known_by_the_operation(taken: dict[str, Taken]) -> None:
    came = taken["parts"]
    assert came.job.plan is not None
    moves, parts = came.forecast_of.worker_invocations, came.job.plan.count
    assert parts > moves > 1
    assert came.requests == {
        (CLIENT, "PutObject"): 2,  # the record and the claim
        (CLIENT, "GetObject"): 1,  # another's claim
        (CONTROL, "PutObject"): 2 + 2 + 1 + 3,  # the record, twice with the upload's id; its expiry; units and report
        (CONTROL, "DeleteObject"): 1,  # it expires no more
        (CONTROL, "GetObject"): 5
        + 4
        + 2 * moves
        + 2,  # to prepare; to complete, with tallies and records of parts; to report
        (CONTROL, "HeadObject"): 2,  # before and after
        (CONTROL, "ListMultipartUploads"): 1,
        (CONTROL, "CreateMultipartUpload"): 1,
        (CONTROL, "ListParts"): 2,
        (CONTROL, "CompleteMultipartUpload"): 1,
        (CONTROL, "ListObjects"): 2,  # the tallies, and the records of parts
        (STATES, "GetObject"): 1,  # the units
        (WORKER, "GetObject"): 3 * moves,
        (WORKER, "ListParts"): moves,
        (WORKER, "UploadPart"): parts,
        (WORKER, "PutObject"): 2 * moves,  # a record of the parts, and a tally
    }


def test_all_requests_to_the_jobs_bucket_are_counted(job_client: CountingClient, taken: dict[str, Taken]) -> None:
    """Each new environment of a function asks for the bucket's region, a sealed job's for both sides anew."""
    calls = Counter(operation(call) for call in job_client.calls() if call["path"].split("/")[1] == job_client.bucket)
    invocations = sum(came.invocations for came in taken.values())
    assert 0 < calls.pop("HeadBucket") <= invocations + 2
    counted = sum((came.requests for came in taken.values()), Requests())
    ours = {"HeadObject", "GetObjectTagging", "CopyObject", "UploadPart", "ListParts", "ListMultipartUploads"}
    assert {name: calls[name] for name in ours} == {
        name: sum(n for (_, asked), n in counted.items() if asked == name) for name in ours
    }
