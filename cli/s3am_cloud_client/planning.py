"""`plan` and `plan_many`: what a job in the cloud would take, in time and dollars."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from s3am_cloud.request import Exists
from s3am_cloud.urls import is_download
from s3am_cloud_client.inprocess.system_errors import naming_system_errors
from s3am_cloud_client.observer import Observer, SilentObserver
from s3am_cloud_client.options import DatasetOptions, PlanOptions, SideKeys, check_exists

if TYPE_CHECKING:
    from s3am_cloud_client.results import DatasetQuote, Quote

_USUAL = PlanOptions()
_USUAL_DATASET = DatasetOptions()
_SILENT = SilentObserver()


def plan(
    source: str,
    destination: str,
    *,
    exists: Exists | None = None,
    options: PlanOptions = _USUAL,
    observer: Observer = _SILENT,
) -> Quote:
    """Look at the source, and return what copying it takes in the cloud, on this machine, and with AWS DataSync.

    The plan is the one that `Client.submit` with the same options has the cloud make, and is refused where that would
    be. No stack is needed, and nothing is written anywhere. Raises NoStack for an unknown `options.stack`. From S3 to a
    local file it is what `download` takes: requests, the way out of AWS, and time.

    >>> from s3am_cloud_client import plan
    >>> quote = plan("https://host/run42.tar", "s3://bucket/planned/")
    >>> quote.state, quote.size, quote.parts
    ('transfer', 100000, 1)
    """
    if is_download(source, destination):
        return _download(source, destination, exists, options)
    from s3am_cloud.ingest.accept import refuse_secrets
    from s3am_cloud.jobs.sealing import withheld
    from s3am_cloud_client.inprocess.dry_run import plan_ports, quote
    from s3am_cloud_client.remote.client import max_workers
    from s3am_cloud_client.remote.netrc_logins import with_login

    with naming_system_errors():
        request = options.request(with_login(source) if options.netrc else source, destination, exists)
        keys = SideKeys(options.keys, options.source_keys)
        logins = options.logins.of([request.source_url])
        shown, secrets = withheld(request, keys.destination, keys.source, logins)
        refuse_secrets(shown)
        access, source_access = options.aws.both_sides(request, keys)
        most_workers = None if options.stack is None else max_workers(access, options.stack)
        ports = plan_ports(access, source_access, options.rate, most_workers, logins)
        return quote(request, bool(secrets), ports, observer)


def plan_many(
    sources: Iterable[str],
    destination: str,
    *,
    options: PlanOptions = _USUAL,
    dataset: DatasetOptions = _USUAL_DATASET,
) -> DatasetQuote:
    """List a dataset, and return what copying all of it takes in the cloud, as if nothing were at its destination.

    The items are those that `Client.submit_many` with the same options has the cloud copy. No stack is needed, and
    nothing is written anywhere. Raises TooExpensive for what is above `options.max_cost`, and what `submit_many` does.

    >>> from s3am_cloud_client import plan_many
    >>> plan_many(["s3://bucket/runs/"], "s3://bucket/planned/").items
    2
    """
    from s3am_cloud.datasets.names import place_of_items
    from s3am_cloud_client.inprocess.dataset.quoting import quote_dataset
    from s3am_cloud_client.inprocess.dataset.selected import selected
    from s3am_cloud_client.inprocess.dry_run import plan_ports
    from s3am_cloud_client.remote.client import max_workers
    from s3am_cloud_client.remote.datasets import planned_request

    texts = list(sources)
    with naming_system_errors():
        request = planned_request(texts, destination, dataset, options)
        keys = SideKeys(options.keys, options.source_keys)
        access, source_access = options.aws.both_sides(request, keys)
        most_workers = None if options.stack is None else max_workers(access, options.stack)
        logins = options.logins.of(request.source_urls)
        ports = plan_ports(access, source_access, options.rate, most_workers, logins)
        found = selected(texts, place_of_items(destination), dataset, source_access, ports)
        return quote_dataset(request, found, ports)


def _download(source: str, destination: str, exists: Exists | None, options: PlanOptions) -> Quote:
    from s3am_cloud.urls import parse_s3
    from s3am_cloud_client.inprocess.download_plan import quote_download

    check_exists(exists)
    wanted = parse_s3(source)
    with naming_system_errors():
        return quote_download(wanted, destination, exists, options)
