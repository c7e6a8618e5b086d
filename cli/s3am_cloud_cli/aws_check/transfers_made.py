"""Claims about transfers: buckets of all kinds, refusals, secrets."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from msgspec.structs import replace

from s3am_cloud import names
from s3am_cloud.costs.prices import PRICES, cross_region_gb
from s3am_cloud.errors import AccessDenied, NotAsExpected, ObjectExists
from s3am_cloud.limits import MIB
from s3am_cloud.sse import KeyRing, generate
from s3am_cloud_cli.aws_check.bench import Bench, digest_of
from s3am_cloud_cli.aws_check.claims import Claim, ClaimFails, expect
from s3am_cloud_client import DownloadOptions, download, upload

SIZE: Final = 12 * MIB
_FEW: Final = 30 * PRICES.s3_write + 0.0005  # requests of a small transfer, and a job's functions


def round_trip(bench: Bench) -> str:
    sent, came = bench.file(SIZE), bench.folder / "came.bin"
    url = f"s3://{bench.bucket('plain')}/round-trip.bin"
    receipt = upload(sent, url, options=bench.options)
    expect(receipt.proof == "full-object", f"the receipt's proof is {receipt.proof}")
    download(url, came, exists="overwrite", options=DownloadOptions(aws=bench.aws))
    expect(digest_of(sent) == digest_of(came), "what came back has another SHA-256 than what was sent")
    return f"{receipt.parts} parts, {receipt.checksum_algorithm} {receipt.checksum}, the same SHA-256 after a download"


def existing_object(bench: Bench) -> str:
    url = f"s3://{bench.bucket('plain')}/existing.bin"
    upload(bench.file(SIZE), url, options=bench.options, exists="overwrite")
    try:
        upload(bench.file(SIZE), url, options=bench.options)
    except ObjectExists as error:
        return f"refused: {error.message}"
    raise ClaimFails("it was replaced without being asked")


def wrong_checksum(bench: Bench) -> str:
    bucket, options = bench.bucket("plain"), replace(bench.options, expect=f"sha256:{'00' * 32}")
    try:
        upload(bench.file(SIZE), f"s3://{bucket}/wrong.bin", options=options)
    except NotAsExpected:
        listed = bench.client("s3").list_objects_v2(Bucket=bucket, Prefix="wrong.bin").get("Contents", [])
        unfinished = bench.client("s3").list_multipart_uploads(Bucket=bucket, Prefix="wrong.bin").get("Uploads", [])
        expect(not listed and not unfinished, "an object, or an unfinished upload, is left")
        return "refused, and nothing is left"
    raise ClaimFails("it was accepted")


def job_from_the_web(bench: Bench) -> str:
    """The web server is S3 itself, by a signed URL, which is a secret."""
    bucket = bench.bucket("plain")
    upload(bench.file(SIZE), f"s3://{bucket}/web.bin", options=bench.options, exists="overwrite")
    signed = bench.client("s3").generate_presigned_url(
        "get_object", Params={"Bucket": bucket, "Key": "web.bin"}, ExpiresIn=3600
    )
    receipt = bench.submit(signed, f"s3://{bucket}/from-web.bin")
    expect(receipt.proof == "full-object", f"the receipt's proof is {receipt.proof}")
    machine, signature = bench.client("stepfunctions"), urlsplit(signed).query
    arn = _execution(bench, str(receipt.job))
    history = str(machine.get_execution_history(executionArn=arn, maxResults=1000))
    expect(signature not in history, "the signature is in the execution's history")
    return f"{receipt.parts} parts by {receipt.invocations} invocations; its signature is not in the history"


def versioned(bench: Bench) -> str:
    bucket = bench.bucket("versioned")
    enabled = {"Status": "Enabled"}
    bench.client("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration=enabled)
    url, came = f"s3://{bucket}/versioned.bin", bench.folder / "version.bin"
    upload(bench.file(SIZE), url, options=bench.options)
    second = bench.file(6 * MIB)
    receipt = upload(second, url, options=bench.options, exists="overwrite")
    expect(receipt.version_id is not None, "the receipt has no version")
    download(url, came, exists="overwrite", options=DownloadOptions(aws=bench.aws))
    expect(digest_of(came) == digest_of(second), "another version than the newest came")
    copied = bench.submit(url, f"s3://{bench.bucket('plain')}/from-versioned.bin")
    return f"two versions were written, the newest came back, and a job copied it ({copied.proof})"


def kms(bench: Bench) -> str:
    bucket, key, s3 = bench.bucket("kms"), bench.key(), bench.client("s3")
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    upload(bench.file(SIZE), f"s3://{bucket}/sent.bin", options=bench.options)
    receipt = bench.submit(f"s3://{bucket}/sent.bin", f"s3://{bucket}/copied.bin")
    if bench.at_aws:
        found = s3.head_object(Bucket=bucket, Key="copied.bin").get("SSEKMSKeyId")
        expect(found == key, f"the copy is encrypted with {found}")
    return f"an upload and a job's copy, with the bucket's own key ({receipt.proof})"


def tagged(bench: Bench) -> str:
    """By CopyObject, and in parts; emulators drop the tags of multipart uploads."""
    wanted = {"project": "s3am", "kind": "check"}
    sizes = (MIB, SIZE) if bench.at_aws else (MIB,)
    for size in sizes:
        source, copy = f"tagged-{size}.bin", f"tagged-copy-{size}.bin"
        bucket = bench.bucket("plain")
        upload(bench.file(size), f"s3://{bucket}/{source}", options=replace(bench.options, tags=wanted))
        bench.submit(f"s3://{bucket}/{source}", f"s3://{bucket}/{copy}")
        tags = bench.client("s3").get_object_tagging(Bucket=bucket, Key=copy)["TagSet"]
        found = {tag["Key"]: tag["Value"] for tag in tags}
        expect(found == wanted, f"the copy of {size:,} bytes has the tags {found}")
    return "both tags, of a copy by one request" + (" and of one in parts" if len(sizes) > 1 else "")


def acl_less(bench: Bench) -> str:
    bucket = bench.bucket("acl-less")
    rules = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    bench.client("s3").put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=rules)
    upload(bench.file(SIZE), f"s3://{bucket}/sent.bin", options=bench.options)
    receipt = bench.submit(f"s3://{bucket}/sent.bin", f"s3://{bucket}/copied.bin")
    return f"an upload and a job's copy ({receipt.proof})"


def cross_region(bench: Bench) -> str:
    source = f"s3://{bench.bucket('plain')}/crossing.bin"
    upload(bench.file(SIZE), source, options=bench.options, exists="overwrite")
    away = bench.bucket("away", bench.other_region)
    receipt = bench.submit(source, f"s3://{away}/crossed.bin")
    expect("between regions" in str(receipt.cost_of), f"the receipt's cost is of {receipt.cost_of}")
    return f"{bench.region} to {bench.other_region}, about ${receipt.cost_usd}: {receipt.cost_of}"


def sse_c_refused(bench: Bench) -> str:
    options = replace(bench.options, keys=KeyRing(generate()))
    try:
        upload(bench.file(SIZE), f"s3://{bench.bucket('new')}/sse-c.bin", options=options)
    except AccessDenied as error:
        expect("BlockedEncryptionTypes" in error.hint, f"the hint is: {error.hint}")
        return f"refused: {error.hint}"
    raise ClaimFails("a new bucket accepted an object with SSE-C")


def _execution(bench: Bench, job: str) -> str:
    stack = bench.client("cloudformation").describe_stacks(StackName=bench.stack)["Stacks"][0]
    outputs = {item["OutputKey"]: item["OutputValue"] for item in stack["Outputs"]}
    return f"{outputs[names.STATE_MACHINE_ARN].replace(':stateMachine:', ':execution:')}:{job}"


CLAIMS: Final = (
    Claim(
        name="round-trip",
        text="An object reported as done is byte for byte what its source was",
        check=round_trip,
        dollars=_FEW + SIZE / 10**9 * 0.09,
    ),
    Claim(name="exists", text="An object is not replaced unasked", check=existing_object, dollars=_FEW),
    Claim(name="expect", text="Content with another checksum leaves no object", check=wrong_checksum, dollars=_FEW),
    Claim(
        name="web",
        text="A job fetches a signed URL, and the signature is in no history",
        check=job_from_the_web,
        dollars=2 * _FEW,
    ),
    Claim(name="versioned", text="Buckets with versioning work", check=versioned, dollars=3 * _FEW),
    Claim(name="kms", text="Buckets with a KMS key of the customer's work", check=kms, dollars=2 * _FEW),
    Claim(name="tags", text="A copy keeps its source's tags", check=tagged, dollars=2 * _FEW),
    Claim(name="acl-less", text="Buckets without ACLs work", check=acl_less, dollars=2 * _FEW),
    Claim(
        name="cross-region",
        text="A copy into another region works, and its receipt says what it costs",
        check=cross_region,
        dollars=2 * _FEW + SIZE / 10**9 * cross_region_gb("sa-east-1", "us-east-1"),
        needs=("second region",),
    ),
    Claim(
        name="sse-c",
        text="New buckets refuse SSE-C, and the error says how to allow it",
        check=sse_c_refused,
        dollars=_FEW,
        needs=("aws",),
    ),
)
