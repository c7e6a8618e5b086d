"""The requests of a route: where its GETs and PUTs go, and what they carry."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from s3am_cloud.adapters.curl.get import Address
from s3am_cloud.adapters.curl.put import SignedPut
from s3am_cloud.adapters.s3.signer import Endpoint, Signer
from s3am_cloud.adapters.s3.store import ACL
from s3am_cloud.model import Origin, Part
from s3am_cloud.ports import FileSink, ObjectSink, PartSink, Sink
from s3am_cloud.urls import S3Url, parse_s3, parse_source


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """From where to where, with the endpoints of the buckets on the way: all that a worker process needs to know."""

    origin: Origin
    sink: Sink
    endpoints: Mapping[str, Endpoint]

    @property
    def buckets(self) -> list[str]:
        return buckets(self.origin, self.sink)


def buckets(origin: Origin, sink: Sink) -> list[str]:
    """The buckets that a route touches."""
    source = parse_source(origin.url)
    names = [parse_s3(source.url).bucket] if source.scheme == "s3" else []
    if isinstance(sink, PartSink):
        names.append(sink.upload.target.bucket)
    elif isinstance(sink, ObjectSink):
        names.append(sink.target.bucket)
    return names


def source_address(route: Route, signer: Signer) -> Address:
    """Where the origin's GETs go: its URL, or a signed request for exactly its version."""
    source = parse_source(route.origin.url)
    if source.scheme != "s3":
        return lambda: (source.url, {})
    target, version = parse_s3(source.url), route.origin.info.version
    query = {"versionId": version} if version else {}
    endpoint = route.endpoints[target.bucket]
    return lambda: signer.sign("GET", endpoint, target.key, query, {"x-amz-content-sha256": "UNSIGNED-PAYLOAD"})


def part_put(route: Route, signer: Signer, part: Part) -> SignedPut:
    """Where the part's PUT goes: UploadPart, or PutObject with the object's own headers."""
    match route.sink:
        case PartSink(upload):
            query = {"partNumber": str(part.number), "uploadId": upload.upload_id}
            return _signed(signer, route.endpoints[upload.target.bucket], upload.target, query, {})
        case ObjectSink(target=target):
            return _signed(signer, route.endpoints[target.bucket], target, {}, _object_headers(route.sink))
        case FileSink():
            raise TypeError("a file takes no PUT")


def _signed(
    signer: Signer, endpoint: Endpoint, target: S3Url, query: Mapping[str, str], extra: Mapping[str, str]
) -> SignedPut:
    return lambda headers: signer.sign("PUT", endpoint, target.key, query, {**headers, **extra})


def _object_headers(sink: ObjectSink) -> dict[str, str]:
    headers = {
        "x-amz-acl": ACL,
        "x-amz-sdk-checksum-algorithm": "CRC64NVME",
        "Content-Type": sink.content_type or "binary/octet-stream",
    }
    # Check and commit in one request: S3 refuses (412) where the object has come to exist.
    return headers if sink.overwrite else {**headers, "If-None-Match": "*"}
