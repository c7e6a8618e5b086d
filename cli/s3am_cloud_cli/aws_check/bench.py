"""The scratch resources of a run, and the transfers that it makes."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import time
from pathlib import Path
from typing import Any

from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.adapters.s3.answers import naming
from s3am_cloud.command_lines import command_line
from s3am_cloud.errors import JobFailed, TransferError
from s3am_cloud.limits import MIB, MIN_PART
from s3am_cloud.model import Receipt
from s3am_cloud_cli.aws_check.scratch import Made, Order, Scratch
from s3am_cloud_client import Aws, Client, Job, SubmitOptions, UploadOptions
from s3am_cloud_client.inprocess.stopping import interruptible

PREFIX = "s3am-check-"
"""Of all buckets: a stack that is deployed without options may use them, and what a killed run left is found by it."""
_JOB_SECONDS = 45 * 60
_POLL_SECONDS = 5.0
_KEY_DAYS = 7  # KMS keeps a deleted key so long at least, and charges nothing for it


class Bench:
    """Where claims are checked: clients, a stack, and scratch resources with names of their own."""

    def __init__(self, access: S3Access, aws: Aws, stack: str, own_stack: bool, scratch: Scratch, folder: Path) -> None:
        self.access, self.aws, self.stack, self.own_stack = access, aws, stack, own_stack
        self.scratch, self.folder = scratch, folder
        self.id = secrets.token_hex(5)
        self.region = access.region
        self.at_aws = access.at_aws
        self.other_region = "us-west-2" if self.region != "us-west-2" else "us-east-1"
        self.options = UploadOptions(part_size=MIN_PART, aws=aws, stack=stack)
        self.job_options = SubmitOptions(part_size=MIN_PART)
        self._buckets: dict[str, str] = {}
        self._key: str | None = None

    def client(self, service: str, region: str | None = None) -> Any:
        if service == "s3":
            return self.access.client(region or self.region)
        make: Any = self.access.boto.client
        return make(service, region_name=region or self.region, endpoint_url=self.access.settings.endpoint_url)

    def bucket(self, kind: str, region: str | None = None) -> str:
        """The scratch bucket of that kind, made when it is first asked for; `removed` at the end with all in it."""
        if kind not in self._buckets:
            name, where = f"{PREFIX}{self.id}-{kind}", region or self.region
            by_hand = f"aws s3 rb --force s3://{name} --region {where}"
            s3 = self.client("s3", where)
            self.scratch.add(Made(Order.BUCKET, f"bucket {name}", lambda: remove_bucket(s3, name), by_hand))
            place: Any = {} if where == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": where}}
            with naming(f"bucket {name}"):
                s3.create_bucket(Bucket=name, **place)
            self._buckets[kind] = name
        return self._buckets[kind]

    def key(self) -> str:
        """The ARN of a scratch KMS key. A stack of this run is deployed with it; any other may use it by way of S3."""
        if self._key is None:
            # Only its answer says which key to remove, so that Ctrl-C has to wait for it.
            with interruptible():
                self._key = self._made_key()
        return self._key

    def _made_key(self) -> str:
        kms = self.client("kms")
        with naming("a KMS key"):
            account, user = map(self.client("sts").get_caller_identity().get, ("Account", "Arn"))
            policy = _key_policy(str(account), str(user).split(":")[1], to_everybody=not self.own_stack)
            made = kms.create_key(Description=f"s3am-cloud doctor --full {self.id}", Policy=policy)
        arn = str(made["KeyMetadata"]["Arn"])
        by_hand = f"aws kms schedule-key-deletion --key-id {arn} --pending-window-in-days {_KEY_DAYS}"
        self.scratch.add(Made(Order.KEY, f"KMS key {arn}", lambda: _remove_key(kms, arn), by_hand))
        return arn

    def file(self, size: int) -> Path:
        """A file of that size whose content no other has."""
        path = self.folder / f"{size}.bin"
        if not path.exists():
            with path.open("wb") as file:
                for start in range(0, size, MIB):
                    file.write(os.urandom(min(MIB, size - start)))
        return path

    def submit(self, source: str, destination: str, options: SubmitOptions | None = None) -> Receipt:
        """The receipt of a job that has ended well. Raises what it failed with, JobFailed after 45 minutes."""
        job = Client(self.stack, self.aws).submit(source, destination, options=options or self.job_options)
        name = f"job {job.id}"
        self.scratch.add(Made(Order.JOB, name, lambda: _cancel(job), command_line("cancel", job.id)))
        receipt = self._ended(job)
        self.scratch.forget(name)
        return receipt

    def _ended(self, job: Job) -> Receipt:
        deadline = time.monotonic() + _JOB_SECONDS
        pause = _POLL_SECONDS if self.at_aws else 0.2
        while time.monotonic() < deadline:
            status = job.status()
            if status.status not in {"unstarted", "running"}:
                return job.wait()
            time.sleep(pause)
        raise JobFailed(f"job {job.id} had not ended after {_JOB_SECONDS // 60} minutes")


def digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def remove_bucket(s3: Any, name: str) -> None:
    """With all that is in it: versions, delete markers and unfinished uploads. Quiet where there is none."""
    with naming(f"bucket {name}"):
        try:
            uploads = s3.list_multipart_uploads(Bucket=name).get("Uploads", [])
        except s3.exceptions.NoSuchBucket:
            return
        for upload in uploads:
            s3.abort_multipart_upload(Bucket=name, Key=upload["Key"], UploadId=upload["UploadId"])
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
            for found in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
                s3.delete_object(Bucket=name, Key=found["Key"], VersionId=found["VersionId"])
        s3.delete_bucket(Bucket=name)


def _remove_key(kms: Any, arn: str) -> None:
    with naming(f"KMS key {arn}"):
        kms.schedule_key_deletion(KeyId=arn, PendingWindowInDays=_KEY_DAYS)


def _cancel(job: Job) -> None:
    if job.status().status == "running":
        job.cancel()


def _key_policy(account: str, partition: str, to_everybody: bool) -> str:
    """IAM decides who may use the key, and with `to_everybody` the whole account may by way of S3."""
    by_s3 = {"StringEquals": {"aws:PrincipalAccount": account}, "StringLike": {"kms:ViaService": "s3.*"}}
    root = {"AWS": f"arn:{partition}:iam::{account}:root"}
    by_iam = {"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"}
    for_all = {
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": ["kms:GenerateDataKey", "kms:Decrypt"],
        "Resource": "*",
        "Condition": by_s3,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [by_iam, for_all] if to_everybody else [by_iam]})


def failure_text(error: TransferError) -> str:
    return f"{type(error).__name__}: {error.message}"
