"""Which version of a source an answer is of: what a server is asked to refuse, and what its own answer shows."""

from __future__ import annotations

from s3am_cloud.adapters.curl.transport.easy import Response
from s3am_cloud.errors import SourceChanged, TransferError
from s3am_cloud.etags import plain, quoted
from s3am_cloud.model import SourceInfo

_SEVERAL = "transfer it again, with --ranges never if it did not change but several machines serve it"


def pins(info: SourceInfo) -> dict[str, str]:
    """The request headers by which a server itself refuses another version (RFC 9110, section 13.1).

    What is fetched in one answer is one version in any case.
    """
    if not info.ranges:
        return {}
    if info.strong_etag:
        return {"If-Match": quoted(info.strong_etag)}
    if info.last_modified:
        return {"If-Unmodified-Since": info.last_modified}
    return {}


def version_error(response: Response, info: SourceInfo, name: str, stored: bool = False) -> TransferError | None:
    """Whether an answer is of the pinned version. Dates of one version may differ from machine to machine, so the date
    counts where there is no equal strong ETag."""
    hint = None if stored else _SEVERAL
    etag, date = response.header("ETag"), response.header("Last-Modified")
    if etag is not None and info.etag is not None and plain(etag) != plain(info.etag):
        return _changed(name, "ETag", etag, info.etag, hint)
    proven = etag is not None and info.strong_etag is not None
    if not proven and date is not None and info.last_modified is not None and date != info.last_modified:
        return _changed(name, "Last-Modified", date, info.last_modified, hint)
    if info.version is not None and response.header("x-amz-version-id") not in {None, info.version}:
        return SourceChanged(f"{name} answered with another version than was probed")
    return None


def unproven_error(response: Response, info: SourceInfo, name: str) -> TransferError | None:
    """For an answer whose server refuses to be held to a version: its own ETag, or date, has to show the pinned one.

    That they do not differ is for `version_error` to say.
    """
    header = "ETag" if info.strong_etag else "Last-Modified"
    if response.header(header) is None:
        return SourceChanged(f"{name} answered 412, and then without the {header} that shows its version", _SEVERAL)
    return None


def _changed(name: str, header: str, now: str, pinned: str, hint: str | None) -> SourceChanged:
    return SourceChanged(f"{name} has {header} {shown_header(now)} where it had {shown_header(pinned)}", hint)


def shown_header(value: str | None) -> str:
    """A header's value for a message: what can't be shown is escaped."""
    return "(none)" if value is None else ascii(value)[1:-1]
