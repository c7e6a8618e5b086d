"""Checksums by name: known answers, combining, and what is said of names and values that make no sense."""

from __future__ import annotations

import base64
import hashlib

import pytest

from s3am_cloud.checksums import digests
from s3am_cloud.checksums.digests import Crc, Expected
from s3am_cloud.errors import UnknownChecksum, Usage
from servers.content import pattern

CHECK = b"123456789"
# FIPS 180-4 and RFC 1321 for b"abc"; the CRC catalogue's check values for b"123456789".
KNOWN = [
    ("md5", b"abc", "900150983cd24fb0d6963f7d28e17f72"),
    ("sha1", b"abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
    ("sha256", b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ("sha3_256", b"abc", "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"),
    ("crc64nvme", CHECK, "ae8b14860a799888"),
    ("crc32c", CHECK, "e3069283"),
    ("crc32", CHECK, "cbf43926"),
    ("crc32", b"", "00000000"),
    ("md5", b"", "d41d8cd98f00b204e9800998ecf8427e"),
]
CRCS = ["crc64nvme", "crc32c", "crc32"]


@pytest.mark.parametrize(("name", "data", "answer"), KNOWN)
def test_a_digest_has_its_known_answer_however_the_bytes_come(name: str, data: bytes, answer: str) -> None:
    digest = digests.new(name)
    digest.update(data[:1])
    digest.update(memoryview(data)[1:])
    assert digest.hexdigest() == answer


@pytest.mark.parametrize("name", sorted(hashlib.algorithms_guaranteed - {"shake_128", "shake_256"}))
def test_whatever_hashlib_guarantees_is_known(name: str) -> None:
    digest = digests.new(name)
    digest.update(CHECK)
    assert digest.hexdigest() == hashlib.new(name, CHECK).hexdigest()


@pytest.mark.parametrize("name", CRCS)
def test_the_crc_of_a_whole_is_combined_from_those_of_its_pieces(name: str) -> None:
    data = pattern(100_000)
    cuts = [(0, 1), (1, 1), (1, 65_536), (65_536, 100_000)]
    pieces = []
    for first, last in cuts:
        crc = Crc(name)
        crc.update(data[first:last])
        pieces.append((crc.value, last - first))
    whole = Crc(name)
    whole.update(data)
    assert digests.combined(name, pieces) == whole.hexdigest()
    assert digests.combined(name, pieces[::-1]) != whole.hexdigest()


def test_only_crcs_can_be_combined() -> None:
    assert [name for name in ("md5", "sha256", *CRCS) if digests.combinable(name)] == CRCS


@pytest.mark.parametrize(
    ("written", "name"), [("MD5", "md5"), ("SHA-256", "sha256"), ("CRC64NVME", "crc64nvme"), ("SHA3-256", "sha3_256")]
)
def test_a_name_is_known_in_the_spellings_that_people_use(written: str, name: str) -> None:
    assert digests.algorithm(written) == name


@pytest.mark.parametrize("name", ["", "md", "sha257", "shake_128", "SHAKE-256", "etag", "crc"])
def test_an_unknown_name_is_refused_with_the_common_ones(name: str) -> None:
    with pytest.raises(UnknownChecksum) as refused:
        digests.new(name)
    assert refused.value.code == 9
    assert {"md5", "sha256", "crc64nvme"} <= set(refused.value.hint.replace(",", "").split())


@pytest.mark.parametrize(
    "value", ["AE8B14860A799888", "ae8b14860a799888", base64.b64encode(bytes.fromhex("ae8b14860a799888")).decode()]
)
def test_an_expected_value_is_hexadecimal_or_base64_as_s3_writes_it(value: str) -> None:
    assert digests.parse_expect(f"CRC64NVME:{value}") == Expected("crc64nvme", "ae8b14860a799888")


def test_a_hash_may_be_expected_in_base64_as_well() -> None:
    raw = hashlib.sha256(b"abc").digest()
    assert digests.parse_expect(f"sha256:{base64.b64encode(raw).decode()}").digest == raw.hex()


@pytest.mark.parametrize(
    "text",
    [
        "md5:900150983cd24fb0d6963f7d28e17f7",
        "md5:",
        "sha256:900150983cd24fb0d6963f7d28e17f72",
        "crc32:xyz",
        "crc32:01 2345 ",
        "0a",
    ],
)
def test_a_value_that_no_content_can_have_is_wrong_usage(text: str) -> None:
    with pytest.raises(Usage):
        digests.parse_expect(text)


def test_an_expectation_of_an_unknown_algorithm_is_refused_by_its_name() -> None:
    with pytest.raises(UnknownChecksum, match="sha257"):
        digests.parse_expect("sha257:00")
