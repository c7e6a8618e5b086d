"""The requests of a route: where its GETs and PUTs go, and what they carry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import quote

import msgspec

from s3am_cloud.adapters.curl.source.range_request import Address
from s3am_cloud.adapters.curl.store.put import SignedPut
from s3am_cloud.adapters.s3.access import S3Access, S3Settings
from s3am_cloud.adapters.s3.attributes import encryption_headers, own_headers, tagging_headers
from s3am_cloud.adapters.s3.attributes import headers as attribute_headers
from s3am_cloud.adapters.s3.features import Attempt, Feature, Features
from s3am_cloud.adapters.s3.signer import Endpoint, Signer
from s3am_cloud.adapters.s3.store import ACL
from s3am_cloud.checksums.crc64nvme import ALGORITHM
from s3am_cloud.encryption import without_encryption
from s3am_cloud.errors import JobFailedForGood
from s3am_cloud.model import Part, PinnedSource, SourceInfo
from s3am_cloud.ports.transfer import FileSink, ObjectSink, PartSink, Sink
from s3am_cloud.urls import S3Url

_ENCODING = "Content-Encoding"
SignedCopy = Callable[[], tuple[str, dict[str, str]]]


class S3Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """An object at one end of a route: where it is, and what requests on it carry. The headers may hold a key."""

    object: S3Url
    endpoint: Endpoint
    settings: S3Settings
    headers: Mapping[str, str]
    copy_headers: Mapping[str, str]
    features: Features

    @property
    def encrypted(self) -> bool:
        return "x-amz-server-side-encryption-customer-key" in self.headers

    def __repr__(self) -> str:
        return f"S3Endpoint({self.object})"


class TransferRoute(msgspec.Struct, frozen=True, kw_only=True):
    """From where to where: all that a worker process needs to know. An end that is not in S3 is None."""

    origin: PinnedSource
    sink: Sink
    source: S3Endpoint | None
    target: S3Endpoint | None

    @property
    def is_copy(self) -> bool:
        """Whether S3 can move the bytes itself."""
        return self.source is not None and self.target is not None

    @property
    def name(self) -> str:
        """The destination, for messages."""
        return str(self.sink.path if isinstance(self.sink, FileSink) else target_of(self.sink))

    def part_name(self, part: Part) -> str:
        """What a part goes to, for messages: it is named where it is not all there is."""
        return f"part {part.number} of {self.name}" if isinstance(self.sink, PartSink) else self.name


class Signers:
    """A signer for each settings, made once: to find credentials may take a moment."""

    def __init__(self, *accesses: S3Access) -> None:
        # Of two with the same settings the first, which has been used and so has found its credentials.
        self._accesses = {access.settings: access for access in reversed(accesses)}

    def __call__(self, settings: S3Settings) -> Signer:
        """Raises NoCredentials."""
        return self._accesses.setdefault(settings, S3Access(settings)).signer

    def apart(self) -> Signers:
        """The same for a forked process. Raises NoCredentials."""
        return Signers(*(access.apart() for access in self._accesses.values()))


def route(origin: PinnedSource, sink: Sink, access: S3Access, source_access: S3Access) -> TransferRoute:
    """Raises BadDestination where a bucket on the way does not exist."""
    to = target_of(sink)
    return TransferRoute(
        origin=origin,
        sink=sink,
        source=source_endpoint(origin, source_access),
        target=_endpoint(to, access) if to is not None else None,
    )


def target_of(sink: Sink) -> S3Url | None:
    match sink:
        case PartSink(upload):
            return upload.target
        case ObjectSink(target=target):
            return target
        case FileSink():
            return None


def source_endpoint(origin: PinnedSource, access: S3Access) -> S3Endpoint | None:
    """None for a source that is not in S3. Raises BadDestination where its bucket does not exist."""
    stored = origin.source.stored
    return None if stored is None else _endpoint(stored, access)


def source_address(origin: PinnedSource, stored: S3Endpoint | None, signers: Callable[[S3Settings], Signer]) -> Address:
    """Where the origin's GETs go: its URL, or a signed request for the object, or for the version that the user named.

    No other version is named: that takes a right of its own (s3:GetObjectVersion), and If-Match pins as well.
    """
    if stored is None:
        return lambda: (origin.source.url, {})
    query = {"versionId": stored.object.version} if stored.object.version else {}
    signer = signers(stored.settings)
    return lambda: signer.sign("GET", stored.endpoint, stored.object.key, query, stored.headers)


def part_put(route: TransferRoute, signers: Signers, part: Part) -> SignedPut:
    """Where the part's PUT goes: UploadPart, or PutObject with the object's own headers."""
    target, query = _target(route), _part_query(route.sink, part)
    signer = signers(target.settings)

    def signed(headers: dict[str, str]) -> tuple[str, dict[str, str]]:
        own = object_headers(route.sink, target.features) if isinstance(route.sink, ObjectSink) else {}
        given, payload = {**headers, **target.headers, **own, **_joined(headers, own)}, headers["x-amz-content-sha256"]
        return signer.sign("PUT", target.endpoint, target.object.key, query, given, payload)

    return signed


def part_copy(route: TransferRoute, signers: Signers, part: Part) -> SignedCopy:
    """A PUT without a body by which S3 takes the part from the source itself: UploadPartCopy, or CopyObject."""
    target, query = _target(route), _part_query(route.sink, part)
    headers = {**target.headers, **_copy_source(route)}
    if isinstance(route.sink, PartSink) and part.length:
        headers["x-amz-copy-source-range"] = f"bytes={part.first}-{part.last}"
    signer = signers(target.settings)

    def signed() -> tuple[str, dict[str, str]]:
        sink = route.sink
        own = _copied_object_headers(sink, route.origin.info, target.features) if isinstance(sink, ObjectSink) else {}
        return signer.sign("PUT", target.endpoint, target.object.key, query, {**headers, **own})

    return signed


def put_attempt(route: TransferRoute) -> Attempt:
    """The features that the PUT of a body uses."""
    return Attempt(_target(route).features, _features(route.sink, "trailer"))


def copy_attempt(route: TransferRoute) -> Attempt:
    """The features that a copy inside S3 uses."""
    features = _features(route.sink, "checksum")
    tagged = isinstance(route.sink, ObjectSink) and route.sink.copied_tags
    return Attempt(_target(route).features, (*features[:1], "tags", *features[1:]) if tagged else features)


def _endpoint(target: S3Url, access: S3Access) -> S3Endpoint:
    return S3Endpoint(
        object=target,
        endpoint=access.endpoint(target.bucket),
        settings=access.settings,
        headers=access.headers(target),
        copy_headers=access.copy_headers(target),
        features=access.features(target.bucket),
    )


def _target(route: TransferRoute) -> S3Endpoint:
    if route.target is None:
        raise JobFailedForGood("a file takes no PUT")
    return route.target


def _part_query(sink: Sink, part: Part) -> dict[str, str]:
    if not isinstance(sink, PartSink):
        return {}
    return {"partNumber": str(part.number), "uploadId": sink.upload.upload_id}


def _copy_source(route: TransferRoute) -> dict[str, str]:
    source, info = route.source, route.origin.info
    if source is None:
        raise JobFailedForGood("only objects in S3 can be copied inside it")
    path = quote(f"/{source.object.bucket}/{source.object.key}", safe="/-_.~")
    version = source.object.version
    found = {"x-amz-copy-source": path + (f"?versionId={quote(version, safe='')}" if version else "")}
    # One beyond ASCII can't be signed as every store reads it.
    if info.etag and info.etag.isascii():
        found["x-amz-copy-source-if-match"] = info.etag
    return {**found, **source.copy_headers}


def _features(sink: Sink, proof: Feature) -> tuple[Feature, ...]:
    """The first is the first to be left out where a store does not say what it refuses; the condition is the last."""
    if not isinstance(sink, ObjectSink):
        return ("trailer",) if proof == "trailer" else ()
    return ("acl", proof) if sink.overwrite else ("acl", proof, "condition")


def _joined(framing: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """The encoding of the body on its way and that of the object itself, of which S3 keeps the second (API reference,
    PutObject: "Content-Encoding: aws-chunked,gzip")."""
    codings = [headers[_ENCODING] for headers in (framing, own) if _ENCODING in headers]
    return {_ENCODING: ",".join(codings)} if codings else {}


def object_headers(sink: ObjectSink, features: Features) -> dict[str, str]:
    """The object's own headers."""
    return {**_common_headers(sink, features), **attribute_headers(sink.attributes)}


