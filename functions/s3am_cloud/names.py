"""Names that the stack and its clients agree on. Nothing is imported here, so that the command starts quickly."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

DEFAULT_STACK: Final = "S3amCloud"
"""Name of the stack unless the user says otherwise."""

STACK_VARIABLE: Final = "S3AM_CLOUD_STACK"
"""Environment variable that says otherwise."""

STATE_HOME_VARIABLE: Final = "S3AM_CLOUD_STATE_HOME"
"""Environment variable that names the folder of a user's records."""

KNOWN_HOSTS_VARIABLE: Final = "S3AM_CLOUD_SSH_KNOWN_HOSTS"
"""Environment variable that names the file with the keys of SSH servers."""

HOSTS_VARIABLE: Final = "S3AM_CLOUD_HOSTS_FILE"
"""Environment variable that names the file with the logins and limits of sources' servers."""

STACK_CONTEXT: Final = "stack"
"""CDK context key that says otherwise, and wins over the environment: `cdk deploy -c stack=NAME`."""

INGEST_VARIABLE: Final = "S3AM_CLOUD_INGEST"
"""Environment variable that names the file with routes and schedules."""

INGEST_CONTEXT: Final = "ingest"
"""CDK context key that names it, and wins over the environment: `cdk deploy -c ingest=FILE`."""

DESCRIPTION: Final = "s3am-cloud: fast, parallel, verified transfer of large objects into Amazon S3"
"""Of the stack, whatever its name: by it one that was never finished is known as ours."""

# Environment variables of the functions: the stack sets them, and handlers/environment.py reads them.
WORK_BUCKET_VARIABLE: Final = "S3AM_CLOUD_WORK_BUCKET"
KEY_ARN_VARIABLE: Final = "S3AM_CLOUD_KEY_ARN"
EVENT_BUS_VARIABLE: Final = "S3AM_CLOUD_EVENT_BUS"
ALLOWED_HOSTS_VARIABLE: Final = "S3AM_CLOUD_ALLOWED_HOSTS"
ACCOUNTS_VARIABLE: Final = "S3AM_CLOUD_ACCOUNTS"
GRANTS_VARIABLE: Final = "S3AM_CLOUD_GRANTS"
SERVICE_VARIABLE: Final = "POWERTOOLS_SERVICE_NAME"
LOG_LEVEL_VARIABLE: Final = "POWERTOOLS_LOG_LEVEL"
MAX_WORKERS_VARIABLE: Final = "S3AM_CLOUD_MAX_WORKERS"
PRIVATE_SOURCES_VARIABLE: Final = "S3AM_CLOUD_ALLOW_PRIVATE_SOURCES"
"""The stack never sets it: the embedded cloud does, for sources on this machine."""

# Outputs of the stack.
STATE_MACHINE_ARN: Final = "StateMachineArn"
WORK_BUCKET: Final = "WorkBucket"
EVENT_BUS: Final = "EventBus"
KEY_ARN: Final = "KeyArn"
DEAD_LETTERS: Final = "DeadLetterQueue"
WORKER_NAME: Final = "WorkerName"
CONTROL_NAME: Final = "ControlName"
JANITOR_NAME: Final = "JanitorName"
WORKER_LOG: Final = "WorkerLog"
CONTROL_LOG: Final = "ControlLog"
JANITOR_LOG: Final = "JanitorLog"
LOGS: Final = MappingProxyType({"control": CONTROL_LOG, "worker": WORKER_LOG, "janitor": JANITOR_LOG})
"""The outputs that name the functions' log groups."""

OUTPUTS: Final = (
    *(STATE_MACHINE_ARN, WORK_BUCKET, EVENT_BUS, KEY_ARN, DEAD_LETTERS, WORKER_NAME, CONTROL_NAME, JANITOR_NAME),
    *LOGS.values(),
)

# Parameters of the stack: comma-separated ARNs of buckets, in which * stands for any characters.
DESTINATION_BUCKETS: Final = "DestinationBuckets"
SOURCE_BUCKETS: Final = "SourceBuckets"
DEFAULT_PATTERN: Final = "s3am-*"
DEFAULT_BUCKETS: Final = f"arn:aws:s3:::{DEFAULT_PATTERN}"
"""In another partition than aws the stack takes the pattern as one of its own. Whoever may start a job uses the
functions' rights, so "every bucket of the account" would let them overwrite logs and deployment assets. Buckets whose
names begin with s3am- work at once; every other one has to be named."""

