"""Fast, parallel, verified transfer of large objects into, within and out of Amazon S3.

    source URL → probe → plan → (fetch range → upload part) for each part → complete → verify

A source is cut into byte ranges; each becomes one part of a multipart upload and moves straight from the source's
connection into S3, with the CRC64NVME of its bytes behind it. Four ideas carry this:

* S3 is the database: what has been done is what ListParts says, so a resume is the plan minus the parts there.
* Bytes never cross a step's boundary: steps exchange small values and can be repeated safely.
* The source is pinned: what identified it at the probe travels in every request, and two versions are never mixed.
* Check before commit, then ask again: parts' CRCs are combined, compared before the object is made, and after.

Two drivers call the same functions: `jobs`, task by task, for the state machine; the Python client, over processes.
Imports go down this list only:

handlers/   Lambda functions: decode, one call, encode.
ingest/     What comes in by events, routes and schedules.
jobs/       A job in the cloud.
datasets/   Many objects: items, manifests, trees, outcomes.
transfer/   One object from its source to its verdict. `transfer/pipeline.py` is the place to start reading.
integrity/  Whether the bytes are the right ones, and where they came from.
ports/      The contracts with the world.
costs/      What a job takes and costs.
checksums/  Checksums and digests.
adapters/   The world behind the ports; sees only ports, checksums and the values below.

amounts        Sizes and prices as people read them.
bucket_patterns  Which buckets the stack's parameters cover.
command_lines  Commands in hints, quoted for the shell.
concurrency    How many connections to use, where nobody said.
content_types  Content types of local files, by their names.
controls       Control characters are refused in what goes into a protocol.
decoders       JSON from outside, as values.
error_base     What all errors have in common.
encryption     Encryption with keys of S3's or KMS's, as requested.
errors         Every error by name: exit code, whether to try again, hint.
etags          ETags in one form.
events         Events that ask for a transfer.
expiry         Until when an unfinished upload is kept.
host_limits    Connections and requests a second, by host.
item_counts    How many items of a dataset ended in each way.
items          One object to copy, and where it was named.
key_rights     Rights on KMS keys that S3 says are missing.
limits         Every number once, with its reason.
logins         What a server gets besides the request: headers, a user with a password, cookies.
model          The values that flow from step to step and into a job's record.
names          Names that the stack and its clients share.
request        What somebody asks for.
same_source    Whether two URLs name one source.
schemas        JSON Schemas of requests and outcome events.
secret_names   Names behind which secrets stand.
sse            Encryption with the customer's keys (SSE-C).
ssh_hosts      Keys of SSH servers.
url_prefixes   Whether a URL is below another one.
urls           Source URLs, s3:// URLs, and what may be shown of them.
"""

__version__ = "0.1.0"
