"""Whether an upload would be accepted: one is begun, gets one small part, and is discarded.

No object comes of it: nothing is replaced, no version or delete marker is left, no event is sent, and neither a lock
nor a missing right to delete keeps anything. S3 judges it as any upload: by the rights, the bucket's policy, and the
KMS key.
"""

from __future__ import annotations

import uuid

from s3am_cloud_client.doctor.buckets import BucketSite
from s3am_cloud_client.doctor.findings import Finding, Findings, Report
from s3am_cloud_client.doctor.ports import Refused

_BYTES = b"s3am-cloud doctor --write-test\n"


def write_test(bucket: BucketSite) -> Findings:
    report, key = Report("write test", bucket.name), _key(bucket)
    try:
        upload = bucket.ask("create_multipart_upload", Key=key)["UploadId"]
    except Refused as refused:
        yield _refused(report, "an upload can't be begun", refused)
        return
    part: Finding | None = None
    try:
        bucket.ask("upload_part", Key=key, UploadId=upload, PartNumber=1, Body=_BYTES)
    except Refused as refused:
        part = _refused(report, "a part can't be sent", refused)
    finally:
        left = _discard(bucket, key, upload)
    if part is not None:
        yield part
    if left is not None:
        yield left
    if part is None and left is None:
        yield report.ok("an upload was begun, a part was sent, and both were discarded: nothing is left")


def _key(bucket: BucketSite) -> str:
    folder = bucket.url.key.rpartition("/")[0]
    return f"{folder}/{_name()}" if folder else _name()


def _name() -> str:
    return f"s3am-cloud-doctor-{uuid.uuid4().hex[:12]}"


def _refused(report: Report, what: str, refused: Refused) -> Finding:
    if not refused.denied:
        return report.problem(f"{what}: {refused}", "see what S3 says")
    # S3's message names the action that is missing, where that is another service's.
    permission = next(
        (word.rstrip(".,)") for word in refused.message.split() if word.startswith("kms:")), "s3:PutObject"
    )
    return report.problem(f"{what}: {refused}", f"get the right {permission}", permission)


def _discard(bucket: BucketSite, key: str, upload: str) -> Finding | None:
    try:
        bucket.ask("abort_multipart_upload", Key=key, UploadId=upload)
    except Refused as refused:
        return Report("write test", bucket.name).warning(
            f"the upload of {key} could not be discarded ({refused}): a part of {len(_BYTES)} bytes is left",
            "get the right s3:AbortMultipartUpload, or ask the bucket's owner to discard it",
            "s3:AbortMultipartUpload",
        )
    return None
