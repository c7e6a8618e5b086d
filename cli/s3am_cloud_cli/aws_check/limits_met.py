"""Claims about S3's and Lambda's limits: 5 GiB parts, 10,000 parts, throttled functions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from botocore.exceptions import ClientError

from s3am_cloud import names
from s3am_cloud.adapters.s3.answers import code_of, naming
from s3am_cloud.costs.prices import PRICES
from s3am_cloud.limits import MAX_PART, MAX_PARTS, MIN_PART
from s3am_cloud_cli.aws_check.bench import Bench
from s3am_cloud_cli.aws_check.claims import Claim, expect
from s3am_cloud_cli.aws_check.large import LARGE, composed, five_gib, ranges
from s3am_cloud_client import SubmitOptions

_ALL_PARTS: Final = MAX_PARTS * MIN_PART
_WORKERS: Final = 2


def largest_part(bench: Bench) -> str:
    """Over the wire: a function reads 5 GiB by https and sends the largest part that there is, and the rest."""
    bucket, key = bench.bucket("plain"), five_gib(bench)
    signed = bench.client("s3").generate_presigned_url(
        "get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=6 * 3600
    )
    receipt = bench.submit(signed, f"s3://{bucket}/one-part.bin", SubmitOptions(part_size=MAX_PART))
    expect((receipt.size, receipt.parts) == (LARGE, 2), f"it has {receipt.size} bytes in {receipt.parts} parts")
    return f"{receipt.parts} parts, {receipt.seconds:.0f} s, {receipt.proof}"


def most_parts(bench: Bench) -> str:
    bucket, key = bench.bucket("plain"), five_gib(bench)
    fifty = composed(bench, bucket, "fifty.bin", list(ranges(key, _ALL_PARTS, LARGE)))
    target = f"s3://{bucket}/ten-thousand.bin"
    receipt = bench.submit(f"s3://{bucket}/{fifty}", target, SubmitOptions(part_size=MIN_PART))
    expect(receipt.parts == MAX_PARTS, f"the object has {receipt.parts} parts")
    return f"{receipt.parts} parts, {receipt.seconds:.0f} s, {receipt.proof}"


def throttled(bench: Bench) -> str:
    bucket, key = bench.bucket("plain"), five_gib(bench)
    with _few_workers(bench) as limited:
        target = f"s3://{bucket}/throttled.bin"
        receipt = bench.submit(f"s3://{bucket}/{key}", target, SubmitOptions(part_size=MIN_PART))
    return f"{receipt.parts} parts, {receipt.seconds:.0f} s, {limited}"


@contextmanager
def _few_workers(bench: Bench) -> Iterator[str]:
    """The stack's worker may run twice at once; the stack is one of this run's own. Yields what limits it."""
    lambda_ = bench.client("lambda")
    stack = bench.client("cloudformation").describe_stacks(StackName=bench.stack)["Stacks"][0]
    outputs = {item["OutputKey"]: item["OutputValue"] for item in stack["Outputs"]}
    worker = outputs[names.WORKER_NAME]
    reserved = _reserved(lambda_, worker)
    try:
        yield f"with {_WORKERS} workers at once" if reserved else "limited by the account's own small quota"
    finally:
        if reserved:
            with naming(f"the concurrency of {worker}"):
                lambda_.delete_function_concurrency(FunctionName=worker)


def _reserved(lambda_: Any, worker: str) -> bool:
    """False where the account's quota is too small for that: it throttles by itself then."""
    with naming(f"the concurrency of {worker}"):
        try:
            lambda_.put_function_concurrency(FunctionName=worker, ReservedConcurrentExecutions=_WORKERS)
        except ClientError as error:
            if code_of(error) == "InvalidParameterValueException":
                return False
            raise
    return True


CLAIMS: Final = (
    Claim(
        name="5-gib-part",
        text="A part may have 5 GiB on its way, with its framing",
        check=largest_part,
        # 80 copies, and a function that reads and sends for 72 s at the speed that functions have.
        dollars=100 * PRICES.s3_write + 60 * PRICES.gb_second,
        needs=("aws",),
    ),
    Claim(
        name="10000-parts",
        text="An upload of 10,000 parts is completed",
        check=most_parts,
        dollars=(MAX_PARTS + 200) * PRICES.s3_write + 0.05,
        needs=("aws",),
    ),
    Claim(
        name="throttled",
        text="A job whose functions are throttled waits, and ends well",
        check=throttled,
        dollars=1200 * PRICES.s3_write + 0.03,
        needs=("aws", "own stack"),
    ),
)
