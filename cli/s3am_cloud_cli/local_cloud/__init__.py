"""The embedded cloud: the real stack on an emulator of AWS, on this machine, with no account.

    cloud = up(on_step=print)
    client = boto3.client("stepfunctions", endpoint_url=cloud.endpoint_url, ...)
    down()

The emulator is one background process that listens on 127.0.0.1 only. It holds everything in memory: what was in it
is gone after `down`. The stack gets there as it gets to AWS, by CloudFormation from the template that the CDK
synthesizes; only the functions' code is built for this machine and this Python instead of Lambda's.

audit_log        Who called what.
aws              Clients of the emulator.
build            Template and code.
cloud            up, down, current, environment, note_deployed.
deploy           Template and code onto the emulator.
failures         Errors of the embedded cloud.
function_worker  The process of one Lambda function.
gate             Who may use it: its owner alone.
serve            What the background process runs.
server           The emulator as a background process.
state            The state folder and the locks in it.
synthesize       The template and zip files, in a process of its own.

patches/  Gaps of the emulator, one module each.
"""

from __future__ import annotations

from s3am_cloud_cli.local_cloud.cloud import current, down, environment, note_deployed, up
from s3am_cloud_cli.local_cloud.failures import LocalCloudFailed
from s3am_cloud_cli.local_cloud.state import LocalCloud

__all__ = ["LocalCloud", "LocalCloudFailed", "current", "down", "environment", "note_deployed", "up"]
