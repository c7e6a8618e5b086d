"""What a PUT of bytes says of itself to S3, as AWS's own SDKs do."""

from __future__ import annotations

import pytest

from contract.faulty_moves import DATA, SIZE, check, cut_for
from contract.routes import ObjectEnd, Route
from s3am_cloud.model import Attributes, Plan
from s3am_cloud.ports.transfer import ObjectSink
from servers.proxy import FaultyProxy
from servers.proxy_rules import TRAILED_PUT


@pytest.mark.parametrize("way", ["file-parts", "http-object"], indirect=True)
def test_every_body_names_the_algorithm_of_its_checksum(way: Route, shared_proxy: FaultyProxy) -> None:
    """Buckets with Object Lock and a default retention look for it."""
    before = len(shared_proxy.matching(TRAILED_PUT))
    check(way, list(way.mover(way.put(DATA)).move(cut_for(way).parts())))
    sent = shared_proxy.matching(TRAILED_PUT)[before:]
    assert sent
    for put in sent:
        assert put.headers["x-amz-sdk-checksum-algorithm"] == "CRC64NVME"
        assert put.headers["x-amz-trailer"] == "x-amz-checksum-crc64nvme"


@pytest.mark.parametrize("way", ["http-object"], indirect=True)
def test_an_objects_own_encoding_stands_behind_that_of_its_way(way: Route, shared_proxy: FaultyProxy) -> None:
    assert isinstance(way.end, ObjectEnd)
    origin = way.put(DATA)
    sink = ObjectSink(way.end.target, True, Attributes(content_encoding="gzip"))
    list(way.to(origin, sink).move(Plan(size=SIZE, part_size=SIZE).parts()))
    assert shared_proxy.matching(TRAILED_PUT)[-1].headers["content-encoding"] == "aws-chunked,gzip"
    info = way.end.store.head(way.end.target)
    assert info is not None
    assert info.attributes.content_encoding in {"gzip", "aws-chunked,gzip"}  # this store keeps both
    assert way.end.content([]) == DATA
