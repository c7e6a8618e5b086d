"""A job in the cloud: what the state machine's functions do.

cleanup      What follows a failed or cancelled job.
dataset      Many objects in one job.
denied_buckets  What to do where S3 denies a job a bucket.
locks        One job at a time per destination; the same request joins it.
metering     Ports that count the parts that pass through.
prepared     What the state machine gets to know before its map.
recovery     What an earlier try of the same task left behind.
named_secrets  Secrets that a request names, and what they may be used for.
part_records  What a job's workers have sent.
replays      Starting a job that has ended once more.
sealing      Seals a job's secrets, and opens them in the worker alone.
secrets      What of a job is secret.
skip         When a route or a schedule need not copy anything.
sweep        Discards what nobody resumed in time.
tasks        The state machine's tasks, one function each, safe to repeat.
unit_worker  The parts of one unit that a worker moves before its time is up.
unfinished_cost  What the parts of a failed job cost until they are discarded.
successors   Ids of jobs that continue each other.
usage        What the work took: each invocation's share, and their sum.
"""
