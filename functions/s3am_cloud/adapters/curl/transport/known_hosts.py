"""Keys of SSH servers that come with a request, for libcurl, which reads them from a file."""

from __future__ import annotations

import atexit
import functools
import hashlib
import shutil
import tempfile
from pathlib import Path

import msgspec

from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.adapters.files.private_files import write_private
from s3am_cloud.ssh_hosts import lines


@functools.cache
def _folder() -> Path:
    """One for each process, as nobody else could foresee its name; it is removed at the end."""
    folder = tempfile.mkdtemp(prefix="s3am-cloud-known-hosts-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def knowing(settings: CurlSettings, url: str, keys: tuple[str, ...]) -> CurlSettings:
    """The settings by which the URL's server is known by these keys alone; as they were where there are none."""
    if not keys:
        return settings
    text = lines(url, keys)
    path = _folder() / hashlib.sha256(text.encode()).hexdigest()[:32]
    write_private(path, text.encode())
    return msgspec.structs.replace(settings, known_hosts=str(path))
