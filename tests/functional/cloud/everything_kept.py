"""All that the cloud keeps of a job where somebody may read it, as one text; and what a secret might look like."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from s3am_cloud_cli.local_cloud import LocalCloud, aws
from s3am_cloud_cli.local_cloud.state import StateFolder


def kept_of(job: str, cloud: LocalCloud) -> str:
    """Executions of the job and of its units with their whole histories, its notes, every function's and the machine's
    log, and the emulator's own log."""
    return "\n".join([*_executions(job, cloud), *_notes(job, cloud), *_logs(cloud), StateFolder().log_file.read_text()])


def spellings(secret: bytes) -> set[str]:
    """The secret in clear, in base64 wherever it begins in what is encoded, in hex, percent-encoded, and as its MD5."""
    found = {quote(secret, ""), quote(secret), secret.hex(), secret.hex().upper(), secret.decode("iso-8859-1")}
    digest = hashlib.md5(secret, usedforsecurity=False)
    found |= {digest.hexdigest(), base64.b64encode(digest.digest()).decode()}
    for before in range(3):
        # Characters that depend on what stands before and after are left out.
        encoded = base64.b64encode(bytes(before) + secret).decode()
        found.add(encoded[-(-before * 8 // 6) : (before + len(secret)) * 8 // 6])
    return found | {json.dumps(spelling)[1:-1] for spelling in found}


def _executions(job: str, cloud: LocalCloud) -> Iterator[str]:
    states = aws.client("stepfunctions", cloud)
    parent = f"{cloud.state_machine_arn.replace(':stateMachine:', ':execution:')}:{job}"
    children = [
        child["executionArn"]
        for run in states.list_map_runs(executionArn=parent)["mapRuns"]
        for child in states.list_executions(mapRunArn=run["mapRunArn"])["executions"]
    ]
    for arn in (parent, *children):
        yield _text(states.describe_execution(executionArn=arn))
        for page in states.get_paginator("get_execution_history").paginate(executionArn=arn):
            yield from map(_text, page["events"])


def _notes(job: str, cloud: LocalCloud) -> Iterator[str]:
    s3 = aws.client("s3", cloud)
    for item in s3.list_objects_v2(Bucket=cloud.work_bucket, Prefix=f"jobs/{job}/")["Contents"]:
        yield item["Key"]
        yield s3.get_object(Bucket=cloud.work_bucket, Key=item["Key"])["Body"].read().decode()


def _logs(cloud: LocalCloud) -> Iterator[str]:
    logs = aws.client("logs", cloud)
    for page in logs.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            for events in logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"]):
                yield from (event["message"] for event in events["events"])


def _text(value: Any) -> str:
    return json.dumps(value, default=str)
