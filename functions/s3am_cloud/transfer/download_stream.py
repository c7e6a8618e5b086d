"""The story of a download to an output that takes bytes in order: nothing can be taken back, so the end is the proof.

probe → read the pinned version in order → compare the whole's CRC with the object's
"""

from __future__ import annotations

from collections.abc import Callable

from s3am_cloud.checksums.crc64nvme import ALGORITHM, EMPTY, encode, update
from s3am_cloud.costs.downloads import check_download_cost, download_usage, stream_gets, with_download_cost
from s3am_cloud.errors import SourceChanged
from s3am_cloud.limits import DEFAULT_SLOTS
from s3am_cloud.model import Receipt
from s3am_cloud.ports.transfer import Ports, Progress
from s3am_cloud.transfer.download import DownloadRequest, check_arrived
from s3am_cloud.transfer.steps.probe import probe

Write = Callable[[memoryview], None]


def download_stream(
    request: DownloadRequest, name: str, write: Write, ports: Ports, progress: Progress, on_size: Callable[[int], None]
) -> Receipt:
    """Writes the object, in order, and returns when all of it is written and matches the store's checksum.

    Raises TooExpensive before it begins, ChecksumMismatch and SourceChanged where what was written must not be used,
    what `OrderedReader.read` does and what `write` does.
    """
    started = ports.clock.now()
    origin = probe(request.source.as_source, ports.source)
    size = origin.info.size or 0
    usage = download_usage(origin.info, size, stream_gets(size), request.terms)
    check_download_cost(usage, request.max_cost, origin.info)
    on_size(size)
    crc, count = EMPTY, 0
    for data in ports.readers(origin, request.connections or DEFAULT_SLOTS, progress, request.part_size).read():
        crc, count = update(crc, data), count + len(data)
        write(data)
    if count != size:
        raise SourceChanged(f"{request.source} sent {count:,} bytes where it has {size:,}", "download it again")
    info = check_arrived(request.source, origin, crc, ports)
    done = Receipt(
        state="succeeded",
        source=str(request.source),
        destination=name,
        size=size,
        parts=1,
        checksum_algorithm=ALGORITHM,
        checksum=encode(crc),
        proof="full-object" if info.full_object else None,
        verdict="verified-by-source" if info.full_object else "size-only",
        etag=info.etag,
        version_id=info.version_id,
        started=started.isoformat(timespec="milliseconds"),
        seconds=round((ports.clock.now() - started).total_seconds(), 3),
    )
    return with_download_cost(done, usage, request.terms)
