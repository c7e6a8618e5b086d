"""Submitting a request from this machine: what only its user has goes with it, and secrets are sealed."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from s3am_cloud.encryption import check_encryption
from s3am_cloud.errors import Usage
from s3am_cloud.ingest.dataset_checks import sources_of
from s3am_cloud.jobs.sealing import withheld
from s3am_cloud.logins import HostLogins
from s3am_cloud.model import TransferRequest
from s3am_cloud_client.inprocess.dry_run import check_cost, plan_ports
from s3am_cloud_client.logins import NO_LOGINS, Logins
from s3am_cloud_client.observer import Observer
from s3am_cloud_client.options import Aws, SideKeys
from s3am_cloud_client.remote.client import Remote, Started
from s3am_cloud_client.remote.host_keys import host_keys
from s3am_cloud_client.remote.netrc_logins import with_login

_NAMED = "keep the login in Secrets Manager, and name it with --secret"


class SourceSecrets(msgspec.Struct, frozen=True):
    """What has to be sealed beside a request: keys, and what the source's server gets."""

    keys: SideKeys = SideKeys()
    logins: Logins = NO_LOGINS


def submit(
    request: TransferRequest, given: SourceSecrets, aws: Aws, stack: Callable[[], Remote], observer: Observer
) -> Started:
    """What is above the request's `max_cost` is refused before a stack is looked for. Raises what `Remote.submit` does,
    TooExpensive, BadSource for an SFTP server that this user does not know, Usage for logins that can't be read."""
    keys = given.keys
    check_encryption(request.attributes, customer_key=bool(keys.destination))
    known = request.host_keys or tuple(key for url, _ in sources_of(request) for key in host_keys(url))
    request = msgspec.structs.replace(request, host_keys=known)
    request, logins = _with_secret(request, given.logins)
    shown, secrets = withheld(request, keys.destination, keys.source, logins)
    if request.max_cost is not None and request.dataset is None:  # a dataset's is known once it is listed
        ports = plan_ports(*aws.both_sides(request, keys), logins=logins)
        check_cost(request, bool(secrets), ports, observer)
    return stack().submit(shown, secrets)


def _with_secret(request: TransferRequest, logins: Logins) -> tuple[TransferRequest, HostLogins]:
    """The request with the secret that a hosts.toml names for its source, unless it has one; and what else is sent."""
    named = request.secret or logins.secret(request.source_url)
    if named and not request.secret:
        request = msgspec.structs.replace(request, secret=named)
        logins = msgspec.structs.replace(logins, hosts=None)
    return request, logins.of(request.source_urls)


def with_netrc(request: TransferRequest) -> TransferRequest:
    """The request with the source's login from ~/.netrc. Raises Usage."""
    if request.dataset is not None:
        raise Usage("netrc gives the login of one source, and these may be several", _NAMED)
    return msgspec.structs.replace(request, source=with_login(request.source))
