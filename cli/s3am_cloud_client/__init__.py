"""The Python client: transfers on this machine, and jobs in the cloud.

jobs        `Client` and `Job`: transfers in the cloud.
observer    What a transfer reports while it runs.
options     The options of transfers, and which AWS.
state_home  Where a user's records outlive a run.
transfers   `upload` and `download`.

inprocess/  The pipeline on this machine, over worker processes.
remote/     Jobs in the cloud.
"""

from s3am_cloud_client.inprocess.patience import Patience
from s3am_cloud_client.jobs import Client, Job, OnStatus
from s3am_cloud_client.observer import Observer, OnProgress, SilentObserver
from s3am_cloud_client.options import Aws, DownloadOptions, Options, SideKeys, SubmitOptions, UploadOptions
from s3am_cloud_client.transfers import download, upload

__all__ = (
    "Aws",
    "Client",
    "DownloadOptions",
    "Job",
    "Observer",
    "OnProgress",
    "OnStatus",
    "Options",
    "Patience",
    "SideKeys",
    "SilentObserver",
    "SubmitOptions",
    "UploadOptions",
    "download",
    "upload",
)
