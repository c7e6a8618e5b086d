"""The types of what calls return, for annotations. They are not loaded with the package: they take time."""

from s3am_cloud.costs.quote import Basis, Cloud, DataSync, InProcess, Quote, Where
from s3am_cloud.datasets.outcomes import Failures, Outcome, Summary
from s3am_cloud.integrity.provenance_lookup import Provenance
from s3am_cloud.item_counts import Counts
from s3am_cloud.model import Receipt
from s3am_cloud.transfer.verification import ReceiptVerified, Verified
from s3am_cloud_client.doctor.findings import Diagnosis, Finding
from s3am_cloud_client.inprocess.dataset.preview import Planned
from s3am_cloud_client.inprocess.dataset.quoting import DatasetQuote
from s3am_cloud_client.inprocess.dataset.verify_run import VerifiedCounts, VerifiedItem, VerifiedSummary
from s3am_cloud_client.inprocess.listings import StoredObject, UnfinishedUpload
from s3am_cloud_client.remote.cancel import Cancelled
from s3am_cloud_client.remote.dead_letters import FailedEvent, FailedEvents
from s3am_cloud_client.remote.logs import LogLine
from s3am_cloud_client.remote.status import JobLine, JobStatus

__all__ = (
    "Basis",
    "Cancelled",
    "Cloud",
    "Counts",
    "DataSync",
    "DatasetQuote",
    "Diagnosis",
    "FailedEvent",
    "FailedEvents",
    "Failures",
    "Finding",
    "InProcess",
    "JobLine",
    "JobStatus",
    "LogLine",
    "Outcome",
    "Planned",
    "Provenance",
    "Quote",
    "Receipt",
    "ReceiptVerified",
    "StoredObject",
    "Summary",
    "UnfinishedUpload",
    "Verified",
    "VerifiedCounts",
    "VerifiedItem",
    "VerifiedSummary",
    "Where",
)
