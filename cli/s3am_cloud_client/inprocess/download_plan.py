"""What a download would take: its requests, the way out of AWS, and the time; nothing is written."""

from __future__ import annotations

import os

import msgspec

from s3am_cloud.adapters.machine import is_in_aws
from s3am_cloud.costs.downloads import DownloadTerms, check_download_cost, download_usage, stream_gets
from s3am_cloud.costs.quote import Quote, of_download
from s3am_cloud.errors import LocalFileExists, Usage
from s3am_cloud.limits import DEFAULT_SLOTS, MOST_CONNECTIONS
from s3am_cloud.model import Plan, SourceInfo
from s3am_cloud.request import Exists
from s3am_cloud.transfer.part_sizes import download_plan
from s3am_cloud.transfer.steps.probe import probe
from s3am_cloud.urls import S3Url, shown_path
from s3am_cloud_client.inprocess.destinations import Output, destination_of
from s3am_cloud_client.inprocess.ports import SourceReach, local_ports
from s3am_cloud_client.options import DownloadOptions, PlanOptions

# What a plan takes that a download has, or that has no meaning for either; `stack` may come from the environment.
_TAKEN = frozenset({"part_size", "download_slots", "max_cost", "keys", "requester_pays", "no_sign_request", "aws"})
_EITHER = frozenset({"rate", "stack"})


def options_of_download(options: PlanOptions) -> DownloadOptions:
    """Raises Usage for an option that only a transfer into S3 has."""
    usual = PlanOptions()
    for name in PlanOptions.__struct_fields__:
        given, default = getattr(options, name), getattr(usual, name)
        if name not in _TAKEN | _EITHER and given != default and (given or default):  # no keys may be an empty ring
            option = name.replace("_", "-")
            raise Usage(f"{option} is for transfers into S3, and this one is a download", f"leave {option} out")
    return DownloadOptions(
        part_size=options.part_size,
        download_slots=options.download_slots,
        max_cost=options.max_cost,
        keys=options.keys,
        requester_pays=options.requester_pays,
        no_sign_request=options.no_sign_request,
        aws=options.aws,
    )


def quote_download(wanted: S3Url, destination: str, exists: Exists | None, options: PlanOptions) -> Quote:
    """What `download` takes with these options. Raises what it would before it begins, TooExpensive among that."""
    own, place = options_of_download(options), destination_of(wanted, destination)
    where = place.name if isinstance(place, Output) else shown_path(place)
    if not isinstance(place, Output) and os.path.lexists(place) and exists != "overwrite":
        if exists is None:
            raise LocalFileExists(f"{place} exists")
        return Quote(state="skipped", source=str(wanted), destination=where)
    access = own.access()
    info = probe(wanted.as_source, local_ports(access, reach=SourceReach(tags=False)).source).info
    plan = _plan(info, own, isinstance(place, Output))
    terms = DownloadTerms(in_aws=is_in_aws(os.environ), at_aws=access.at_aws)
    usage = download_usage(info, plan.size, plan.count, terms)
    check_download_cost(usage, own.max_cost, info)
    connections = own.download_slots or (DEFAULT_SLOTS if isinstance(place, Output) else MOST_CONNECTIONS)
    quote = of_download(info, plan, usage, connections, options.rate)
    return msgspec.structs.replace(quote, source=str(wanted), destination=where)


def _plan(info: SourceInfo, own: DownloadOptions, in_order: bool) -> Plan:
    """What goes in order is read in pieces, by requests of their own."""
    size = info.size or 0
    if in_order:
        return Plan(size=size, part_size=-(-size // stream_gets(size)) or 1)
    return download_plan(info, own.download_slots or MOST_CONNECTIONS, own.part_size)
