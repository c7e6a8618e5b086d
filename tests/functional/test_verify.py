"""`verify`: what the command says of an object's content."""

import base64
import hashlib
import signal
import sys
from pathlib import Path

import pytest

from servers.content import Pattern, pattern, write_file
from servers.proxy import FaultyProxy
from servers.proxy_rules import GET_OBJECT, SLOW_DOWN, CutReply, FlipReplyBit
from servers.strict_s3 import StrictS3
from support.command import Command, Running, eventually, peak_memory
from support.stored import Stored, answer

MIB = 1 << 20
SIZES = [0, 5 * MIB + 1, 25 * MIB // 2]
ALGORITHMS = ["md5", "sha256", "crc64nvme", "crc32"]
SMALL_PARTS = ("--part-size", "5MB")
LARGE = 240 * MIB
MOST = 150 * MIB
"""Bytes resident in the one process, most of which are the interpreter, its libraries and the read-ahead."""
WRONG = f"sha256:{'0' * 64}"


@pytest.fixture
def known(stored: Stored) -> bytes:
    """What is in the bucket as `k.bin`, put there by others."""
    data = pattern(12 * MIB + 1, 7)
    stored.put("k.bin", data)
    return data


@pytest.mark.parametrize("size", SIZES)
def test_the_digest_alone_is_on_stdout(size: int, command: Command, stored: Stored) -> None:
    data = pattern(size, size)
    stored.put("x.bin", data)
    for algorithm in ALGORITHMS if size == SIZES[-1] else ("md5",):
        told = command.run("verify", "--checksum", algorithm, stored.url("x.bin"), *SMALL_PARTS).ended(0)
        assert told.stdout == f"{answer(algorithm, data)}\n"


def test_md5_is_what_a_script_gets_that_says_no_more(command: Command, stored: Stored, known: bytes) -> None:
    told = command.run("verify", stored.url("k.bin"), "--checksum-slots", "2", "--download-slots", "40").ended(0)
    assert told.stdout == f"{answer('md5', known)}\n"
    assert told.stderr == "OK: md5 matches S3's checksum\n"


def test_json_says_what_the_digest_was_compared_with(command: Command, stored: Stored, known: bytes) -> None:
    url = stored.url("k.bin")
    wanted = {"source": url, "checksum_algorithm": "sha256", "checksum": answer("sha256", known), "size": len(known)}
    alone = command.run("verify", "--checksum", "SHA-256", url, "--json").ended(0)
    assert alone.document == {**wanted, "compared_with": None}
    assert "not compared" in alone.stderr
    held = command.run("verify", "--expect", f"sha256:{answer('sha256', known)}", url, "--json").ended(0)
    assert held.document == {**wanted, "compared_with": "expected"}
    stored_one = command.run("verify", "--checksum", "crc64nvme", url, "--json").ended(0)
    assert stored_one.document["compared_with"] == "stored"


@pytest.mark.parametrize("algorithm", ["crc64nvme", "crc32", "md5"])
def test_a_difference_from_the_stores_own_checksum_is_exit_code_21(
    algorithm: str, through_proxy: Command, s3_proxy: FaultyProxy, stored: Stored
) -> None:
    """The store's own checksum is compared with and a difference is exit 21."""
    data = pattern(6 * MIB, 3)
    kind = "CRC32" if algorithm == "crc32" else "CRC64NVME"
    stored.client.put_object(Bucket=stored.bucket, Key="x.bin", Body=data, ChecksumAlgorithm=kind)  # type: ignore[arg-type]
    s3_proxy.add(GET_OBJECT, FlipReplyBit(at=1000))
    told = through_proxy.run("verify", "--checksum", algorithm, stored.url("x.bin")).ended(21)
    assert told.stdout == ""
    assert answer(algorithm, data) in told.error_line
    assert "S3 holds" in told.error_line
    good = through_proxy.run("verify", "--checksum", algorithm, stored.url("x.bin")).ended(0)
    assert good.stdout == f"{answer(algorithm, data)}\n"
    assert "S3's checksum" in good.stderr


def test_the_etag_of_a_multipart_upload_is_not_taken_for_its_md5(command: Command, home: Path, stored: Stored) -> None:
    content = Pattern(30 * MIB)
    write_file(content, home / "sent.bin")
    command.run("upload", "sent.bin", stored.url("m.bin"), *SMALL_PARTS).ended(0)
    told = command.run("verify", stored.url("m.bin"), "--json").ended(0)
    assert told.document["checksum"] == answer("md5", bytes(content.read(0, content.size)))
    assert told.document["compared_with"] is None


@pytest.mark.parametrize("spelling", ["{upper}", "md5:{base64}"])
def test_a_met_expectation_is_success_however_it_is_written(
    spelling: str, command: Command, stored: Stored, known: bytes
) -> None:
    raw = hashlib.md5(known).digest()
    value = spelling.format(hex=raw.hex(), upper=raw.hex().upper(), base64=base64.b64encode(raw).decode())
    assert command.run("verify", "--expect", value, stored.url("k.bin")).ended(0).stdout == f"{raw.hex()}\n"


def test_an_expectation_that_is_not_met_is_exit_21(command: Command, stored: Stored, known: bytes) -> None:
    told = command.run("verify", "--expect", WRONG, stored.url("k.bin"), "--json").ended(21)
    error = told.document["error"]
    assert (error["code"], error["name"], error["retryable"]) == (21, "NotAsExpected", False)
    assert answer("sha256", known) in error["message"]


@pytest.mark.parametrize("name", ["sha257", "shake_128"])
def test_an_unknown_checksum_is_exit_9_before_anything_is_asked(name: str, command: Command, stored: Stored) -> None:
    told = command.run("verify", "--checksum", name, stored.url("missing")).ended(9)
    assert "crc64nvme" in told.error_line
    assert command.run("upload", "no.bin", stored.url("x"), "--expect", f"{name}:00").ended(9).stdout == ""


@pytest.mark.parametrize("arguments", [("--expect", "12"), ("--checksum", "md5", "--expect", WRONG)])
def test_an_expectation_that_no_content_can_meet_is_wrong_usage(
    arguments: tuple[str, ...], command: Command, stored: Stored
) -> None:
    command.run("verify", stored.url("missing"), *arguments).ended(2)


def test_verifying_takes_one_head_and_the_ranges_and_no_other_right(
    through_proxy: Command, s3_proxy: FaultyProxy, stored: Stored, known: bytes
) -> None:
    """Verifying takes one HEAD and the ranges and no other right than to read."""
    through_proxy.run("verify", stored.url("k.bin"), *SMALL_PARTS).ended(0)
    asked = [(one.method, "range" in one.headers, one.query) for one in s3_proxy.requests if one.path.endswith("k.bin")]
    assert asked[0] == ("HEAD", False, {})
    assert all(one == ("GET", True, {}) for one in asked[1:])
    assert len(asked) > 1


def test_a_missing_object_and_an_impossible_part_have_their_codes(command: Command, stored: Stored) -> None:
    """An object that is not there and a part that can not be are reported by their codes."""
    command.run("verify", stored.url("missing")).ended(5)
    command.run("verify", "no-url").ended(7)
    command.run("verify", "s3://no-such-bucket-here/k").ended(5)
    command.run("verify", stored.url("missing"), "--part-size", "1MB").ended(8)


def test_a_broken_and_a_busy_store_are_borne(
    through_proxy: Command, s3_proxy: FaultyProxy, stored: Stored, known: bytes
) -> None:
    s3_proxy.add(GET_OBJECT, CutReply(after=MIB), times=2)
    s3_proxy.add(GET_OBJECT, SLOW_DOWN, skip=2, times=2)
    told = through_proxy.run("verify", "--checksum", "sha1", stored.url("k.bin"), *SMALL_PARTS).ended(0)
    assert told.stdout == f"{answer('sha1', known)}\n"


def test_an_object_under_a_key_of_the_customers_is_verified_with_that_key(command: Command, stored: Stored) -> None:
    data, key = pattern(6 * MIB, 9), bytes(range(32))
    stored.client.put_object(
        Bucket=stored.bucket, Key="e.bin", Body=data, SSECustomerAlgorithm="AES256", SSECustomerKey=key.decode("latin1")
    )
    told = command.run(
        "verify", stored.url("e.bin"), "--sse-key-base64", base64.b64encode(key).decode(), "--json"
    ).ended(0)
    assert told.document["checksum"] == answer("md5", data)
    assert told.document["compared_with"] is None, "an ETag under such a key is no MD5"
    command.run("verify", stored.url("e.bin")).ended(10)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel is asked by way of /proc")
def test_hundreds_of_megabytes_are_verified_in_bounded_memory(command: Command, large: tuple[str, str]) -> None:
    """Hundreds of megabytes are verified in bounded memory even as one part."""
    url, md5 = large
    running = command.start("verify", url, "--part-size", "1GB", "--download-slots", "40")
    peak = _peak(running)
    assert running.result().ended(0).stdout == f"{md5}\n"
    assert peak < MOST, f"{peak >> 20} MiB"


def test_interrupted_it_stops_at_once_with_exit_130(command: Command, large: tuple[str, str]) -> None:
    running = command.start("verify", large[0], "--checksum", "sha3_512")
    # Before that it has 55 to 70 MiB, of what it has loaded.
    eventually(lambda: peak_memory(running.pid).get(running.pid, 0) > 90 * MIB, "the reading to begin")
    running.signal_group(signal.SIGINT)
    running.result(timeout=2).ended(130)


@pytest.fixture(scope="module")
def large(strict_s3: StrictS3, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """The URL and the MD5 of 240 MiB of zeros."""
    home = tmp_path_factory.mktemp("large")
    bucket = strict_s3.bucket()
    with (home / "large.bin").open("wb") as file:
        file.truncate(LARGE)
    Command(home, strict_s3.environment()).run("upload", "large.bin", f"s3://{bucket}/large.bin").ended(0)
    md5, zeros = hashlib.md5(), bytes(MIB)
    for _ in range(LARGE // MIB):
        md5.update(zeros)
    return f"s3://{bucket}/large.bin", md5.hexdigest()


def _peak(running: Running) -> int:
    peak = 0
    while not running.ended(0.02):
        peak = max(peak, *peak_memory(running.pid).values(), 0)
    return peak
