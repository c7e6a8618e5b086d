"""Names that the stack and its clients agree on. Nothing is imported here, so that the command starts quickly."""

from __future__ import annotations

from typing import Final

DEFAULT_STACK: Final = "S3amCloud"
"""Name of the stack unless the user says otherwise."""

STACK_VARIABLE: Final = "S3AM_CLOUD_STACK"
"""Environment variable that says otherwise."""

STACK_CONTEXT: Final = "stack"
"""CDK context key that says otherwise, and wins over the environment: `cdk deploy -c stack=NAME`."""

# Outputs of the stack.
STATE_MACHINE_ARN: Final = "StateMachineArn"
WORK_BUCKET: Final = "WorkBucket"
EVENT_BUS: Final = "EventBus"
KEY_ARN: Final = "KeyArn"
WORKER_NAME: Final = "WorkerName"
CONTROL_NAME: Final = "ControlName"
JANITOR_NAME: Final = "JanitorName"
OUTPUTS: Final = (STATE_MACHINE_ARN, WORK_BUCKET, EVENT_BUS, KEY_ARN, WORKER_NAME, CONTROL_NAME, JANITOR_NAME)

# Parameters of the stack: comma-separated ARNs of buckets, in which * stands for any characters.
DESTINATION_BUCKETS: Final = "DestinationBuckets"
SOURCE_BUCKETS: Final = "SourceBuckets"

# Outcome events on the stack's bus.
EVENT_SOURCE: Final = "s3am-cloud"
TRANSFER_SUCCEEDED: Final = "Transfer Succeeded"

JOBS_PREFIX: Final = "jobs/"
"""Everything about a job is in the work bucket below this prefix."""

MAP_LABEL: Final = "Transfer"
"""Label of the Distributed Map: a part of the names of its Map Runs and of their child executions."""
