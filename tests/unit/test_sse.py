"""Customer keys: S3AM's derivation to the letter, and no way for a key to be seen."""

from __future__ import annotations

import base64
import hashlib
import pickle
import traceback

import pytest

from s3am_cloud.errors import BadEncryptionKey
from s3am_cloud.sse import KeyRing, SseKey, derive, from_base64, generate
from s3am_cloud.urls import S3Url

MASTER = SseKey(bytes(range(32)))


@pytest.mark.parametrize(
    ("region", "key", "digest"),
    [
        # SHA-256 of the 32 bytes 0 to 31 followed by the URL, by sha256sum.
        ("us-east-1", "dir/sample.bam", "078c23a10926e15b4776b36500f3ab6e419d75906533d9179b0d8dbaedf447e6"),
        ("eu-west-1", "dir/sample.bam", "0e8c716454568ffa298b669d835e4988641e8ffac35f822294431e50ce4299d3"),
        ("us-east-1", "a b/ü+%41", "e5deaf69585c8ff5a6de75c90eae2d42bdc491b8219cba26c28e6e22a3337c4d"),
    ],
)
def test_a_derived_key_is_the_sha256_of_master_key_and_url(region: str, key: str, digest: str) -> None:
    """A derived key is the SHA-256 of the master key and the object's URL."""
    assert derive(MASTER, S3Url("bucket", key), region).raw.hex() == digest


def test_a_ring_without_master_gives_every_object_the_same_key() -> None:
    ring = KeyRing(MASTER)
    assert ring.key_of(S3Url("b", "one"), "us-east-1") is MASTER
    assert ring.key_of(S3Url("b", "two"), "us-east-1") is MASTER


def test_a_ring_with_a_master_key_gives_every_object_its_own() -> None:
    ring = KeyRing(MASTER, is_master=True)
    one, two = (ring.key_of(S3Url("b", key), "us-east-1") for key in ("one", "two"))
    assert one is not None
    assert two is not None
    assert one.raw != two.raw != MASTER.raw


def test_an_empty_ring_gives_no_key() -> None:
    assert not KeyRing()
    assert KeyRing().key_of(S3Url("b", "k"), "us-east-1") is None


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_key_of_another_length_is_refused_without_being_shown(length: int) -> None:
    with pytest.raises(BadEncryptionKey) as refused:
        SseKey(b"hunter2!" * 5 if length == 33 else b"h" * length)
    assert "hunter2" not in str(refused.value)


def test_what_is_not_base64_is_refused_without_being_shown() -> None:
    with pytest.raises(BadEncryptionKey) as refused:
        from_base64("hunter2!")
    assert "hunter2" not in "".join(traceback.format_exception_only(refused.value))


def test_base64_gives_the_key_back() -> None:
    key = generate()
    assert from_base64(base64.b64encode(key.raw).decode()).raw == key.raw


def test_generated_keys_have_32_bytes_and_differ() -> None:
    assert len({generate().raw for _ in range(10)}) == 10
    assert len(generate().raw) == 32


def test_neither_a_key_nor_a_ring_shows_what_it_holds() -> None:
    key = SseKey(b"k" * 32)
    for shown in (repr(key), str(key), repr(KeyRing(key)), repr([key])):
        assert "kkk" not in shown


def test_a_key_reaches_a_worker_process_unchanged() -> None:
    copy = pickle.loads(pickle.dumps(MASTER))
    assert copy.raw == MASTER.raw


def test_headers_are_those_of_s3_for_the_object_and_for_a_copy_s_source() -> None:
    prefix = "x-amz-server-side-encryption-customer-"
    headers = MASTER.headers()
    assert headers[f"{prefix}algorithm"] == "AES256"
    assert base64.b64decode(headers[f"{prefix}key"]) == MASTER.raw
    assert base64.b64decode(headers[f"{prefix}key-md5"]) == hashlib.md5(MASTER.raw).digest()
    assert set(MASTER.headers(of_copy_source=True)) == {
        name.replace("x-amz-", "x-amz-copy-source-") for name in headers
    }
