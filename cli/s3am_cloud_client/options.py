"""The options of transfers, as programs give them and as the command reads them from its options.

All of them are frozen values with a default for each field, so `UploadOptions(part_size=64 << 20)` says all there is
to say.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import msgspec

from s3am_cloud.errors import Usage
from s3am_cloud.request import Exists, OnExisting, Ranges, Sse
from s3am_cloud_client.inprocess.patience import USUAL_PATIENCE, Patience
from s3am_cloud_client.inprocess.rate_limit import RateLimit, limit_of
from s3am_cloud_client.logins import NO_LOGINS, Logins

if TYPE_CHECKING:
    from s3am_cloud.adapters.s3.access import S3Access, S3Settings
    from s3am_cloud.logins import HostLogins
    from s3am_cloud.model import TransferRequest
    from s3am_cloud.sse import KeyRing
    from s3am_cloud.transfer.download import DownloadRequest
    from s3am_cloud.urls import S3Url
    from s3am_cloud_client.inprocess.ports import SourceReach


class Aws(msgspec.Struct, frozen=True, kw_only=True):
    """Which AWS, as whom. What is None is taken from the environment and the profile, as the AWS CLI does."""

    profile: str | None = None
    region: str | None = None
    endpoint_url: str | None = None

    def settings(self, requester_pays: bool = False, sign: bool = True) -> S3Settings:
        from s3am_cloud.adapters.s3.access import S3Settings

        return S3Settings(
            profile=self.profile,
            region=self.region,
            endpoint_url=self.endpoint_url,
            requester_pays=requester_pays,
            sign=sign,
        )

    def both_sides(self, request: TransferRequest, keys: SideKeys) -> tuple[S3Access, S3Access]:
        """The destination's, and the source's."""
        from s3am_cloud.adapters.s3.access import S3Access

        source = self.settings(request.requester_pays, sign=not request.no_sign_request)
        return S3Access(self.settings(request.requester_pays), keys.destination), S3Access(source, keys.source)


class SideKeys(msgspec.Struct, frozen=True):
    """The SSE-C keys of the destination, and of a source in S3."""

    destination: KeyRing | None = None
    source: KeyRing | None = None


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What a transfer into S3 takes besides its source and its destination, on this machine and in the cloud.

    The names and meanings are those of the command's options; sizes are in bytes. `keys` and `source_keys` are the
    SSE-C keys of the destination and of a source in S3. `netrc` looks for the source's login in ~/.netrc; `logins` are
    what else sources' servers get.
    """

    resume: bool = False
    force: bool = False
    part_size: int | None = None
    download_slots: int | None = None
    upload_slots: int | None = None
    content_type: str | None = None
    cache_control: str | None = None
    content_disposition: str | None = None
    storage_class: str | None = None
    sse: Sse | None = None
    sse_kms_key_id: str | None = None
    bucket_key: bool = False
    metadata: dict[str, str] = {}
    tags: dict[str, str] = {}
    expect: str | None = None
    keep_mismatch: bool = False
    source_digest: str | None = None
    ranges: Ranges = "auto"
    provenance: bool = True
    keys: KeyRing | None = None
    source_keys: KeyRing | None = None
    netrc: bool = False
    logins: Logins = NO_LOGINS
    requester_pays: bool = False
    no_sign_request: bool = False

    def request(self, source: str, destination: str, exists: Exists | None = None) -> TransferRequest:
        """Raises Usage where options exclude each other, BadRequest for control characters in them and for an
        encryption that S3 would refuse."""
        from s3am_cloud.controls import check_text
        from s3am_cloud.encryption import check_encryption
        from s3am_cloud.host_limits import most_connections
        from s3am_cloud.model import Attributes, TransferRequest

        check_exists(exists)
        if self.resume and self.force:
            raise Usage("resume and force exclude each other", "resume continues an upload, force discards it")
        request = TransferRequest(
            source=source,
            destination=destination,
            exists=exists,
            resume=self.resume,
            force=self.force,
            part_size=self.part_size,
            download_slots=self.download_slots,
            upload_slots=self.upload_slots,
            expect=self.expect,
            keep_mismatch=self.keep_mismatch,
            source_digest=self.source_digest,
            ranges=self.ranges,
            provenance=self.provenance,
            attributes=Attributes(
                content_type=self.content_type,
                cache_control=self.cache_control,
                content_disposition=self.content_disposition,
                storage_class=self.storage_class,
                sse=self.sse,
                sse_kms_key_id=self.sse_kms_key_id,
                bucket_key=self.bucket_key,
                metadata=self.metadata,
                tags=self.tags,
            ),
        )
        if limits := self.logins.limits():
            slots = most_connections(limits, request.source_url, self.download_slots)
            request = msgspec.structs.replace(request, download_slots=slots)
        check_text(request)
        check_encryption(request.attributes, customer_key=bool(self.keys))
        return request


