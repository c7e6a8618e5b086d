"""The Python client: transfers on this machine, and jobs in the cloud.

datasets    `upload_many`, `download_many`: many objects, with an outcome for each; `preview_many`: what it would do.
diagnosis   `diagnose`: what an account, a stack, buckets and sources lack.
jobs        `Client` and `Job`: transfers in the cloud.
listings    `list_objects`, `list_uploads`: what is below a prefix in S3.
objects     `verify`, `verify_many`, `verify_receipt`, `provenance`, `cancel_uploads`: what is in S3 already.
observer    What a transfer reports while it runs.
options     The options of transfers, and which AWS.
planning    `plan`: what a job would take.
results     The types of what calls return.
state_home  Where a user's records outlive a run.
transfers   `upload` and `download`.

doctor/     The checks of `diagnose`.
inprocess/  The pipeline on this machine, over worker processes.
remote/     Jobs in the cloud.
"""

from s3am_cloud.items import Item
from s3am_cloud_client.datasets import (
    Transfers,
    download_many,
    exists_of_one,
    is_one_item,
    is_one_object,
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
from s3am_cloud_client.planning import plan
from s3am_cloud_client.transfers import download, upload

__all__ = (
    "Aws",
    "Client",
    "DatasetOptions",
    "DownloadOptions",
    "Item",
    "Job",
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
