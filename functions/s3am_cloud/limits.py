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
MAX_COPY_PART: Final = 5 * GIB  # S3's own limit, of what one request brings or copies
# The body of a part also carries its checksum, a few dozen bytes that count towards S3's limit. Parts are whole MiB.
MAX_PART: Final = MAX_COPY_PART - MIB
MAX_OBJECT: Final = MAX_PARTS * MAX_PART  # 48.8 TiB, which S3 calls 50 TB
MAX_COPIED_OBJECT: Final = MAX_PARTS * MAX_COPY_PART
# Bytes of all names and values of an object's own metadata, in UTF-8 ("Working with object metadata", user guide).
MAX_METADATA: Final = 2048
# Bytes of a key, in UTF-8 ("Naming Amazon S3 objects", user guide).
MAX_KEY: Final = 1024
# Bytes of a file's name, on all common file systems.
MAX_FILE_NAME: Final = 255

# The largest object that DataSync copies ("AWS DataSync quotas", user guide).
MOST_BY_DATASYNC: Final = 5 * 10**12

# --- the planner's choices ---
# Large enough to keep the cost of requests low, small enough that repeating a broken part is cheap.
DEFAULT_PART: Final = 64 * MIB
# An object smaller than 16 default parts is still cut into 16, so that many connections have work, but no part becomes
# smaller than SMALL_OBJECT.
PARTS_TO_SHARE: Final = 16
# S3 copies the bytes itself, so only the number of requests matters.
DEFAULT_COPY_PART: Final = 256 * MIB
# The most that one CopyObject takes ("up to 5 GB", which S3 counts in powers of 1024).
MAX_COPY_OBJECT: Final = 5 * GIB
# Up to this size one PutObject replaces three requests: create, part and complete.
SMALL_OBJECT: Final = 16 * MIB
# The same for an item of a dataset. Several connections for one item would not make the dataset faster, because the
# other items use connections, too.
MAX_WHOLE_OBJECT: Final = 128 * MIB
# Up to this size one GET downloads an item of a dataset. A broken GET starts again from the beginning, so larger
# objects are downloaded in ranges, which can be resumed.
MAX_WHOLE_FILE: Final = 16 * MIB
# Work of one unit, which is one Lambda invocation: long compared with a start-up of less than a second, short compared
# with Lambda's 15 minutes.
UNIT_SECONDS: Final = 45
# Throughput of one Lambda environment, whatever its memory size (600 Mbit/s).
LAMBDA_BYTES_PER_SECOND: Final = 75 * 10**6
# Approximate throughput of one UploadPartCopy. No byte of it passes through Lambda.
COPY_BYTES_PER_SECOND: Final = 100 * 10**6
# Writes a second that S3 takes below one prefix before it answers 503 SlowDown.
S3_WRITES_PER_SECOND: Final = 3500
# The shortest time until S3 answers a part, however small. With the limit above: 1,050 parts in flight.
PART_ANSWER_SECONDS: Final = 0.3
# The most parts that ListParts lists in one answer.
LIST_PAGE: Final = 1000
# A source's rate is measured on its first bytes, up to this size or for this time.
SAMPLE_BYTES: Final = 8 * MIB
SAMPLE_SECONDS: Final = 1.0
# A smaller source is transferred in time at any realistic rate (80 kB/s), so its rate is not measured.
WORTH_A_SAMPLE: Final = 64 * MIB
# The most connections to a host unless the user says otherwise: common FTP servers allow 4 to 10 per client.
HOST_CONNECTIONS: Final = {"ftp": 4, "ftpes": 4, "ftps": 4, "sftp": 4, "http": 64, "https": 64, "s3": 1000}
# Connections of one worker.
WORKER_SLOTS: Final = 8

# A stream of unknown length starts with parts of this size, and parts grow by this size every STREAM_GROWS_EVERY parts.
# So 10,000 parts hold 820 GiB; the largest part has 160 MiB, and two of them are in memory.
STREAM_PART: Final = 8 * MIB
STREAM_GROWS_EVERY: Final = 500

