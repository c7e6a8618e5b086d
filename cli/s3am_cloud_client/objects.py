"""`verify`, `verify_many`, `verify_receipt`, `provenance` and `cancel_uploads`: what is in S3 already."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from s3am_cloud_client.inprocess.system_errors import naming_system_errors
from s3am_cloud_client.observer import Meter, Observer, OnProgress, observer_of
from s3am_cloud_client.options import ObjectOptions

if TYPE_CHECKING:
    from s3am_cloud.adapters.s3.access import S3Access
    from s3am_cloud.model import ObjectInfo
    from s3am_cloud.urls import S3Url
    from s3am_cloud_client.results import Provenance, ReceiptVerified, Verified, VerifiedItem, VerifiedSummary

_USUAL = ObjectOptions()


def verify(
    source: str,
    *,
    checksum: str | None = None,
    expect: str | None = None,
    options: ObjectOptions = _USUAL,
    progress: OnProgress | None = None,
    observer: Observer | None = None,
) -> Verified:
    """Read an object in parallel ranges, and return the checksum of its content.

    `checksum` is a hash of Python's hashlib, crc64nvme, crc32c or crc32; None is md5, or the type of `expect`.
    `expect` is the checksum that the content must have, in hex or base64, such as "sha256:2c26...". Without it the
    checksum is compared with S3's own, where S3 has one of that type for the whole content; `compared_with` says so.

    Raises NotAsExpected, and ChecksumMismatch where S3's checksum differs.

    >>> from s3am_cloud_client import verify
    >>> verify("s3://bucket/genome.bam", checksum="crc64nvme").compared_with
    'stored'
    """
    from s3am_cloud.checksums import digests
    from s3am_cloud.limits import DEFAULT_SLOTS
    from s3am_cloud.transfer.verification import VerifyRequest, verify_object
    from s3am_cloud.urls import parse_s3
    from s3am_cloud_client.inprocess.ports import local_ports

    expected = digests.held_value(checksum, expect)
    request = VerifyRequest(
        source=parse_s3(source),
        algorithm=expected.algorithm if expected else digests.algorithm(checksum or digests.DEFAULT),
        connections=options.download_slots or DEFAULT_SLOTS,
        expected=expected,
        part_size=options.part_size,
    )
    with _reading(request.source, observer_of(progress, observer)) as meter:
        return verify_object(request, local_ports(options.access()), meter, meter.expect)


def verify_many(
    manifest: str,
    *,
    max_failures: int | None = None,
    options: ObjectOptions = _USUAL,
    failed_list: Path | None = None,
    observer: Observer | None = None,
) -> Verifying:
    """Compare objects with a list of checksums, such as the `checksums.txt` of a run, and return how each ended, to be
    iterated.

    `manifest` is a path, a URL, or `-` for standard input; its lines name objects: `SHA256 (s3://BUCKET/KEY) = HEX`.
    It is read and checked before this returns. An object is compared with S3's own checksum, where S3 holds one of
    that algorithm, else it is read. An object that differs or is gone stops no other. `failed_list` gets the lines of
    what was not confirmed, to be compared again. Raises BadManifest.
    """
    return Verifying(manifest, max_failures, failed_list, options, observer_of(None, observer))


class Verifying:
    """Objects that are compared with a list. Iterate it, once, for how each ended; `summary` is how all went."""

    def __init__(
        self,
        manifest: str,
        max_failures: int | None,
        failed_list: Path | None,
        options: ObjectOptions,
        observer: Observer,
    ) -> None:
        from s3am_cloud_client.inprocess.dataset.verify_run import Verifications
        from s3am_cloud_client.inprocess.ports import local_ports

        self.failed_list = failed_list
        with naming_system_errors():
            self._access = options.access()
            self._run = Verifications(manifest, max_failures, observer, local_ports(self._access))

    def __iter__(self) -> Iterator[VerifiedItem]:
        from s3am_cloud_client.inprocess.ports import local_ports

        with naming_system_errors(), ExitStack() as opened:
            failed: TextIO | None = None
            for one in self._run.run(local_ports(self._access, observer=self._run.lane_observer)):
                if one.state != "verified" and self.failed_list is not None:
                    failed = failed or opened.enter_context(_new_list(self.failed_list))
                    failed.write(one.line + "\n")
                yield one

    @property
    def summary(self) -> VerifiedSummary:
        """Of the objects that have been compared so far."""
        return self._run.summary


def _new_list(path: Path) -> TextIO:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path.open("w", encoding="utf-8", errors="surrogateescape")


def verify_receipt(
    source: str,
    *,
    options: ObjectOptions = _USUAL,
    progress: OnProgress | None = None,
    observer: Observer | None = None,
) -> ReceiptVerified:
    """Read an object again, and compare it with S3's checksum, its receipt, and the digests in its metadata.

    `compared_with` says which of them there were. Raises ChecksumMismatch: NotAsStated where the source's own digest
    differs, NotAsExpected where the digest differs that its user expected.

    >>> from s3am_cloud_client import verify_receipt
    >>> verify_receipt("s3://bucket/genome.bam").compared_with
    ('stored',)
    """
    from s3am_cloud.limits import DEFAULT_SLOTS
    from s3am_cloud.transfer import verification
    from s3am_cloud.urls import parse_s3
    from s3am_cloud_client.inprocess.ports import local_ports
    from s3am_cloud_client.inprocess.record_store import reports

    url, observer = parse_s3(source), observer_of(progress, observer)
    with _reading(url, observer) as meter:
        access, slots = options.access(), options.download_slots or DEFAULT_SLOTS
        found = reports(access, options.stack, observer)
        return verification.verify_receipt(url, slots, found, local_ports(access), meter, meter.expect)


def provenance(url: str, *, options: ObjectOptions = _USUAL, observer: Observer | None = None) -> Provenance:
    """Look up where an object came from, and how it was verified.

    The object's metadata name its source's version and the job that wrote it, whose receipt a stack keeps for 30 days.
    Without that receipt, the digests in the metadata are compared with S3's own checksums, and an object of up to
    16 MiB is read for it. Raises SourceNotFound.

    >>> from s3am_cloud_client import provenance
    >>> known = provenance("s3://bucket/genome.bam")
    >>> known.size, known.checksum_algorithm
    (100000, 'CRC64NVME')
    """
    from s3am_cloud.adapters.clock import SystemClock
    from s3am_cloud.adapters.s3.store import S3Store
    from s3am_cloud.integrity.provenance_lookup import pinned, provenance_of
    from s3am_cloud.urls import parse_s3
    from s3am_cloud_client.inprocess.record_store import reports

    target = parse_s3(url)
    with naming_system_errors():
        access = options.access()
        found = reports(access, options.stack, observer_of(None, observer))
        info = pinned(target, S3Store(access, SystemClock()))
        return provenance_of(target, info, found, partial(_digests, access))


def cancel_uploads(
    url: str, *, prefix: bool = False, options: ObjectOptions = _USUAL, observer: Observer | None = None
) -> int:
    """Discard the unfinished uploads of an object, and return how many there were.

    With `prefix`, those of all objects whose URLs begin with `url`. Raises BadDestination for a URL that names no
    object.

    >>> from s3am_cloud_client import cancel_uploads
    >>> cancel_uploads("s3://bucket/runs/", prefix=True)
    0
    """
    from s3am_cloud.errors import BadDestination
    from s3am_cloud.urls import parse_s3_target
    from s3am_cloud_client.inprocess import discarding
    from s3am_cloud_client.inprocess.ports import local_ports
    from s3am_cloud_client.inprocess.record_store import records

    target = parse_s3_target(url, key_needed=False)
    if not prefix and (not target.key or target.key.endswith("/")):
        raise BadDestination(f"{url} names no object", "name one, or use --prefix to mean all that begin so")
    with naming_system_errors():
        access = options.access()
        jobs = records(access, options.stack, observer_of(None, observer))
        return discarding.cancel_uploads(target, prefix, local_ports(access, jobs=jobs))


@contextmanager
def _reading(source: S3Url, observer: Observer) -> Iterator[Meter]:
    """The meter of an object that is only read, and the hint where it is replaced meanwhile."""
    from s3am_cloud.errors import SourceChanged

    try:
        with naming_system_errors(), observer.progress(source.key.rsplit("/", 1)[-1], 0) as meter:
            yield meter
    except SourceChanged as error:
        raise SourceChanged(error.message, "the object was replaced while it was read: try again") from error


def _digests(access: S3Access, target: S3Url, info: ObjectInfo, algorithms: Sequence[str]) -> dict[str, str]:
    from s3am_cloud.integrity.compute import digests
    from s3am_cloud.integrity.provenance_lookup import version_of
    from s3am_cloud.limits import DEFAULT_SLOTS
    from s3am_cloud.model import PinnedSource
    from s3am_cloud_client.inprocess.ports import local_ports

    pinned_source = PinnedSource(source=target.as_source, info=version_of(info))
    return digests(algorithms, local_ports(access).readers(pinned_source, DEFAULT_SLOTS, lambda count: None))
