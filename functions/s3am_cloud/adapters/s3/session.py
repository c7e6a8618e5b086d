"""botocore's session, which reads what its clients are made of several times faster than by itself."""

from __future__ import annotations

import gzip
import os
import re
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from botocore.config import Config
from botocore.loaders import JSONFileLoader, Loader
from botocore.session import Session
from botocore.utils import get_environ_proxies, parse_timestamp

from s3am_cloud.adapters.proxies import check_proxy, proxy_for
from s3am_cloud.adapters.s3.authorities import trusted_authorities
from s3am_cloud.adapters.s3.bounded import bound
from s3am_cloud.adapters.s3.configuration import check_endpoint, configuring, finding_credentials

# The one that knows of all others.
DEFAULT_REGION = "us-east-1"
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z", re.ASCII)


class _Files(JSONFileLoader):
    """botocore's descriptions of services, which are megabytes: json takes four times as long to decode them."""

    def load_file(self, file_path: str) -> Any:
        """None where there is no such file; `file_path` has no suffix."""
        try:
            return msgspec.json.decode(Path(f"{file_path}.json").read_bytes())
        except OSError:
            pass
        try:
            return msgspec.json.decode(gzip.decompress(Path(f"{file_path}.json.gz").read_bytes()))
        except OSError:
            return None


class _Session(Session):
    def create_client(self, service_name: str, *arguments: Any, **options: Any) -> Any:
        """A client whose calls end. Raises Usage for settings that none can be made of."""
        with configuring(f"the settings for {service_name}"):
            client = super().create_client(service_name, *arguments, **options)
            check_endpoint(client.meta.endpoint_url)
            proxies = _other_proxies(client.meta.endpoint_url)
            if proxies is not None:
                # Only now is it known where the client goes.
                config = Config(proxies=proxies)
                options["config"] = config.merge(options["config"]) if options.get("config") else config
                client = super().create_client(service_name, *arguments, **options)
            bound(client)
            return client


def _other_proxies(url: str) -> dict[str, str] | None:
    """The proxies for a client, by the scheme, where our rule says other ones than botocore's; None where it agrees.

    botocore knows no SOCKS, so there it goes without.
    """
    scheme, wanted = urlsplit(url).scheme, proxy_for(url)
    if wanted is not None:
        check_proxy(wanted)
    if wanted is not None and wanted.startswith("socks"):
        wanted = None
    if get_environ_proxies(url).get(scheme) == wanted:
        return None
    return {} if wanted is None else {scheme: wanted}


class _Models(Loader):
    """Takes every folder of a search path for a service, where botocore looks into each of 400 for the kind of file."""

    def list_available_services(self, type_name: str) -> list[str]:
        return sorted({name for path in self.search_paths if os.path.isdir(path) for name in os.listdir(path)})


def timestamp(value: Any) -> datetime:
    """A time as services write it: botocore's own reader takes longer for S3's form than for all else in a listing.

    Raises ValueError.
    """
    if isinstance(value, str) and _ISO.fullmatch(value):
        return datetime.fromisoformat(value)
    parsed: datetime = parse_timestamp(value)
    return parsed


def new_session(profile: str | None, region: str | None = None) -> Session:
    """A session of the profile, None for the environment's own. Raises NoCredentials for one that can't be read, Usage
    for authorities that can't."""
    session = _Session(profile=profile)
    with finding_credentials():
        scoped = session.get_scoped_config()
    # AWS_REGION is what all SDKs but botocore read, and what aws-cli 2 reads first.
    found = region or os.environ.get("AWS_REGION") or session.get_config_variable("region") or DEFAULT_REGION
    session.set_config_variable("region", found)
    session.set_config_variable("ca_bundle", trusted_authorities(scoped.get("ca_bundle")))
    more = session.get_config_variable("data_path")
    paths = [os.path.expanduser(os.path.expandvars(path)) for path in more.split(os.pathsep)] if more else []
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=timestamp)
    session.register_component("data_loader", _Models(extra_search_paths=paths, file_loader=_Files()))
    return session
