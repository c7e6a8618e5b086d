"""An answer of S3's that breaks off is asked for again, and is an error with a name where it always does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.retries.standard import ExponentialBackoff

from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.adapters.s3.documents import Bucket
from s3am_cloud.errors import StoreUnavailable
from servers.proxy import FaultyProxy
from servers.proxy_rules import GET_OBJECT, CutReply

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.mark.parametrize("name", ["there", "not-there"])
@pytest.mark.parametrize("after", [0, 5])
def test_a_document_whose_answer_breaks_off_is_asked_for_again(
    name: str, after: int, proxied: S3Access, shared_proxy: FaultyProxy, s3_client: S3Client, bucket: str
) -> None:
    """Also where the answer is that there is none."""
    s3_client.put_object(Bucket=bucket, Key="there", Body=b"0123456789")
    documents = Bucket(proxied, bucket)
    shared_proxy.add(GET_OBJECT, CutReply(after), times=1)
    assert documents.read(name) == (b"0123456789" if name == "there" else None)


def test_a_document_whose_answer_always_breaks_off_is_an_error_by_name(
    proxied: S3Access, shared_proxy: FaultyProxy, s3_client: S3Client, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0.0)
    s3_client.put_object(Bucket=bucket, Key="there", Body=b"0123456789")
    shared_proxy.add(GET_OBJECT, CutReply(5), times=None)
    with pytest.raises(StoreUnavailable):
        Bucket(proxied, bucket).read("there")
