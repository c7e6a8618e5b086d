"""An answer of S3's that breaks off is an error with a name, after which a task is tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.adapters.s3.documents import Bucket
from s3am_cloud.errors import StoreUnavailable
from servers.proxy import FaultyProxy
from servers.proxy_rules import GET_OBJECT, CutReply

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.mark.parametrize("name", ["there", "not-there"])
@pytest.mark.parametrize("after", [0, 5])
def test_a_document_whose_answer_breaks_off_is_retried_by_name(
    name: str, after: int, proxied: S3Access, shared_proxy: FaultyProxy, s3_client: S3Client, bucket: str
) -> None:
    """Also where the answer is that there is none: botocore lets another library's error through then."""
    s3_client.put_object(Bucket=bucket, Key="there", Body=b"0123456789")
    documents = Bucket(proxied, bucket)
    shared_proxy.add(GET_OBJECT, CutReply(after), times=1)
    with pytest.raises(StoreUnavailable):
        documents.read(name)
    assert documents.read(name) == (b"0123456789" if name == "there" else None)
