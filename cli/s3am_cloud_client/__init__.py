"""The Python client: transfers on this machine, and jobs in the cloud.

datasets    `upload_many`, `download_many`: many objects, with an outcome for each; `preview_many`,
            `preview_downloads`: what these would do.
diagnosis   `diagnose`: what an account, a stack, buckets and sources lack.
hosts_file  `hosts.toml`: what each server gets besides requests.
jobs        `Client` and `Job`: transfers in the cloud.
listings    `list_objects`, `list_uploads`: what is below a prefix in S3.
logins      `Logins`: what sources' servers get, and which of them gets what.
objects     `verify`, `verify_many`, `verify_receipt`, `provenance`, `cancel_uploads`: what is in S3 already.
observer    What a transfer reports while it runs.
options     The options of transfers, and which AWS.
planning    `plan`, `plan_many`: what a job would take.
results     The types of what calls return.
sources     What `upload_many` and `download_many` are given.
state_home  Where a user's records outlive a run.
transfers   `upload` and `download`.

doctor/     The checks of `diagnose`.
inprocess/  The pipeline on this machine, over worker processes.
remote/     Jobs in the cloud.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from s3am_cloud.adapters.clock import SystemClock
    from s3am_cloud.items import Item
    from s3am_cloud.ports.transfer import Clock
    from s3am_cloud_client.datasets import (
        Transfers,
        download_many,
        exists_of_one,
        is_one_item,
        is_one_object,
        preview_downloads,
        preview_many,
        run_folder,
        upload_many,
    )
    from s3am_cloud_client.diagnosis import diagnose
    from s3am_cloud_client.inprocess.destinations import Output, destination_of
    from s3am_cloud_client.inprocess.patience import Patience
    from s3am_cloud_client.inprocess.rate_limit import RateLimit
    from s3am_cloud_client.jobs import Client, Job, OnStatus, error_of, read_request
    from s3am_cloud_client.listings import list_objects, list_uploads
    from s3am_cloud_client.logins import Logins
    from s3am_cloud_client.objects import Verifying, cancel_uploads, provenance, verify, verify_many, verify_receipt
    from s3am_cloud_client.observer import Observer, OnProgress, SilentObserver
    from s3am_cloud_client.options import (
        Aws,
        DatasetOptions,
        DownloadOptions,
        ObjectOptions,
        Options,
        PlanOptions,
        SideKeys,
        SubmitOptions,
        UploadOptions,
    )
    from s3am_cloud_client.planning import plan, plan_many
    from s3am_cloud_client.transfers import download, upload

__all__ = (
    "Aws",
    "Client",
    "Clock",
    "DatasetOptions",
    "DownloadOptions",
    "Item",
    "Job",
    "Logins",
    "ObjectOptions",
    "Observer",
    "OnProgress",
    "OnStatus",
    "Options",
    "Output",
    "Patience",
    "PlanOptions",
    "RateLimit",
    "SideKeys",
    "SilentObserver",
    "SubmitOptions",
    "SystemClock",
    "Transfers",
    "UploadOptions",
    "Verifying",
    "cancel_uploads",
    "destination_of",
    "diagnose",
    "download",
    "download_many",
    "error_of",
    "exists_of_one",
    "is_one_item",
    "is_one_object",
    "list_objects",
    "list_uploads",
    "plan",
    "plan_many",
    "preview_downloads",
    "preview_many",
    "provenance",
    "read_request",
    "run_folder",
    "upload",
    "upload_many",
    "verify",
    "verify_many",
    "verify_receipt",
)

_MODULES = {
    "s3am_cloud.adapters.clock": ("SystemClock",),
    "s3am_cloud.items": ("Item",),
    "s3am_cloud.ports.transfer": ("Clock",),
    "s3am_cloud_client.datasets": (
        "Transfers",
        "download_many",
        "exists_of_one",
        "is_one_item",
        "is_one_object",
        "preview_downloads",
        "preview_many",
        "run_folder",
        "upload_many",
    ),
    "s3am_cloud_client.diagnosis": ("diagnose",),
    "s3am_cloud_client.inprocess.destinations": (
        "Output",
        "destination_of",
    ),
    "s3am_cloud_client.inprocess.patience": ("Patience",),
    "s3am_cloud_client.inprocess.rate_limit": ("RateLimit",),
    "s3am_cloud_client.jobs": (
        "Client",
        "Job",
        "OnStatus",
        "error_of",
        "read_request",
    ),
    "s3am_cloud_client.listings": (
        "list_objects",
        "list_uploads",
    ),
    "s3am_cloud_client.logins": ("Logins",),
    "s3am_cloud_client.objects": (
        "Verifying",
        "cancel_uploads",
        "provenance",
        "verify",
        "verify_many",
        "verify_receipt",
    ),
    "s3am_cloud_client.observer": (
        "Observer",
        "OnProgress",
        "SilentObserver",
    ),
    "s3am_cloud_client.options": (
        "Aws",
        "DatasetOptions",
        "DownloadOptions",
        "ObjectOptions",
        "Options",
        "PlanOptions",
        "SideKeys",
        "SubmitOptions",
        "UploadOptions",
    ),
    "s3am_cloud_client.planning": (
        "plan",
        "plan_many",
    ),
    "s3am_cloud_client.transfers": (
        "download",
        "upload",
    ),
}


def _module_of(name: str) -> str | None:
    return next((module for module, names in _MODULES.items() if name in names), None)


if not TYPE_CHECKING:  # it would hide names that do not exist

    def __getattr__(name: str) -> object:
        """Imports a name's module when it is first asked for: all of them take longer than a small transfer."""
        module = _module_of(name)
        if module is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = globals()[name] = getattr(importlib.import_module(module), name)
        return found

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
