"""Whether a source can be reached, and how it can be read."""

from __future__ import annotations

from urllib.parse import urlsplit

from s3am_cloud.amounts import size_text
from s3am_cloud.errors import SourceUnavailable, TransferError
from s3am_cloud.limits import MAX_PART
from s3am_cloud.model import SourceInfo
from s3am_cloud.urls import SourceUrl
from s3am_cloud_client.doctor.findings import Findings, Report
from s3am_cloud_client.doctor.ports import Site


def check_source(url: SourceUrl, site: Site) -> Findings:
    report = Report("source", url.display)
    proxy = site.proxy_of(url.url)
    try:
        info = site.source.probe(url)
    except TransferError as error:
        through = f" (through the proxy {proxy})" if proxy and isinstance(error, SourceUnavailable) else ""
        yield report.problem(f"{error.message.removeprefix(f'{url.display}: ')}{through}", error.hint)
    else:
        size = "of unknown size" if info.size is None else size_text(info.size)
        through = f", through the proxy {proxy}" if proxy else ""
        yield report.ok(f"can be read, {size}{through}")
        yield from _ranges(report, info)
        yield from _pinned(report, info)
    yield from _from_the_cloud(report, url, site)


def _ranges(report: Report, info: SourceInfo) -> Findings:
    if info.ranges:
        yield report.ok("serves byte ranges: it is read in parallel, and an interrupted transfer can be resumed")
    elif info.size is None or info.size > MAX_PART:
        yield report.warning(
            "serves no byte ranges: it is read over one connection, and too large or of unknown size for the cloud",
            "use s3am-cloud upload, or a server that answers byte ranges",
        )
    else:
        yield report.warning(
            "serves no byte ranges: it is read over one connection, from its beginning after an interruption",
            "use a server that answers byte ranges, if there is one",
        )


def _pinned(report: Report, info: SourceInfo) -> Findings:
    if info.pinned == "none":
        yield report.warning(
            "nothing identifies its version (no ETag, no date): a change during the transfer can't be noticed",
            "give its checksum with --expect sha256:HEX",
        )


def _from_the_cloud(report: Report, url: SourceUrl, site: Site) -> Findings:
    """The functions fetch from public addresses only, and through no proxy."""
    host = urlsplit(url.url).hostname
    if host is not None and site.is_public(host) is False:
        yield report.warning(
            "its address is not public: s3am-cloud upload reads it from here, jobs in the cloud can't",
            "use s3am-cloud upload",
        )
