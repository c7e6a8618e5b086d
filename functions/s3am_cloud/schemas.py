"""The published JSON Schemas: of requests for a transfer, and of the detail of the events that report how one ended.

They are files beside this one, made of the types in request.py and model.py: `python -m s3am_cloud.schemas`.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import msgspec

from s3am_cloud.errors import ErrorReport
from s3am_cloud.events import Event
from s3am_cloud.item_counts import Counts
from s3am_cloud.model import Receipt, TransferRequest
from s3am_cloud.names import (
    DATASET_FAILED,
    DATASET_PARTIAL,
    DATASET_SUCCEEDED,
    EVENT_SOURCE,
    TRANSFER_CANCELLED,
    TRANSFER_FAILED,
    TRANSFER_REQUESTED,
    TRANSFER_SUCCEEDED,
)

FILES: Final = {"request": "transfer_request.schema.json", "outcome": "transfer_outcome.schema.json"}
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

REQUEST_FIELDS: Final = {
    "version": "Of this schema.",
    "source": "URL to fetch: https, http, ftps, ftpes, ftp, sftp or s3 (with ?versionId=ID one version); "
    "without password and signature.",
    "destination": "s3://BUCKET/KEY; one that ends in / gets the source's file name.",
    "attributes": "What the object carries besides its bytes; otherwise what the source's does.",
    "exists": "What to do where the object exists; left out, the job fails. update is for a dataset alone.",
    "dataset": "Many objects in one job, each with an outcome of its own; the other fields are for each of them.",
    "resume": "Whether to continue an unfinished upload of the object.",
    "force": "Whether to discard unfinished uploads of the object first.",
    "part_size": "Bytes of a part; left out, chosen so that 10,000 parts suffice.",
    "download_slots": "Connections to the source, all the time. Without this, as many as make a difference.",
    "upload_slots": "Connections to S3, likewise.",
    "size": "Bytes that the content must have; else the job fails before the object is made.",
    "expect": "ALGORITHM:VALUE that the content must have, such as sha256:HEX.",
    "keep_mismatch": "Whether an object that has another checksum stays.",
    "source_digest": "auto, none, or the URL of a file with digests that the content is held to.",
    "ranges": "auto, never or always: whether to read the source in ranges where nothing pins its version.",
    "provenance": "Whether the object's metadata say where it came from.",
    "requester_pays": "Whether to pay for requests on buckets of others that ask for it.",
    "no_sign_request": "Whether to read an S3 source without credentials.",
    "secret": "Name, s3am-cloud/..., of the secret in Secrets Manager that has the job's keys and login.",
    "host_keys": 'What the server of an sftp source is known by, each as "ssh-ed25519 AAAA...".',
    "keep_hours": "For how many hours a job that failed can be resumed.",
    "max_cost": "Dollars that the job may cost; one whose forecast is above that is refused before it is begun.",
    "idempotency_key": "Requests from one source with the same key are one job; left out, the event's id.",
}

SUCCEEDED: Final = Receipt(
    state="succeeded",
    source="https://host/run42.tar",
    destination="s3://bucket/runs/run42.tar",
    size=201_326_592,
    parts=24,
    retries=0,
    checksum_algorithm="CRC64NVME",
    checksum="fgMe2OoaQbU=",
    proof="full-object",
    verdict="verified-in-transit",
    etag='"0d8c35a4b0e7f8d7d0c1e0a6c1d9b1f2-24"',
    source_etag='"65a1c2d0-c000000"',
    started="2026-11-23T00:51:53.120+00:00",
    seconds=3.1,
    invocations=1,
    worker_seconds=2.4,
    cost_usd=0.0004,
    job="event-5d1f0c6a1be94c0f8f6b2a7d3e4c5b6a",
    event=Event(
        id="7bf73129-1428-4cd3-a780-95db273d1602",
        source="lab.sequencer",
        detail_type=TRANSFER_REQUESTED,
        time="2026-11-23T00:51:52Z",
    ),
)
FAILED: Final = msgspec.structs.replace(
    SUCCEEDED,
    state="failed",
    checksum_algorithm=None,
    checksum=None,
    proof=None,
    verdict=None,
    etag=None,
    cost_usd=None,
    unfinished_upload="2~VmVhdXhJZGVudGlmaWVy",
    expires="2026-11-30T00:51:56+00:00",
    unfinished_bytes=134_217_728,
    unfinished_cost_usd=0.00072,
    error=ErrorReport(
        code=20,
        name="SourceChanged",
        retryable=False,
        message="https://host/run42.tar has another ETag than when the transfer began",
        hint="transfer it again with --force",
    ),
)
CANCELLED: Final = Receipt(
    state="cancelled",
    source=SUCCEEDED.source,
    destination=SUCCEEDED.destination,
    job=SUCCEEDED.job,
    event=SUCCEEDED.event,
    error=ErrorReport(
        code=25,
        name="JobCancelled",
        retryable=False,
        message=f"job {SUCCEEDED.job} was cancelled",
        hint="submit the transfer again",
    ),
)
PARTIAL: Final = Receipt(
    state="partial",
    source="s3://results/run42/",
    destination="s3://bucket/runs/run42/",
    size=104_857_600_000,
    started=SUCCEEDED.started,
    seconds=412.5,
    job="20261123-005153-0a1b2c3d",
    counts=Counts(
        items=1_000_000,
        bytes=104_857_600_000,
        copied=999_000,
        copied_bytes=104_752_742_400,
        skipped=950,
        skipped_bytes=99_614_720,
        failed=50,
    ),
    report="s3://WORK_BUCKET/jobs/20261123-005153-0a1b2c3d/report/",
    error=ErrorReport(
        code=26,
        name="ItemsFailed",
        retryable=False,
        message="some items failed: 999,000 copied, 950 skipped, 50 failed",
        hint="fix the causes and run the same command again: it copies what is missing",
    ),
)
REQUEST: Final = TransferRequest(source=SUCCEEDED.source, destination="s3://bucket/runs/", exists="skip", keep_hours=24)


def published(which: str) -> str:
    """The text of the file, `which` is "request" or "outcome"."""
    return files("s3am_cloud").joinpath(FILES[which]).read_text(encoding="utf-8").rstrip("\n")


def document(which: str) -> Any:
    return msgspec.json.decode(published(which))


def made(which: str) -> str:
    """What the file has to be."""
    found = _request() if which == "request" else _outcome()
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n"


def _request() -> dict[str, Any]:
    schema = msgspec.json.schema(TransferRequest)
    fields = schema["$defs"]["TransferRequest"]["properties"]
    for name, description in REQUEST_FIELDS.items():
        fields[name]["description"] = description
    return {
        "$schema": _DIALECT,
        "title": "Request to s3am-cloud",
        "description": f"The detail of a {TRANSFER_REQUESTED} event, or what submit --request takes.",
        "examples": [msgspec.to_builtins(REQUEST)],
        **schema,
    }


def _outcome() -> dict[str, Any]:
    return {
        "$schema": _DIALECT,
        "title": "How a transfer ended",
        "description": f"The detail of a {TRANSFER_SUCCEEDED}, {TRANSFER_FAILED} or {TRANSFER_CANCELLED} event, or "
        f"of a {DATASET_SUCCEEDED}, {DATASET_PARTIAL} or {DATASET_FAILED} one, of the source {EVENT_SOURCE}. What is "
        "not known is left out; more may be added.",
        "examples": [_known(each) for each in (SUCCEEDED, FAILED, CANCELLED, PARTIAL)],
        **msgspec.json.schema(Receipt),
    }


def _known(receipt: Receipt) -> dict[str, Any]:
    return {name: value for name, value in msgspec.to_builtins(receipt).items() if value is not None}


def main() -> None:
    for which, name in FILES.items():
        Path(__file__).with_name(name).write_text(made(which), encoding="utf-8")


if __name__ == "__main__":
    main()