# --- in-process transfers ---
DEFAULT_SLOTS: Final = 8
# Throughput that the forecast assumes for this machine: a link of 1 Gbit/s.
LINK_BYTES_PER_SECOND: Final = 125 * 10**6
# The most connections that automatic tuning opens: each takes a window of memory.
MOST_CONNECTIONS: Final = 32
# For less than this, starting a second worker process takes longer (0.2 s) than it saves.
BYTES_WORTH_A_PROCESS: Final = 128 * MIB

# --- how the number of connections grows ---
# Common servers allow this many connections, and they suffice to see whether more are faster.
FIRST_CONNECTIONS: Final = 4
# Up to this number, all parts start at once.
FEW_PARTS: Final = 8
# Doubling the connections must raise throughput by 10 %, or it is not worth the load on the server.
WORTHWHILE_GAIN: Final = 1.1
# A rate is measured over RATE_SECONDS, after SETTLE_SECONDS for the handshakes and slow starts of new connections.
RATE_SECONDS: Final = 0.5
# It also covers at least this many bytes per connection, because bytes for a file are counted when they are written.
RATE_BYTES: Final = 256 * KIB
SETTLE_SECONDS: Final = 0.25
# Rates that are measured before a doubling is undone: TCP may need a second to reach the rate of a distant server.
TRIAL_WINDOWS: Final = 3
# Networks change, so more connections are tried again after this time, which doubles with every attempt.
REST_SECONDS: Final = 30.0
LONGEST_REST_SECONDS: Final = 480.0

