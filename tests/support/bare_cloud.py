"""The embedded cloud's emulator alone, with nothing deployed on it: what a new AWS account is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Self

from s3am_cloud_cli.local_cloud import LocalCloud, aws, environment, server
from s3am_cloud_cli.local_cloud.state import Record, StateFolder

CACHE = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))
"""The user's own cache, so that what is downloaded is downloaded once."""

CACHES = {
    "XDG_CACHE_HOME": CACHE,
    # Where the CDK unpacks itself, 200 MB: below the home folder unless told otherwise.
    "JSII_RUNTIME_PACKAGE_CACHE_ROOT": f"{Path.home()}/.cache/aws/jsii/package-cache",
}
"""What a command needs of the user's environment lest it fetches and unpacks everything anew."""


class BareCloud:
    """It is known to the commands whose state folder is `state` as a running embedded cloud."""

    def __init__(self, state: Path) -> None:
        self._folder = StateFolder(state / "local")

    def __enter__(self) -> Self:
        self._folder.create()
        started = server.start(self._folder)
        self.cloud = LocalCloud(
            endpoint_url=started.endpoint_url,
            region=aws.REGION,
            access_key_id=started.access_key_id,
            secret_access_key=started.secret_access_key,
            stack="S3amCloud",
            state_machine_arn="",
            work_bucket="",
            event_bus="",
            pid=started.pid,
        )
        self._folder.write_record(Record(cloud=self.cloud, fingerprint=""))
        return self

    def __exit__(self, *_: object) -> None:
        server.stop(self._folder)
        self._folder.clear()

    def client(self, service: str) -> Any:
        return aws.client(service, self.cloud)

    def environment(self) -> dict[str, str]:
        """What points any AWS client at it."""
        return {**environment(self.cloud), **CACHES}
