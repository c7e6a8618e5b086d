"""botocore's session, which reads what its clients are made of several times faster than by itself."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any

import msgspec
from botocore.loaders import JSONFileLoader, Loader
from botocore.session import Session


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


class _Models(Loader):
    """Takes every folder of a search path for a service, where botocore looks into each of 400 for the kind of file."""

    def list_available_services(self, type_name: str) -> list[str]:
        return sorted({name for path in self.search_paths if os.path.isdir(path) for name in os.listdir(path)})


def new_session(profile: str | None) -> Session:
    """A session of the profile, None for the environment's own."""
    session = Session(profile=profile)
    more = session.get_config_variable("data_path")
    paths = [os.path.expanduser(os.path.expandvars(path)) for path in more.split(os.pathsep)] if more else []
    session.register_component("data_loader", _Models(extra_search_paths=paths, file_loader=_Files()))
    return session
