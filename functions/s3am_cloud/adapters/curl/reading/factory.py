"""Making readers of any origin."""

from __future__ import annotations

from s3am_cloud.adapters.curl.reading.reader import CurlReader, Watch, unwatched
from s3am_cloud.adapters.curl.source.range_request import Address
from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.adapters.files.file_reader import FileReader
from s3am_cloud.adapters.files.local_file import refuse_local
from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.model import PinnedSource
from s3am_cloud.ports.transfer import Clock, OrderedReader, Progress
from s3am_cloud.urls import parse_s3, parse_source


class CurlReaders:
    """The `Readers` of every kind of origin; `access` is the way to those in S3, with their keys."""

    def __init__(self, settings: CurlSettings, access: S3Access, clock: Clock, watch: Watch = unwatched) -> None:
        self._settings, self._access, self._clock, self._watch = settings, access, clock, watch

    def __call__(
        self, origin: PinnedSource, slots: int, progress: Progress, part_size: int | None = None
    ) -> OrderedReader:
        if not self._settings.local_files:
            refuse_local(parse_source(origin.url))
        if parse_source(origin.url).scheme == "file":
            return FileReader(origin, progress)
        address = _address(origin, self._access)
        return CurlReader(
            origin, address, self._settings, slots, progress, self._clock, part_size=part_size, watch=self._watch
        )


def _address(origin: PinnedSource, access: S3Access) -> Address:
    """Where the origin's GETs go: its URL, or a signed request for exactly its version."""
    source = parse_source(origin.url)
    if source.scheme != "s3":
        return lambda: (source.url, {})
    target, version = parse_s3(source.url), origin.info.version
    endpoint, query = access.endpoint(target.bucket), {"versionId": version} if version else {}
    headers = {"x-amz-content-sha256": "UNSIGNED-PAYLOAD", **access.headers(target)}
    return lambda: access.signer.sign("GET", endpoint, target.key, query, headers)
