"""Every number once, with its reason and source.

S3's own limits are from the Amazon S3 user guide, "Amazon S3 multipart upload limits".
"""

from typing import Final

KIB: Final = 1 << 10
MIB: Final = 1 << 20
GIB: Final = 1 << 30

# --- Amazon S3 ---
MAX_PARTS: Final = 10_000
MIN_PART: Final = 5 * MIB  # the last part may be smaller
MAX_PART: Final = 5 * GIB
MAX_OBJECT: Final = MAX_PARTS * MAX_PART  # 48.8 TiB, which S3 calls 50 TB

# --- the planner's choices ---
# Large enough that requests cost little, small enough that a broken part repeats little.
DEFAULT_PART: Final = 64 * MIB
# A copy moves no byte through us, so only the number of requests counts.
DEFAULT_COPY_PART: Final = 256 * MIB
# The most that one CopyObject takes ("up to 5 GB", which S3 counts in powers of 1024).
MAX_COPY_OBJECT: Final = 5 * GIB
# Up to here one PutObject does what create, part and complete would do in three requests.
SMALL_OBJECT: Final = 16 * MIB
# A unit is one Lambda invocation: long beside its start-up of under a second, short beside its 15 minutes.
UNIT_SECONDS: Final = 45
# What one Lambda environment moves, whatever its memory size (600 Mbit/s).
LAMBDA_BYTES_PER_SECOND: Final = 75 * 10**6
# What a host bears unless the user says otherwise: common FTP servers allow 4 to 10 connections per client.
HOST_CONNECTIONS: Final = {"ftp": 4, "ftps": 4, "sftp": 4, "http": 64, "https": 64, "s3": 1000}
# Units of one job that run at once, with one worker's slots each.
WORKER_SLOTS: Final = 8

# A stream of unknown length begins with parts of this size, which grow by as much every so many parts: 10,000 parts
# then hold 820 GiB, and the largest, of which two are in memory, has 160 MiB.
STREAM_PART: Final = 8 * MIB
STREAM_GROWS_EVERY: Final = 500

# --- in-process transfers ---
DEFAULT_SLOTS: Final = 8
# Below this a second worker process costs more to start (0.2 s) than it saves.
BYTES_WORTH_A_PROCESS: Final = 128 * MIB

# --- the engine ---
WINDOW: Final = MIB  # bytes between a GET and its PUT, per part in flight
CURL_BUFFER: Final = 256 * KIB  # what libcurl hands over or takes at once
CONNECT_SECONDS: Final = 15
STALL_SECONDS: Final = 30  # no byte for so long: the connection is given up
# S3 may take minutes to answer a request whose body it has (a large copy or complete).
ANSWER_SECONDS: Final = 120
# A copy of 5 GiB may take minutes; Lambda ends at 900 s.
COPY_ANSWER_SECONDS: Final = 870
MAX_REDIRECTS: Final = 10
# Failures in a row without a byte gained, after which a part is given up; back-off doubles from BASE up to CAP.
ATTEMPTS: Final = 8
# Tries that a whole run may fail beyond those that its finished parts have earned: a way that is broken for good is
# given up by all parts together, and not by each of a thousand in its turn.
RETRY_BUDGET: Final = 100
RETRIES_EARNED_PER_PART: Final = 2
PROBE_ATTEMPTS: Final = 4  # a wrong address should not keep anybody waiting
# Refusals in a row by a server that lets no more connections in, while none of ours gets through.
CROWD_ATTEMPTS: Final = 12
CROWD_SECONDS: Final = 0.25  # what a server takes to notice that a connection is gone
BACKOFF_BASE_SECONDS: Final = 0.25
BACKOFF_CAP_SECONDS: Final = 20.0

# --- reading in order ---
READ_AHEAD: Final = 48 * MIB  # what all buffers of a reader together hold of what is not yet wanted
MAX_PIECE: Final = 8 * MIB  # beyond this a request's own latency no longer counts
MIN_PIECE: Final = MIB

# --- jobs in the cloud ---
# Lambda's own maximum is 900 s; a worker stops taking parts when less than this is left.
DEADLINE_MARGIN_SECONDS: Final = 60
JOB_KEEP_DAYS: Final = 7
LONGEST_JOB_DAYS: Final = 14  # the state machine stops itself then
POLL_SECONDS: Final = 5.0  # DescribeMapRun is throttled at about 1/s for the whole account
