"""The embedded cloud: the real stack on an emulator of AWS, on this machine, with no account.

    cloud = up(on_step=print)
    client = boto3.client("stepfunctions", endpoint_url=cloud.endpoint_url, ...)
    down()

The emulator is one background process that listens on 127.0.0.1 only. It holds everything in memory: what was in it
is gone after `down`. The stack gets there as it gets to AWS, by CloudFormation from the template that the CDK
synthesizes; only the functions' code is built for this machine and this Python instead of Lambda's.

    cloud.py    up, down, current, environment, note_deployed
    state.py    the state folder and the locks in it
    server.py   the emulator as a background process          serve.py   what that process runs
    gate.py     who may use it: its owner alone               trail.py   who called what
    build.py    template and code                              deploy.py  both onto the emulator
    mends/      the emulator's gaps, each mended by one module
"""

from __future__ import annotations

from s3am_cloud_cli.local_cloud.cloud import current, down, environment, note_deployed, up
from s3am_cloud_cli.local_cloud.failures import LocalCloudFailed
from s3am_cloud_cli.local_cloud.state import LocalCloud

__all__ = ["LocalCloud", "LocalCloudFailed", "current", "down", "environment", "note_deployed", "up"]
