"""What is recorded of jobs, at AWS or in a folder.

coordination  Locks, cancellations and what schedules have fetched, as documents.
dataset_files  Items, units and results of datasets, as documents.
executions    The state machine of a stack, over boto3.
jobs          jobs/<id>/job.json, units.jsonl and report.json, in a bucket or a folder.
vault         Secrets: sealed by KMS, named in Secrets Manager.
"""
