"""Every kind of source behind one port."""

from __future__ import annotations

from s3am_cloud.adapters.curl.source.probe import CurlSource
from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.adapters.files.local_file import FileSource, refuse_local
from s3am_cloud.adapters.s3.source import S3Source
from s3am_cloud.model import SourceInfo
from s3am_cloud.ports.transfer import Clock, ObjectStore, Source
from s3am_cloud.urls import SourceUrl


class AnySource:
    """A `Source` that goes by the URL's scheme."""

    def __init__(self, settings: CurlSettings, store: ObjectStore, clock: Clock, tags: bool = True) -> None:
        self._local_files = settings.local_files
        self._network: Source = CurlSource(settings, clock)
        self._by_scheme: dict[str, Source] = {"file": FileSource(), "s3": S3Source(store, tags)}

    def probe(self, url: SourceUrl) -> SourceInfo:
        if not self._local_files:
            refuse_local(url)
        return self._by_scheme.get(url.scheme, self._network).probe(url)
