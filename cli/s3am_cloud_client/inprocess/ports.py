"""The world as this machine sees it: every port with the adapter that a transfer in this process takes."""

from __future__ import annotations

import os
from functools import partial

import msgspec

from s3am_cloud.adapters.clock import SystemClock
from s3am_cloud.adapters.curl.reading.factory import CurlReaders
from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.adapters.curl.transport.host_gates import HostGates
from s3am_cloud.adapters.records.jobs import Folder, Jobs
from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.adapters.s3.store import S3Store
from s3am_cloud.adapters.sources import AnySource
from s3am_cloud.logins import HostLogins
from s3am_cloud.names import KNOWN_HOSTS_VARIABLE
from s3am_cloud.ports.pace import RateLimit
from s3am_cloud.ports.records import JobStore
from s3am_cloud.ports.transfer import Ports
from s3am_cloud_client.inprocess.patience import USUAL_PATIENCE, Patience
from s3am_cloud_client.inprocess.runners import running
from s3am_cloud_client.inprocess.stopping import watching
from s3am_cloud_client.inprocess.workers import ProcessMovers
from s3am_cloud_client.observer import Observer, SilentObserver
from s3am_cloud_client.state_home import state_home


class SourceReach(msgspec.Struct, frozen=True):
    """How sources are read, and how fast. Without `tags`, those of a source object are not asked for."""

    patience: Patience = USUAL_PATIENCE
    netrc: bool = False
    tags: bool = True
    rate_limit: RateLimit | None = None
    logins: HostLogins = ()
    gates: HostGates | None = None


USUAL_REACH = SourceReach()
_SILENT = SilentObserver()


def local_ports(
    access: S3Access,
    source_access: S3Access | None = None,
    reach: SourceReach = USUAL_REACH,
    jobs: JobStore | None = None,
    observer: Observer = _SILENT,
) -> Ports:
    """Job records are in the user's state folder, or where `jobs` keeps them.

    `source_access` is for source objects that are read by other settings or with another key. `observer` gets
    to know how the number of connections grows, and what a store refuses.
    """
    watch = partial(watching, observer)
    clock, source_access, curl = SystemClock(), source_access or access, curl_settings(access, reach)
    store = S3Store(access, clock, observer.note)
    return Ports(
        source=AnySource(curl, S3Store(source_access, clock, observer.note), clock, reach.tags),
        store=store,
        movers=ProcessMovers(curl, access, clock, source_access, observer),
        readers=CurlReaders(curl, source_access, clock, watch),
        target_readers=CurlReaders(curl, access, clock, watch),
        jobs=jobs or Jobs(Folder(state_home()), with_sources=False),
        clock=clock,
        is_running=lambda job: running(job, access),
        at_aws=lambda: access.at_aws,
    )


def curl_settings(access: S3Access, reach: SourceReach = USUAL_REACH) -> CurlSettings:
    known_hosts = os.environ.get(KNOWN_HOSTS_VARIABLE)
    return CurlSettings(
        ca_file=access.ca_file,
        stall_seconds=reach.patience.stall_timeout,
        least_rate=reach.patience.least_rate,
        netrc=reach.netrc,
        logins=reach.logins,
        gates=reach.gates,
        known_hosts=known_hosts,
        rate_limit=reach.rate_limit,
    )
