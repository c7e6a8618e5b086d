"""The keys by which this user knows an SSH server, for a job that reads from it elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

from s3am_cloud.errors import BadSource
from s3am_cloud.names import KNOWN_HOSTS_VARIABLE
from s3am_cloud.ssh_hosts import host_of, keys_in
from s3am_cloud.urls import parse_source
from s3am_cloud_client.state_home import user_file


def host_keys(url: str) -> tuple[str, ...]:
    """None for what is no SFTP. Raises BadSource for a server that the user does not know."""
    if url.startswith("s3://"):
        return ()  # a whole bucket, as a dataset has it, is no source of its own
    source = parse_source(url)
    if source.scheme != "sftp":
        return ()
    path = Path(os.environ.get(KNOWN_HOSTS_VARIABLE) or user_file(".ssh/known_hosts") or "~/.ssh/known_hosts")
    try:
        found = keys_in(path.read_text(encoding="utf-8", errors="replace"), source.url)
    except OSError:
        found = ()
    if not found:
        raise BadSource(
            f"{source.display}: {host_of(source.url)} is not in {path}",
            "connect with ssh or sftp once and compare the key's fingerprint: its key goes with the job",
        )
    return found