ALLOWED_ACCOUNTS: Final = "AllowedAccounts"
"""Parameter of the stack: comma-separated ids of other accounts whose buckets jobs may use."""

BUCKET_KEYS: Final = "BucketKeys"
"""Parameter of the stack: comma-separated ARNs of the KMS keys that buckets and secrets of jobs are encrypted with."""

SUBNETS: Final = "Subnets"
SECURITY_GROUPS: Final = "SecurityGroups"
"""Parameters of the stack: comma-separated ids of the subnets and security groups that the functions are in."""

PERMISSIONS_BOUNDARY: Final = "PermissionsBoundary"
"""Parameter of the stack: ARN of the managed policy that bounds all of its roles."""

# What these three have for nothing: checkers of templates refuse an empty value also where a condition leaves it out.
NO_SUBNETS: Final = "subnet-00000000"
NO_SECURITY_GROUPS: Final = "sg-00000000"
NO_BOUNDARY: Final = "arn:aws:iam::aws:policy/none"

ALLOWED_HOSTS: Final = "AllowedHosts"
"""Parameter of the stack: comma-separated names of the hosts that sources may be at."""

ALARM_TOPIC: Final = "AlarmTopic"
"""Parameter of the stack: ARN of the SNS topic that alarms are sent to."""

REQUEST_BUS: Final = "RequestBus"
"""Parameter of the stack: which event bus it listens to for requests, its own or the account's default one."""

MAX_WORKERS: Final = "MaxWorkers"
"""Parameter of the stack: how many workers may run at once; 0 for any number."""

RESERVE_WORKERS: Final = "ReserveWorkers"
"""Parameter of the stack: whether Lambda reserves that concurrency, which also limits all jobs together."""

ON_STACK_BUS: Final = "stack"
ON_DEFAULT_BUS: Final = "default"

# What the functions measure, and the dimensions of it.
METRICS_NAMESPACE: Final = "s3am-cloud"
BYTES_MOVED: Final = "BytesMoved"
PARTS_MOVED: Final = "PartsMoved"
RETRIES: Final = "Retries"
INVOCATIONS: Final = "Invocations"
DURATION: Final = "Duration"
FAILURES: Final = "Failures"
JOB_AGE: Final = "JobAge"
"""The age, in seconds, of a job at the end of an invocation that worked on it."""
DUPLICATES: Final = "Duplicates"
"""Requests for a job that another execution has."""
SKIPPED: Final = "Skipped"
"""Jobs of routes and schedules that had nothing to do."""
SERVICE_DIMENSION: Final = "service"  # Powertools' own name
FUNCTION_DIMENSION: Final = "function"
ERROR_DIMENSION: Final = "error"

# Outcome events on the stack's bus.
EVENT_SOURCE: Final = "s3am-cloud"
TRANSFER_SUCCEEDED: Final = "Transfer Succeeded"
TRANSFER_FAILED: Final = "Transfer Failed"
TRANSFER_CANCELLED: Final = "Transfer Cancelled"
DATASET_SUCCEEDED: Final = "Dataset Succeeded"
DATASET_PARTIAL: Final = "Dataset Partial"
DATASET_FAILED: Final = "Dataset Failed"

# Events of AWS that start jobs.
S3_SOURCE: Final = "aws.s3"
OBJECT_CREATED: Final = "Object Created"
SCHEDULER_SOURCE: Final = "aws.scheduler"

TRANSFER_REQUESTED: Final = "Transfer Requested"
"""Detail type of the events that ask for a transfer, whatever their source."""

JOBS_PREFIX: Final = "jobs/"
"""Everything about a job is in the work bucket below this prefix."""

SECRETS_PREFIX: Final = "s3am-cloud/"
"""Names of the secrets in Secrets Manager that jobs may name begin with this: the worker may read no others."""

MAP_LABEL: Final = "Transfer"
"""Label of the Distributed Map: a part of the names of its Map Runs and of their child executions."""
