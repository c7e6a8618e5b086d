"""Where botocore itself sends a client's requests: by FIPS, dual-stack and partition, by the name or the path."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_EVENT = "before-send.s3.HeadObject"
_KEY = "k"


class _NoBody:
    """The content of an answer that was never given."""

    def stream(self) -> Iterator[bytes]:
        return iter(())


def own_base(client: S3Client, bucket: str) -> str:
    """The URL of the bucket's objects without their keys, as botocore writes it for this client's own requests.

    A request is made and not sent; those of other threads that use the client are. The endpoint of the client
    (`meta.endpoint_url`) may be no host at all: with FIPS in us-east-1 it is s3-fips.aws-global.amazonaws.com.
    """
    urls: list[str] = []
    events: Any = client.meta.events
    own = threading.get_ident()

    def keep(request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
        if threading.get_ident() != own:
            return None
        urls.append(request.url)
        return AWSResponse(request.url, HTTPStatus.OK, HTTPHeaders(), _NoBody())

    events.register_first(_EVENT, keep)
    try:
        client.head_object(Bucket=bucket, Key=_KEY)
    finally:
        events.unregister(_EVENT, keep)
    return urls[0].removesuffix(f"/{_KEY}")
