"""Where an object came from, in its own metadata, and what is certain of every object that carries them.

They are written when the object is begun, before anybody knows how that ends. So they hold what the content was said to
be (`-source-digest`, `-expected`), to be compared with S3's own checksums, and the verdict that every way to finish the
object implies (`-verdict`); `-object`, a digest of URL and size, shows that they are on the object they were made for.

The names are for other programs to look for, `s3am-cloud-job` above all. None of the values is secret: a URL stands in
its displayable form. What the user gives as metadata is never changed or left out for it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from urllib.parse import quote

import msgspec

from s3am_cloud import __version__
from s3am_cloud.checksums.digests import parse_expect
from s3am_cloud.checksums.published import strongest
from s3am_cloud.content_types import guessed_type
from s3am_cloud.limits import MAX_METADATA
from s3am_cloud.model import Attributes, Job, ObjectInfo, SourceInfo, TransferRequest, Verdict
from s3am_cloud.urls import S3Url, SourceUrl

PREFIX = "s3am-cloud-"
JOB = PREFIX + "job"
SOURCE = PREFIX + "source"
SOURCE_VERSION = PREFIX + "source-version"
SOURCE_DIGEST = PREFIX + "source-digest"
EXPECTED = PREFIX + "expected"
VERDICT = PREFIX + "verdict"
OBJECT = PREFIX + "object"
TOOL = PREFIX + "version"
# In the order in which they go where there is no room for all.
_NAMES = (JOB, SOURCE, SOURCE_VERSION, SOURCE_DIGEST, EXPECTED, VERDICT, OBJECT, TOOL)
_MARK_DIGITS = 16
_READABLE = "/:?=&%+,;@!$'()*~[] \""
# A piece of a URL that is shorter says nothing, and "..." takes three characters of it.
_SHORTEST = 24
_CUT_ESCAPE = re.compile(r"%[0-9A-Fa-f]?$")


def written(job: Job) -> Attributes:
    """What a job's object carries: what the user gave, else the source's own, and where it came from."""
    return Provenance(job.id, job.request).of(job.source, job.target, job.info)


class Provenance:
    """The same for many objects: all that one request makes, or one run."""

    def __init__(self, job: str, request: TransferRequest) -> None:
        """`request` counts for what it gives all objects alike. Raises what `parse_expect` does."""
        self._request = request
        self._expected = str(parse_expect(request.expect)) if request.expect else ""
        self._job = job

    def of(self, source: SourceUrl, target: S3Url, info: SourceInfo | None) -> Attributes:
        info = info or SourceInfo(size=None, ranges=False)
        found = self._request.attributes.over(info.attributes)
        if found.content_type is None and source.scheme == "file" and not info.once:
            # Not found by the probe: another name of the same file is no other version of it.
            found = msgspec.structs.replace(found, content_type=guessed_type(source.url))
        given = found.metadata
        if info.attributes.metadata:
            given = {name: value for name, value in given.items() if not self._is_old(name)}
        ours = _fitting(self._facts(source, target, info), given) if self._request.provenance else {}
        return msgspec.structs.replace(found, metadata={**ours, **given})

    def _is_old(self, name: str) -> bool:
        """Whether this is where the source object itself came from, and not what the user says of this one."""
        return name.lower() in _NAMES and name not in self._request.attributes.metadata

    def _facts(self, source: SourceUrl, target: S3Url, info: SourceInfo) -> dict[str, str]:
        # Where another statement of the source could not be read, this one alone shows too little.
        digest = strongest(info.claims) if info.claims and not info.unread_digest_files else None
        return {
            # An upload that is resumed keeps what it was begun with, so its job is the first one.
            JOB: self._job,
            VERDICT: _promised(source, info),
            OBJECT: mark(target, info.size),
            TOOL: __version__,
            SOURCE_VERSION: plain(version_text(info)),
            SOURCE_DIGEST: str(digest) if digest else "",
            EXPECTED: self._expected,
            SOURCE: plain(source.display),
        }


def metadata_of(info: ObjectInfo) -> dict[str, str]:
    """The object's own metadata, by their names in lower case."""
    return {name.lower(): value for name, value in info.attributes.metadata.items()}


def mark(target: S3Url, size: int | None) -> str:
    """A digest that only the object has that the metadata were made for, and none that they were copied to."""
    return hashlib.sha256(f"{target} {'' if size is None else size}".encode()).hexdigest()[:_MARK_DIGITS]


def _promised(source: SourceUrl, info: SourceInfo) -> Verdict:
    """What is true of the object however it is finished: by this run, or by another one with other options."""
    return "size-only" if source.scheme == "s3" else info.in_transit


def version_text(info: SourceInfo) -> str:
    """What pins it, by the name of the header that has it."""
    if info.version and info.etag:
        return f"version {info.version}"
    if info.etag:
        return f"etag {info.etag}"
    if info.last_modified:
        return f"last-modified {info.last_modified}"
    return f"file {info.version}" if info.version else ""


def _fitting(facts: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """As many of the facts as S3 takes beside the user's own; the last one, the URL, may be shortened for that."""
    if not given and sum(map(len, facts)) + sum(map(len, facts.values())) <= MAX_METADATA:
        return {name: value for name, value in facts.items() if value}  # they are ASCII
    used = {name.lower() for name in given}
    room = MAX_METADATA - sum(len(f"{name}{value}".encode()) for name, value in given.items())
    found = {}
    for name, value in facts.items():
        left = room - len(name)
        short = _shortened(value, left) if name == SOURCE else value
        if short and name not in used and len(short) <= left:
            found[name], room = short, left - len(short)
    return found


def _shortened(url: str, most: int) -> str:
    return _CUT_ESCAPE.sub("", url[: most - 3]) + "..." if _SHORTEST <= most < len(url) else url


def plain(text: str) -> str:
    """ASCII, in which S3 keeps every character as it is: what is beyond it is percent-encoded."""
    return quote(text, safe=_READABLE, errors="surrogateescape")
