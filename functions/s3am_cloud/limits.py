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
# What is sent is framed with its checksum, which counts too: a few dozen bytes, and parts have whole MiB.
MAX_PART: Final = MAX_COPY_PART - MIB
MAX_OBJECT: Final = MAX_PARTS * MAX_PART  # 48.8 TiB, which S3 calls 50 TB
MAX_COPIED_OBJECT: Final = MAX_PARTS * MAX_COPY_PART
# All names and values of an object's own metadata, in UTF-8 ("Working with object metadata", user guide).
MAX_METADATA: Final = 2048
# A key, in UTF-8 ("Naming Amazon S3 objects", user guide).
MAX_KEY: Final = 1024
# A file's name, in the bytes of all common file systems.
MAX_FILE_NAME: Final = 255

# What DataSync copies ("AWS DataSync quotas", user guide).
MOST_BY_DATASYNC: Final = 5 * 10**12

# --- the planner's choices ---
# Large enough that requests cost little, small enough that a broken part repeats little.
DEFAULT_PART: Final = 64 * MIB
# What is smaller than 16 of them is cut into as many parts, so that many connections have something to do, but into
# none that is smaller than what one request is good for anyway (SMALL_OBJECT).
PARTS_TO_SHARE: Final = 16
# A copy moves no byte through us, so only the number of requests counts.
DEFAULT_COPY_PART: Final = 256 * MIB
# The most that one CopyObject takes ("up to 5 GB", which S3 counts in powers of 1024).
MAX_COPY_OBJECT: Final = 5 * GIB
# Up to here one PutObject does what create, part and complete would do in three requests.
SMALL_OBJECT: Final = 16 * MIB
# Of a dataset, one PutObject does it up to here: more than one connection would not make it faster, as other items have
# connections as well.
MAX_WHOLE_OBJECT: Final = 128 * MIB
# One GET fetches an object of a dataset up to here. When it breaks it begins anew, so what is larger is fetched in
# ranges, which are resumed.
MAX_WHOLE_FILE: Final = 16 * MIB
# A unit is one Lambda invocation: long beside its start-up of under a second, short beside its 15 minutes.
UNIT_SECONDS: Final = 45
# What one Lambda environment moves, whatever its memory size (600 Mbit/s).
LAMBDA_BYTES_PER_SECOND: Final = 75 * 10**6
# What S3 copies for one UploadPartCopy, roughly: no byte of it passes through Lambda.
COPY_BYTES_PER_SECOND: Final = 100 * 10**6
# Writes a second that S3 takes below one prefix before it answers 503 SlowDown.
S3_WRITES_PER_SECOND: Final = 3500
# No part is answered sooner than after this, however small it is: with the line above, 1,050 parts in flight.
PART_ANSWER_SECONDS: Final = 0.3
# The most parts that ListParts lists in one answer.
LIST_PAGE: Final = 1000
# A source's rate is measured over its first bytes: up to this size, or for this time.
SAMPLE_BYTES: Final = 8 * MIB
SAMPLE_SECONDS: Final = 1.0
# A smaller source is moved in time at any realistic rate (80 kB/s).
WORTH_A_SAMPLE: Final = 64 * MIB
# The most connections to a host unless the user says otherwise: common FTP servers allow 4 to 10 per client.
HOST_CONNECTIONS: Final = {"ftp": 4, "ftpes": 4, "ftps": 4, "sftp": 4, "http": 64, "https": 64, "s3": 1000}
# Units of one job that run at once, with one worker's slots each.
WORKER_SLOTS: Final = 8

# A stream of unknown length begins with parts of this size, which grow by as much every so many parts: 10,000 parts
# then hold 820 GiB, and the largest, of which two are in memory, has 160 MiB.
STREAM_PART: Final = 8 * MIB
STREAM_GROWS_EVERY: Final = 500