# --- the engine ---
WINDOW: Final = MIB  # bytes between a GET and its PUT, per part in flight
CURL_BUFFER: Final = 256 * KIB  # what libcurl takes from or gives to a socket at once
# The same for files, which are never paused: system calls that are four times as large take 10 % less CPU time. All
# transfers of a process share one such buffer.
FILE_BUFFER: Final = MIB
# libcurl hands over 16 KiB at most (CURL_MAX_WRITE_SIZE).
CURL_CHUNK: Final = 16 * KIB
# Chunks that one system call writes.
WRITE_CHUNKS: Final = FILE_BUFFER // CURL_CHUNK
# --limit-rate: a file is read in pieces of this size at most, each of which waits for its turn.
LIMITED_CHUNK: Final = 64 * KIB
# How often those that wait are looked at: seldom enough that it costs nothing, and often enough for a smooth rate.
LIMITED_SECONDS: Final = 0.01
# What was not used stays allowed for so long, so that a moment's delay does not lower the rate; over 10 s it raises
# the rate by 4 % at most.
UNUSED_SECONDS: Final = 0.4
# Fewer connections are used where each would get less than this a second.
CONNECTION_RATE: Final = 16 * KIB
# The least limit: below LEAST_RATE a single connection would be dropped as too slow.
LEAST_LIMIT: Final = KIB
CONNECT_SECONDS: Final = 15
# Added to CONNECT_SECONDS before s3am-cloud drops an SSH server that sends endless lines instead of a greeting.
SSH_GREETING_SECONDS: Final = 0.5
STALL_SECONDS: Final = 30  # a connection without a byte for this long is dropped
# Multiple of STALL_SECONDS until the content of an answer must begin: libcurl sees no stall where headers arrive byte
# by byte, or where one redirect leads to the next.
BEGIN_STALLS: Final = 1.2
# The least rate of a connection, in bytes a second over a window: below it, another connection is tried.
LEAST_RATE: Final = KIB
LEAST_RATE_SECONDS: Final = 60
# A part fails after this many seconds without progress, over several connections: two stalls, or two slow connections.
PATIENCE_SECONDS: Final = 60
# Fewer bytes do not count as progress: this is LEAST_RATE over its window, rounded up.
PROGRESS: Final = 64 * KIB
# How long a store may take to answer a PUT after it has the body. Two of these fit into the time a failure may take.
ANSWER_SECONDS: Final = 40
# Bytes of an answer to a PUT or a copy. S3's have less than 1 KiB.
MAX_STORE_ANSWER: Final = 64 * KIB
# A copy of 5 GiB may take minutes. Lambda stops at 900 s.
COPY_ANSWER_SECONDS: Final = 870
# The slowest rate of a store's own copy. S3 copies 24 MB/s per request.
LEAST_COPY_RATE: Final = 6 * 10**6
# Time for a control call including its second try. S3 answers in well under a second.
CALL_SECONDS: Final = 30
# Time to look up a stack. CloudFormation answers in well under a second.
STACK_CONNECT_SECONDS: Final = 5
STACK_ANSWER_SECONDS: Final = 15
# The same for an upload, which works without a stack: a firewall may let only S3 through.
OPTIONAL_STACK_CONNECT_SECONDS: Final = 2
OPTIONAL_STACK_ANSWER_SECONDS: Final = 5
# Completing 10,000 parts may take minutes.
COMPLETE_SECONDS_PER_PART: Final = 0.05
# Bytes of a page of a listing: 1,000 keys of 1 KiB, three times as long when URL-encoded, with their attributes.
MAX_CONTROL_ANSWER: Final = 5 * MIB
# XML tags of such a page, two for each element. Parsed, each takes about 100 bytes.
MAX_TAGS: Final = 100_000
MAX_REFUSAL: Final = 64 * KIB  # S3's have less than 1 KiB
# Pages of a listing other than a tree: a million entries.
MAX_PAGES: Final = 1000
# Time until a new object must be visible. S3 shows it at once; stores with several sites, and proxies that cache a 404,
# take seconds.
SEEN_SECONDS: Final = 10.0
MAX_REDIRECTS: Final = 10
# Bytes of an answer's headers, or of an FTP server's replies. libcurl itself takes 300 KiB of headers, and any number
# of replies.
MAX_HEAD: Final = 256 * KIB
# Bytes that are read and ignored: the bodies of redirects and error answers.
MAX_IGNORED: Final = 16 * MIB
# A part fails after this many attempts in a row without progress. The back-off doubles from BACKOFF_BASE_SECONDS to
# BACKOFF_CAP_SECONDS.
ATTEMPTS: Final = 8
# Failed attempts that a whole run may have, plus RETRIES_EARNED_PER_PART for each finished part. So a connection that
# is broken for good fails the run, instead of each of a thousand parts in turn.
RETRY_BUDGET: Final = 100
RETRIES_EARNED_PER_PART: Final = 2
# A server that asks for a longer wait counts as unavailable. The job's own retries come later.
LONGEST_RETRY_AFTER: Final = 60
PROBE_ATTEMPTS: Final = 4  # few, so that a wrong address is reported soon
# Attempts to reach a server that accepts no more connections, while none of ours is open.
OVER_CAPACITY_ATTEMPTS: Final = 12
# After this many denied requests (403) in a row with no other in flight, the number of connections is not the cause.
REFUSALS_ALONE: Final = 3
# Time to wait for an FTP server's last reply after reading the end of a file.
LAST_REPLY_SECONDS: Final = 10
OVER_CAPACITY_SECONDS: Final = 0.25  # time until a server notices that a connection is closed
BACKOFF_BASE_SECONDS: Final = 0.25
BACKOFF_CAP_SECONDS: Final = 20.0

# When a download is killed, its worker processes notice within this time. Until then the file is locked.
ORPHAN_SECONDS: Final = 2.0

# Time to wait until somebody reads from a FIFO.
READER_SECONDS: Final = 30.0
# Time to wait until somebody writes to a FIFO that is uploaded. A shell opens both ends at once.
WRITER_SECONDS: Final = 5.0

# --- reading in order ---
READ_AHEAD: Final = 48 * MIB  # all buffers of a reader together
MAX_PIECE: Final = 8 * MIB  # for larger ones the latency of a request is negligible
MIN_PIECE: Final = MIB
# A larger file beside a source is not read as a list of digests.
MAX_DIGEST_FILE: Final = 4 * MIB

