"""Submitting a request from this machine: what only its user has goes with it, and secrets are sealed."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from s3am_cloud.encryption import check_encryption
from s3am_cloud.jobs.sealing import withheld
from s3am_cloud.model import TransferRequest
from s3am_cloud_client.inprocess.dry_run import check_cost, plan_ports
from s3am_cloud_client.observer import Observer
from s3am_cloud_client.options import Aws, SideKeys
from s3am_cloud_client.remote.client import Remote, Started
from s3am_cloud_client.remote.host_keys import host_keys
from s3am_cloud_client.remote.netrc_logins import with_login


def submit(
    request: TransferRequest, keys: SideKeys, aws: Aws, stack: Callable[[], Remote], observer: Observer
) -> Started:
    """What is above the request's `max_cost` is refused before a stack is looked for. Raises what `Remote.submit` does,
    TooExpensive, BadSource for an SFTP server that this user does not know."""
    check_encryption(request.attributes, customer_key=bool(keys.destination))
    known = request.host_keys or host_keys(request.source)
    request = msgspec.structs.replace(request, host_keys=known)
    shown, secrets = withheld(request, keys.destination, keys.source)
    if request.max_cost is not None:
        check_cost(request, bool(secrets), plan_ports(*aws.both_sides(request, keys)), observer)
    return stack().submit(shown, secrets)


def with_netrc(request: TransferRequest) -> TransferRequest:
    """The request with the source's login from ~/.netrc. Raises Usage."""
    return msgspec.structs.replace(request, source=with_login(request.source))