class UploadOptions(Options, frozen=True, kw_only=True):
    """The options of `upload`. `stack` names the stack that keeps the transfer's record; None finds the default one.

    `limit_rate` is in bytes a second, over all connections; a `RateLimit` can be shared by several transfers.
    """

    aws: Aws = Aws()
    patience: Patience = USUAL_PATIENCE
    stack: str | None = None
    limit_rate: float | RateLimit | None = None

    def reach(self, logins: HostLogins = (), shared: bool = False) -> SourceReach:
        """How sources are read, whose servers get these logins; `shared` by several transfers. Raises Usage for a rate
        that is too low."""
        from s3am_cloud.adapters.curl.transport.host_gates import HostGates
        from s3am_cloud_client.inprocess.ports import SourceReach

        limits, rate = self.logins.limits(), limit_of(self.limit_rate)
        gates = HostGates(limits) if shared or limits else None
        return SourceReach(self.patience, self.netrc, rate_limit=rate, logins=logins, gates=gates)

    def destination_access(self) -> S3Access:
        from s3am_cloud.adapters.s3.access import S3Access

        return S3Access(self.aws.settings(self.requester_pays), self.keys)

    def source_access(self) -> S3Access:
        from s3am_cloud.adapters.s3.access import S3Access

        return S3Access(self.aws.settings(self.requester_pays, sign=not self.no_sign_request), self.source_keys)


class SubmitOptions(Options, frozen=True, kw_only=True):
    """The options of `Client.submit` and `Client.submit_many`.

    `secret` names a secret in Secrets Manager with the job's keys and login. A job that failed can be resumed for
    `keep_hours`. One whose forecast is above `max_cost`, in dollars, is refused. The same `idempotency_key` gives the
    same job.
    """

    secret: str | None = None
    keep_hours: int | None = None
    max_cost: float | None = None
    idempotency_key: str | None = None

    def request(self, source: str, destination: str, exists: Exists | None = None) -> TransferRequest:
        return msgspec.structs.replace(
            super().request(source, destination, exists),
            requester_pays=self.requester_pays,
            no_sign_request=self.no_sign_request,
            secret=self.secret,
            keep_hours=self.keep_hours,
            max_cost=self.max_cost,
            idempotency_key=self.idempotency_key,
        )


class PlanOptions(SubmitOptions, frozen=True, kw_only=True):
    """The options of `plan` and `plan_many`: those of the job, and which AWS.

    `rate` is what one connection to the source gives, in bytes a second; None measures it. `stack` is the one whose
    limit of workers counts; without it there is none.
    """

    rate: int | None = None
    stack: str | None = None
    aws: Aws = Aws()


class DownloadOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of `download`. `partial` says what to do with an unfinished earlier download.

    A download of one object that would cost more than `max_cost`, in dollars, is refused; `download_many` takes no
    `max_cost`. `limit_rate` is as for `UploadOptions`.
    """

    partial: Literal["resume", "discard"] | None = None
    part_size: int | None = None
    download_slots: int | None = None
    checksum_slots: int | None = None
    max_cost: float | None = None
    keys: KeyRing | None = None
    requester_pays: bool = False
    no_sign_request: bool = False
    aws: Aws = Aws()
    patience: Patience = USUAL_PATIENCE
    limit_rate: float | RateLimit | None = None

    def reach(self) -> SourceReach:
        """Raises Usage for a rate that is too low."""
        from s3am_cloud_client.inprocess.ports import SourceReach

        return SourceReach(self.patience, tags=False, rate_limit=limit_of(self.limit_rate))

    def request(self, source: S3Url, overwrite: bool = False) -> DownloadRequest:
        from s3am_cloud.transfer.download import DownloadRequest

        return DownloadRequest(
            source=source,
            connections=self.download_slots,
            overwrite=overwrite,
            resume=self.partial == "resume",
            discard=self.partial == "discard",
            part_size=self.part_size,
            checksum_slots=self.checksum_slots or os.cpu_count() or 1,
            max_cost=self.max_cost,
        )

    def access(self) -> S3Access:
        from s3am_cloud.adapters.s3.access import S3Access

        return S3Access(self.aws.settings(self.requester_pays, sign=not self.no_sign_request), self.keys)


class ObjectOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of calls about what is in S3 already. `keys` are the object's SSE-C keys.

    `part_size` is how much `verify` reads in one request. `stack` names the stack that keeps the records of transfers;
    None finds the default one.
    """

    part_size: int | None = None
    download_slots: int | None = None
    keys: KeyRing | None = None
    requester_pays: bool = False
    no_sign_request: bool = False
    stack: str | None = None
    aws: Aws = Aws()

    def access(self) -> S3Access:
        from s3am_cloud.adapters.s3.access import S3Access

        return S3Access(self.aws.settings(self.requester_pays, sign=not self.no_sign_request), self.keys)


class DatasetOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of a dataset besides those of each transfer.

    `exists` says what becomes of existing objects: None skips those that are the same as their source, and fails the
    others; "update" replaces these. The run ends early after more than `max_failures` failed items, a number or a share
    of all items such as "5%"; None for the default: 100, if they are over half of those finished. `report_dir` gets the
    run's files.

    `manifest` is a list of items in any known format: a path, a URL, or `-` for standard input.

    `base` is what relative names in a manifest are below, `name` a template of the items' names at the destination.
    `filters` are pairs of "include" or "exclude" and a glob; the first that matches decides. What was modified less
    than `min_age` seconds ago is left out. Without `follow`, symbolic links to files and folders are left out.
    Jobs in the cloud take neither `report_dir` nor `follow=False`.
    """

    exists: OnExisting | None = None
    max_failures: int | str | None = None
    report_dir: Path | None = None
    manifest: str | None = None
    manifest_format: str = "auto"
    base: str | None = None
    name: str | None = None
    filters: tuple[tuple[Literal["include", "exclude"], str], ...] = ()
    min_age: float | None = None
    follow: bool = True


def check_exists(exists: str | None) -> None:
    """Raises Usage for what says nothing about existing objects or files."""
    known = get_args(Exists)
    if exists is not None and exists not in known:
        raise Usage(f"exists={exists!r} is unknown", f"give one of {', '.join(known)}, or leave it out")