def _common_headers(sink: ObjectSink, features: Features) -> dict[str, str]:
    headers: dict[str, str] = {"x-amz-acl": ACL} if features.has("acl") else {}
    # Check and commit in one request: S3 refuses (412) where the object has come to exist.
    return headers if sink.overwrite or not features.has("condition") else {**headers, "If-None-Match": "*"}


def _copied_object_headers(sink: ObjectSink, source: SourceInfo, features: Features) -> dict[str, str]:
    """S3 keeps tags and all else by itself; what is to differ has to be given whole.

    Tags that can't be read or written are replaced by none: S3 denies the copy otherwise.
    """
    headers, of_source = {**_common_headers(sink, features), **encryption_headers(sink.attributes)}, source.attributes
    if features.has("checksum"):
        headers["x-amz-checksum-algorithm"] = ALGORITHM
    untagged = sink.copied_tags and not features.has("tags")
    if sink.attributes.tags != of_source.tags or source.tags_hidden or untagged:
        headers["x-amz-tagging-directive"] = "REPLACE"
        headers |= {} if untagged else tagging_headers(sink.attributes)
    if without_encryption(sink.attributes) != msgspec.structs.replace(of_source, tags=sink.attributes.tags):
        headers |= {"x-amz-metadata-directive": "REPLACE", **own_headers(sink.attributes)}
    return headers
