"""What HeadObject's answer says of the content as a whole, and what it does not."""

from __future__ import annotations

import base64
import hashlib

import pytest

from s3am_cloud.adapters.s3.stored_checksums import stored_checksums

MD5 = hashlib.md5(b"abc").hexdigest()
SHA256 = hashlib.sha256(b"abc").digest()


def test_checksums_of_the_full_object_are_taken_whatever_their_kind() -> None:
    answer = {
        "ETag": '"x-2"',
        "ChecksumType": "FULL_OBJECT",
        "ChecksumCRC64NVME": "rosUhgp5mIg=",
        "ChecksumCRC32C": "4waSgw==",
        "ChecksumSHA256": base64.b64encode(SHA256).decode(),
    }
    assert stored_checksums(answer) == {
        "crc64nvme": "ae8b14860a799888",
        "crc32c": "e3069283",
        "sha256": SHA256.hex(),
    }


@pytest.mark.parametrize(
    "answer",
    [
        {"ChecksumType": "COMPOSITE", "ChecksumCRC32": "4waSgw=="},
        {"ChecksumCRC32": "4waSgw==-3"},
        {"ChecksumType": "FULL_OBJECT"},
    ],
)
def test_checksums_of_checksums_are_not(answer: dict[str, object]) -> None:
    assert stored_checksums({"ETag": '"x-2"', **answer}) == {}


def test_the_etag_of_a_single_request_is_the_md5() -> None:
    assert stored_checksums({"ETag": f'"{MD5}"'}) == {"md5": MD5}
    assert stored_checksums({"ETag": f'"{MD5}"', "ServerSideEncryption": "AES256"}) == {"md5": MD5}


@pytest.mark.parametrize(
    "more",
    [
        {"ETag": f'"{MD5}-3"'},
        {"SSECustomerAlgorithm": "AES256"},
        {"ServerSideEncryption": "aws:kms"},
        {"ServerSideEncryption": "aws:kms:dsse"},
        {"StorageClass": "EXPRESS_ONEZONE"},
    ],
)
def test_other_etags_are_no_md5(more: dict[str, object]) -> None:
    assert stored_checksums({"ETag": f'"{MD5}"', **more}) == {}