# --- datasets ---
# Characters of a line of a manifest. A report with a hundred files in one line has a quarter of this.
MANIFEST_LINE: Final = 64 * KIB
# Enough for 5 million items with a line of comments or options each.
MANIFEST_LINES: Final = 10_000_000
# Names of a folder that are sorted at once, in a few MB. A larger folder is read in pieces of this length.
TREE_NAMES: Final = 50_000
# Pages of a tree's listing: as many objects as a manifest may have lines.
MAX_TREE_PAGES: Final = MANIFEST_LINES // LIST_PAGE
# Size classes of items: small ones are put from memory, medium ones are streamed in one PutObject.
SMALL_ITEM: Final = MIB
MEDIUM_ITEM: Final = 128 * MIB
# Items of each class that start in turn. The few large ones start early, with enough small ones beside them to use both
# bandwidth and requests, and the last items are small.
WOVEN: Final = {"large": 1, "unsized": 4, "medium": 4, "small": 16}
# Up to here one worker transfers a whole item, in about a unit's time. A larger one is transferred by several workers.
MAX_UNIT_ITEM: Final = 4 * GIB
# What each item of a dataset costs a worker besides its bytes: 4,500 small ones are a unit. A worker that has
# WORKER_PUTS_PER_SECOND is three times as fast, which leaves room for slow sources.
ITEM_SECONDS: Final = 0.01
# What it takes to look at a large item's source and to open its upload: a few requests, one after the other.
OPENING_SECONDS: Final = 1.0
# Puts a second of one worker at its best: 12 of them are all that S3 takes below one prefix.
WORKER_PUTS_PER_SECOND: Final = 290
# Shorter units would spend much of their time on starting up.
LEAST_UNIT_SECONDS: Final = 10
# Units are cut to this much work.
MARK_SECONDS: Final = 2.0
# What an item of unknown size is taken for: a worker without time returns the rest of its unit.
UNSIZED_BYTES: Final = MIB
# S3 copies about 24 MB/s for each request (public reports: 12.1 GB/s over 506 of them), so a worker has many.
WORKER_COPIES: Final = 64
# Bytes of one file of items, and of all files together that Prepare fills at a time.
ITEM_FILE: Final = 8 * MIB
# A file with items that were rejected or left out.
MOST_RESULTS: Final = 5000
# A dataset's notes on existing objects, before they are put aside.
NOTED_AT_ONCE: Final = 20_000
# A dataset is prepared in turns of one invocation each, which end when less than this is left.
PREPARE_MARGIN_SECONDS: Final = 120
# How often what was not copied is tried: what fails three times, minutes apart, fails for other reasons than chance.
DATASET_ROUNDS: Final = 3
# The files of the items of a later round have numbers from this on, times the round: a first round has fewer files.
FILES_OF_A_ROUND: Final = 10_000
# Items of a later round in a file: with a KiB for each, as many as ITEM_FILE has.
ITEMS_IN_A_FILE: Final = 8000
# A dataset's own files are written in parts of this size: the report of five million items has about 60 of them.
WRITTEN_PART: Final = 8 * MIB
# Memory of SQLite for the list of items. Twice as much makes a list of a million no faster.
LIST_CACHE: Final = 16 * MIB

# Uploads whose parts are listed at the same time, one request each. S3 answers in about 30 ms.
LISTING_THREADS: Final = 8