# --- in-process transfers ---
DEFAULT_SLOTS: Final = 8
# What one machine is assumed to move, for the forecast of a transfer from it: a link of 1 Gbit/s.
LINK_BYTES_PER_SECOND: Final = 125 * 10**6
# The most connections where the user said nothing and more keep being faster: each takes a window of memory.
MOST_CONNECTIONS: Final = 32
# Below this a second worker process costs more to start (0.2 s) than it saves.
BYTES_WORTH_A_PROCESS: Final = 128 * MIB

# --- how the number of connections grows ---
# Common servers allow this number of connections, which is enough to see whether more are faster.
FIRST_CONNECTIONS: Final = 4
# Up to this number, parts begin all at once.
FEW_PARTS: Final = 8
# A doubling that gains less than a tenth is not worth what it costs the server.
WORTHWHILE_GAIN: Final = 1.1
# A rate is that of so much time; the handshakes and slow starts of new connections do not count.
RATE_SECONDS: Final = 0.5
# It also covers this number of bytes per connection: those that go to a file are counted when they are written.
RATE_BYTES: Final = 256 * KIB
SETTLE_SECONDS: Final = 0.25
# How many rates are looked at before a doubling is taken back: TCP may take a second to show what a far one gives.
TRIAL_WINDOWS: Final = 3
# Networks change: so much later more are tried again, and then after twice as long each time.
REST_SECONDS: Final = 30.0
LONGEST_REST_SECONDS: Final = 480.0

# --- the engine ---
WINDOW: Final = MIB  # bytes between a GET and its PUT, per part in flight
CURL_BUFFER: Final = 256 * KIB  # what libcurl takes from or gives to a socket at once
# What it takes for a file, where nobody pauses it: calls of the kernel that are four times as large take a tenth less
# CPU time, and all transfers of a process share one such buffer.
FILE_BUFFER: Final = MIB
# libcurl hands over 16 KiB at most (CURL_MAX_WRITE_SIZE).
CURL_CHUNK: Final = 16 * KIB
# So many of these are written by one call of the kernel.
WRITE_CHUNKS: Final = FILE_BUFFER // CURL_CHUNK
CONNECT_SECONDS: Final = 15
# So much later than that an SSH server is given up that sends lines without end where its greeting is due.
SSH_GREETING_SECONDS: Final = 0.5
STALL_SECONDS: Final = 30  # no byte for so long: the connection is given up
# How many times that an answer may take to get to its content: libcurl sees no stall where a head comes byte by byte,
# or one redirect leads to the next.
BEGIN_STALLS: Final = 1.2
# The least rate of a connection, in bytes a second over a window: below it, another connection is tried.
LEAST_RATE: Final = KIB
LEAST_RATE_SECONDS: Final = 60
# Seconds without progress, over several connections, after which a part fails: two stalls, or two slow connections.
PATIENCE_SECONDS: Final = 60
# Bytes that count as progress: what LEAST_RATE amounts to in its window. Less than that does not count as progress.
PROGRESS: Final = 64 * KIB
# How long a store may take to answer a PUT whose body it has: two of them fit into the time that a failure may take.
ANSWER_SECONDS: Final = 40
# An answer to a PUT or a copy: S3's have less than 1 KiB.
MAX_STORE_ANSWER: Final = 64 * KIB
# A copy of 5 GiB may take minutes; Lambda ends at 900 s.
COPY_ANSWER_SECONDS: Final = 870
# The slowest store copies so many bytes a second. S3 itself copies 24 MB/s for each request.
LEAST_COPY_RATE: Final = 6 * 10**6
# A control call's answer, and its second try: S3 answers in well under a second.
CALL_SECONDS: Final = 30
# CloudFormation says where a stack is, and answers in well under a second.
STACK_CONNECT_SECONDS: Final = 5
STACK_ANSWER_SECONDS: Final = 15
# An upload does without a stack where CloudFormation can't be reached: S3 may be all that a firewall lets out.
OPTIONAL_STACK_CONNECT_SECONDS: Final = 2
OPTIONAL_STACK_ANSWER_SECONDS: Final = 5
# Completing 10,000 parts may take minutes.
COMPLETE_SECONDS_PER_PART: Final = 0.05
# A page of a listing: 1,000 keys of 1 KiB, three times as long when they are URL-encoded, and what is said of each.
MAX_CONTROL_ANSWER: Final = 5 * MIB
# Of such a page's elements each has two tags. What is parsed takes a hundred bytes for each of them.
MAX_TAGS: Final = 100_000
MAX_REFUSAL: Final = 64 * KIB  # S3's have less than 1 KiB
# A million entries: this product lists nothing longer.
MAX_PAGES: Final = 1000
# Amazon's S3 shows an object at once; stores with several sites, and proxies that remember a 404, take seconds.
SEEN_SECONDS: Final = 10.0
MAX_REDIRECTS: Final = 10
# Headers of an answer, or replies of an FTP server. libcurl takes 300 KiB of headers, and any number of replies.
MAX_HEAD: Final = 256 * KIB
# Bytes that no request is interested in: the bodies of redirects and of refusals.
MAX_IGNORED: Final = 16 * MIB
# Failures in a row without progress, after which a part is given up; back-off doubles from BASE up to CAP.
ATTEMPTS: Final = 8
# Tries that a whole run may fail beyond those that its finished parts have earned: a way that is broken for good is
# given up by all parts together, not by each of a thousand in turn.
RETRY_BUDGET: Final = 100
RETRIES_EARNED_PER_PART: Final = 2
# A server that asks for a longer wait counts as unavailable; the job's own retries come later.
LONGEST_RETRY_AFTER: Final = 60
PROBE_ATTEMPTS: Final = 4  # a wrong address should be reported soon
# Refusals in a row by a server that lets no more connections in, while none of ours gets through.
OVER_CAPACITY_ATTEMPTS: Final = 12
# So many requests in a row may be denied (403) while no other is on its way, before that is not put down to their
# number.
REFUSALS_ALONE: Final = 3
# How long a look at a file's end waits for the reply that ends it: a whole file's is waited for as anything else is.
LAST_REPLY_SECONDS: Final = 10
OVER_CAPACITY_SECONDS: Final = 0.25  # what a server takes to notice that a connection is gone
BACKOFF_BASE_SECONDS: Final = 0.25
BACKOFF_CAP_SECONDS: Final = 20.0

