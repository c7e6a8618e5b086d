"""Fast, parallel, verified transfer of large objects into, within and out of Amazon S3.

    source URL → probe → plan → (fetch range → upload part) for each part → complete → verify

A source is cut into byte ranges; each becomes one part of a multipart upload and moves straight from the source's
connection into S3, with the CRC64NVME of its bytes behind it. Four ideas carry this:

* S3 is the database: what has been done is what ListParts says, so a resume is the plan minus the parts there.
* Bytes never cross a step's boundary: steps exchange small values and can be repeated safely.
* The source is pinned: what identified it at the probe travels in every request, and two versions are never mixed.
* Check before commit, then ask again: parts' CRCs are combined, compared before the object is made, and after.

Two drivers tell the same story: `cloud`, task by task, for the state machine; the command's own, over processes.

    model, errors, limits, urls, checksum, digests, sse    values and rules, knowing nothing of the world
    request, events, routes, ingest_file, schemas          what asks for a transfer, and how it is written
    source_digests, digest_files, provenance, ssh_hosts    what sources say, and objects say of them
    prices, forecast, quote                                what jobs will take and cost
    ports, notices, pace, growth, local_target             the contracts with the world
    steps, expect, held, verification, origins             what is done, one verb at a time
    pipeline, download, download_stream                    the stories that drivers tell
    intake, claims, needless, refusals                     a job in the cloud: whether it is to be,
    cloud, sealed, shift, retried, tallies, counting       how it is done and what it took,
    aftermath                                              and what becomes of it when it failed or was cancelled
    adapters                                               the world: libcurl, S3, files, memory
    handlers                                               Lambda functions: decode, one call, encode
"""

__version__ = "0.1.0"
