"""Every kind of source behind one port."""

from __future__ import annotations

from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.adapters.files.local_file import FileSource, refuse_local
from s3am_cloud.model import SourceInfo
from s3am_cloud.ports.transfer import Clock, ObjectStore, Source
from s3am_cloud.urls import SourceUrl


class AnySource:
    """A `Source` that goes by the URL's scheme."""

    def __init__(self, settings: CurlSettings, store: ObjectStore, clock: Clock, tags: bool = True) -> None:
        self._settings, self._store, self._clock, self._tags = settings, store, clock, tags

    def probe(self, url: SourceUrl) -> SourceInfo:
        if not self._settings.local_files:
            refuse_local(url)
        return self._source(url.scheme).probe(url)

    def _source(self, scheme: str) -> Source:
        """Each is imported where it is used: a command starts faster without the others."""
        if scheme == "file":
            return FileSource()
        if scheme == "s3":
            from s3am_cloud.adapters.s3.source import S3Source

            return S3Source(self._store, self._tags)
        from s3am_cloud.adapters.curl.source.probe import CurlSource

        return CurlSource(self._settings, self._clock)