# The worker processes of a download that was killed notice it a few times a second; until then its file is locked.
ORPHAN_SECONDS: Final = 2.0

# How long a FIFO is waited for that nobody reads from.
READER_SECONDS: Final = 30.0
# How long a FIFO that is to be uploaded is waited for that nobody writes to: a shell opens both ends at once.
WRITER_SECONDS: Final = 5.0

# --- reading in order ---
READ_AHEAD: Final = 48 * MIB  # what all buffers of a reader together hold of what is not yet wanted
MAX_PIECE: Final = 8 * MIB  # beyond this a request's own latency no longer counts
MIN_PIECE: Final = MIB
# A larger file beside a source is no list of digests.
MAX_DIGEST_FILE: Final = 4 * MIB

# --- datasets ---
# A line of a manifest, in characters: a report with a hundred files in a line has a quarter of it.
MANIFEST_LINE: Final = 64 * KIB
# A manifest of 5 million items has a comment or an option with each of them at most.
MANIFEST_LINES: Final = 10_000_000
# Names in a folder that are sorted at once, in a few MB; those of a larger folder come in such pieces.
TREE_NAMES: Final = 50_000
# A listing of as many objects as a manifest may have lines.
MAX_TREE_PAGES: Final = MANIFEST_LINES // LIST_PAGE
# Size classes of items: up to the first, an item is one PutObject from memory; up to the second, one that is streamed.
SMALL_ITEM: Final = MIB
MEDIUM_ITEM: Final = 128 * MIB
# So many items of each class begin in turn: the few large ones early, with enough small ones beside them that neither
# bandwidth nor requests are idle, and the last ones small.
WOVEN: Final = {"large": 1, "unsized": 4, "medium": 4, "small": 16}
# What SQLite keeps in memory of the list of items; twice as much makes a million of them no faster.
LIST_CACHE: Final = 16 * MIB