# --- jobs in the cloud ---
LAMBDA_SECONDS: Final = 900  # Lambda's own maximum
# The janitor's limit. A sweep discards about 700 uploads in this time; the next one, an hour later, continues.
JANITOR_RUN_SECONDS: Final = 300
# With less time left, the sweep looks at no further job. Discarding one upload takes seconds at most.
SWEEP_MARGIN_SECONDS: Final = 30
# When to look again at a job that is running, or whose upload can't be discarded now.
SWEEP_AGAIN_DAYS: Final = 1
# Lambda gives a vCPU for each 1,769 MiB (developer guide, "Configure Lambda function memory"): 0.29 here, 4.1 s of it
# in the 14.3 s that a GiB takes. A worker needs 1.2 to 1.4 s for a GiB with TLS on both sides, and under 90 MB
# (tests/benchmarks/lambda_cold.py); half the memory would leave it 2 s, and a slower processor none to spare.
WORKER_MEMORY_MIB: Final = 512
# A digest can't be interrupted and continued, so one invocation must read the whole object: at most 60 GB.
MOST_IN_ORDER: Final = 800 * LAMBDA_BYTES_PER_SECOND
# With less time left, a worker starts no part; with less than ABANDON_SECONDS left, it drops those in flight.
DEADLINE_MARGIN_SECONDS: Final = 60
ABANDON_SECONDS: Final = 20
# How often a worker with many items looks whether their job was cancelled, by a GET each time.
CANCEL_LOOK_SECONDS: Final = 5.0
# Reserved concurrency of the other functions, where that of workers is reserved. Invocations take seconds, so a
# thousand events at once are accepted, or reported as failed, within minutes.
CONTROL_CONCURRENCY: Final = 20
JANITOR_CONCURRENCY: Final = 5
# Lambda leaves so much of an account's concurrency to functions that reserve none (developer guide, "Configuring
# reserved concurrency").
UNRESERVED_CONCURRENCY: Final = 100
# With a smaller quota jobs wait for each other: a copy inside S3 uses 125 workers. New accounts may have 10.
SMALL_LAMBDA_QUOTA: Final = 200
JOB_KEEP_DAYS: Final = 7
# How often a transfer on a user's machine renews its record, with two small requests. After five times this long
# without renewal, other machines treat it as dead.
BEAT_SECONDS: Final = 60
# A younger upload without a record may belong to another tool that is still running. Few transfers take longer.
STRANGER_HOURS: Final = 24
# Records expire after 30 days, and a job may run for 14 of them.
MAX_KEEP_DAYS: Final = 15
# Time until the execution of a new job must have started. After that it never will.
START_SECONDS: Final = 120
# How long `cancel` waits for the janitor, which an event starts.
JANITOR_SECONDS: Final = 30
# Allowed difference between the clocks of S3, Lambda and the machine that submits a job.
CLOCK_SKEW_SECONDS: Final = 60
# How long the record of a schedule's last fetch is kept: a year, for schedules that run yearly, and a month.
RAREST_SCHEDULE_DAYS: Final = 400
LONGEST_JOB_DAYS: Final = 14  # the state machine stops itself then
# A file with a header, a token or a browser's cookies; a profile of years has some hundred KB of them.
MAX_LOGIN_BYTES: Final = 4 * MIB
# Bytes that KMS Encrypt takes (AWS KMS API reference).
KMS_PLAINTEXT: Final = 4096
# Bytes of the grants of named secrets: Lambda takes 4 KB of environment variables, and the others are short.
MOST_GRANTS: Final = 2500
# Characters of all inline policies of a role, white space not counted (IAM user guide, "IAM and AWS STS quotas").
MAX_ROLE_POLICIES: Final = 10_240
# The longest pause between looks at a job. DescribeExecution has 10 calls a second for the account in most regions
# (Step Functions developer guide, "Quotas"): so 100 watchers take two thirds of it.
POLL_SECONDS: Final = 15.0
# A call that AWS throttles for longer than this was not delayed by others' bursts.
THROTTLED_SECONDS: Final = 600.0

# --- datasets on one machine ---
# Items that are queued before they start: enough that no connection waits.
ITEMS_IN_HAND: Final = 1000
# The same for items that take more than one request, SINGLE_LANES at a time.
SINGLES_IN_HAND: Final = 32
SINGLE_LANES: Final = 8
# Slow hosts that may be used at a time without delaying items of other hosts, and items that are queued for that.
HOSTS_AT_ONCE: Final = 3
SINGLES_QUEUED: Final = 1000
# The least and the longest pause of all requests to a server that was too busy for one, where it names none itself.
HOST_BACKOFF_SECONDS: Final = 0.5
HOST_BACKOFF_CAP_SECONDS: Final = 8.0
# How often a request asks whether one of its host's connections is free.
GATE_SECONDS: Final = 0.05
# Whole objects in flight. With objects of 1 MiB and a latency of 100 ms, 16 already fill a link of 1 Gbit/s.
OBJECT_CONNECTIONS: Final = 32
# A run ends early after this number of failures, if they are more than half of the items finished.
FAILURES_ALLOWED: Final = 100
# If this many items fail in the same way before any succeeds, the rest would, too: the run ends.
SAME_FAILURES: Final = 20
# Up to this many items, each PUT shows whether its object exists. For more, one listing is cheaper.
ITEMS_WITHOUT_LISTING: Final = 100
# HEADs on their way at once: each is one small answer, and waits for the network most of its time.
LOOK_CONNECTIONS: Final = 64
