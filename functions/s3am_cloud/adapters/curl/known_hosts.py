"""Keys of SSH servers that come with a request, for libcurl, which reads them from a file."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

import msgspec

from s3am_cloud.adapters.curl.easy import CurlSettings
from s3am_cloud.ssh_hosts import lines


def knowing(settings: CurlSettings, url: str, keys: tuple[str, ...]) -> CurlSettings:
    """The settings by which the URL's server is known by these keys alone; as they were where there are none."""
    if not keys:
        return settings
    text = lines(url, keys)
    path = Path(tempfile.gettempdir()) / f"s3am-cloud-known-hosts-{hashlib.sha256(text.encode()).hexdigest()[:32]}"
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)
    return msgspec.structs.replace(settings, known_hosts=str(path))