# Uploads whose parts are listed at once: each takes a request of its own, and S3 answers one in some 30 ms.
LISTING_THREADS: Final = 8

# --- jobs in the cloud ---
LAMBDA_SECONDS: Final = 900  # Lambda's own maximum
# The janitor's own. A sweep discards about 700 uploads in this time, and the next one, an hour later, continues.
JANITOR_RUN_SECONDS: Final = 300
# Less is left of it: no further job is looked at. Discarding one upload takes seconds at most.
SWEEP_MARGIN_SECONDS: Final = 30
# A job whose upload can't be discarded now, or that runs, is looked at again after this.
SWEEP_AGAIN_DAYS: Final = 1
# Lambda gives a vCPU for each 1,769 MiB (developer guide, "Configure Lambda function memory"): 0.29 here, 4.1 s of it
# in the 14.3 s that a GiB takes. A worker needs 1.2 to 1.4 s for a GiB with TLS on both sides, and under 90 MB
# (tests/benchmarks/lambda_cold.py); half the memory would leave it 2 s, and a slower processor none to spare.
WORKER_MEMORY_MIB: Final = 512
# A hash can't be interrupted and continued, so one invocation has to read the whole object: 60 GB.
MOST_IN_ORDER: Final = 800 * LAMBDA_BYTES_PER_SECOND
# A worker takes no part when less than this is left, and drops those in flight when less than that is.
DEADLINE_MARGIN_SECONDS: Final = 60
ABANDON_SECONDS: Final = 20
# Where workers are limited, so are invocations of the other functions, which take seconds each: a thousand events at
# once have been accepted, or reported as failed, after some minutes.
CONTROL_CONCURRENCY: Final = 20
JANITOR_CONCURRENCY: Final = 5
# Lambda leaves so much of an account's concurrency to functions that reserve none (developer guide, "Configuring
# reserved concurrency").
UNRESERVED_CONCURRENCY: Final = 100
# Below it jobs wait for each other: a copy inside S3 has 125 workers. New accounts may have 10.
SMALL_LAMBDA_QUOTA: Final = 200
JOB_KEEP_DAYS: Final = 7
# So often a transfer on somebody's machine renews its record: two small requests, against 5 such times of silence after
# which another machine takes it for dead.
BEAT_SECONDS: Final = 60
# An upload without a record that is younger may well be another tool's at work; few transfers take longer.
STRANGER_HOURS: Final = 24
# Notes expire after 30 days: a job that ran for its 14 can be kept for so many more.
MAX_KEEP_DAYS: Final = 15
# A job whose execution is not there yet is about to be started for so long, and never will be after it.
START_SECONDS: Final = 120
# How long `cancel` waits for the janitor, which an event starts.
JANITOR_SECONDS: Final = 30
# By so much the clocks of S3, of Lambda and of whoever submits a job may differ.
CLOCK_SKEW_SECONDS: Final = 60
# What a schedule has fetched is kept for so long after its last look: a year, for one that runs yearly, and a month.
RAREST_SCHEDULE_DAYS: Final = 400
LONGEST_JOB_DAYS: Final = 14  # the state machine stops itself then
# KMS Encrypt takes no more (AWS KMS API reference).
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
# Items that are handed over before they are begun: enough that no connection waits for one.
ITEMS_IN_HAND: Final = 1000
# The same for items that are transferred by themselves, a few at a time.
SINGLES_IN_HAND: Final = 32
SINGLE_LANES: Final = 8
# Whole objects on their way at once: 16 already use a link of 1 Gbit/s with objects of 1 MiB and 100 ms.
OBJECT_CONNECTIONS: Final = 32
# A run ends early after this number of failures, if they are more than half of the items finished.
FAILURES_ALLOWED: Final = 100
# Where the first items all fail in the same way, the others would too.
SAME_FAILURES: Final = 20
# Up to this number of items, each PUT shows by itself whether its object exists; for more, one listing is cheaper.
ITEMS_WITHOUT_LISTING: Final = 100
