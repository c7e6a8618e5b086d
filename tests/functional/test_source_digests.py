"""What sources say of their content, through the installed command: what is compared, and what a difference does."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from servers.content import Pattern, pattern, write_file
from servers.faults import Fault, IgnoreRanges, NoLength
from servers.faulty_http import FaultyHttp
from servers.http_model import Answer, Request
from servers.proxy import FaultyProxy
from servers.proxy_rules import GET_OBJECT
from support.command import Command
from support.stored import Stored

MIB = 1 << 20
DATA = pattern(12 * MIB, 3)
LARGE = Pattern(17 * MIB, seed=4)
IN_PARTS = ("--part-size", "5MB")
WRONG = "0" * 64


@dataclass(frozen=True, kw_only=True)
class Says(Fault):
    """Adds headers to every answer."""

    headers: Mapping[str, str]

    def change_answer(self, request: Request, answer: Answer) -> Answer:
        return replace(answer, headers={**answer.headers, **self.headers})


def encoded(data: bytes, algorithm: str = "sha256") -> str:
    return base64.b64encode(hashlib.new(algorithm, data).digest()).decode()


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


RIGHT = Says(headers={"Repr-Digest": f"sha-256=:{encoded(DATA)}:"})
OTHER = Says(headers={"Digest": f"SHA-256={encoded(b'other')}"})


@pytest.mark.parametrize(
    "faults", [(), (IgnoreRanges(), NoLength())], ids=["in ranges, read back", "in sequence, as it passes"]
)
def test_a_header_s_digest_is_compared_and_the_receipt_says_so(
    faults: tuple[Fault, ...], command: Command, stored: Stored, http_server: FaultyHttp
) -> None:
    url = http_server.add("/x.bin", DATA, RIGHT, *faults)
    done = command.run("upload", url, stored.url("x"), *IN_PARTS, "--json").ended(0).document
    assert (done["verdict"], done["source_digest"]) == ("verified-by-source", f"sha256:{sha(DATA)}")


@pytest.mark.parametrize("faults", [(), (IgnoreRanges(), NoLength())], ids=["in ranges", "in sequence"])
def test_content_that_is_not_what_its_header_says_leaves_nothing(
    faults: tuple[Fault, ...], command: Command, stored: Stored, http_server: FaultyHttp
) -> None:
    url = http_server.add("/x.bin", DATA, OTHER, *faults)
    told = command.run("upload", url, stored.url("x"), *IN_PARTS, "--json").ended(21)
    assert told.document["error"]["name"] == "NotAsStated"
    stored.assert_untouched()
    done = command.run("upload", url, stored.url("x"), "--source-digest", "none", "--json").ended(0).document
    assert (done["verdict"], done["source_digest"]) == ("verified-in-transit", None)


def test_a_large_object_is_read_back_for_a_digest_only_on_request(
    through_proxy: Command, s3_proxy: FaultyProxy, stored: Stored, http_server: FaultyHttp
) -> None:
    """A large object is read back for its source's digest only when asked."""
    digest = hashlib.sha256(bytes(LARGE.read(0, LARGE.size))).hexdigest()
    says = Says(headers={"x-goog-hash": f"crc32c=AAAAAA==,md5={base64.b64encode(bytes(16)).decode()}"})
    url = http_server.add("/x.bin", LARGE, says)
    done = through_proxy.run("upload", url, stored.url("x"), *IN_PARTS, "--json").ended(0).document
    assert done["verdict"] == "verified-in-transit"
    assert sorted(done["unchecked_digests"]) == ["crc32c:00000000", f"md5:{'0' * 32}"]
    assert [one for one in s3_proxy.matching(GET_OBJECT) if "range" in one.headers] == []
    http_server.add("/x.bin.sha256", f"{digest} *x.bin\n".encode())
    again = (url, stored.url("x"), *IN_PARTS, "--exists", "overwrite", "--source-digest")
    through_proxy.run("upload", *again, "auto").ended(21)
    http_server.set_faults("/x.bin")
    done = through_proxy.run("upload", *again, "auto", "--json").ended(0).document
    assert (done["verdict"], done["source_digest"]) == ("verified-by-source", f"sha256:{digest}")
    assert [one for one in s3_proxy.matching(GET_OBJECT) if "range" in one.headers] != []


def test_a_local_file_is_compared_with_the_digest_beside_it_first(command: Command, home: Path, stored: Stored) -> None:
    """A local file is compared with the file beside it before the object is made."""
    write_file(DATA, home / "x.bin")
    (home / "x.bin.sha256").write_text(f"{WRONG}  x.bin\n")
    command.run("upload", "x.bin", stored.url("x"), *IN_PARTS, "--source-digest", "auto").ended(21)
    stored.assert_untouched()
    (home / "SUMS").write_text(f"SHA256 (x.bin) = {sha(DATA)}\n")
    requested = ("--source-digest", "SUMS", "--json")
    done = command.run("upload", "x.bin", stored.url("x"), *IN_PARTS, *requested).ended(0).document
    assert done["source_digest"] == f"sha256:{sha(DATA)}"
    command.run("upload", "x.bin", stored.url("y"), "--source-digest", "x.bin").ended(5)


def test_a_copy_is_verified_by_what_s3_says_of_its_source_or_by_its_size(command: Command, stored: Stored) -> None:
    stored.put("known", DATA)
    done = command.run("upload", stored.url("known"), stored.url("x"), *IN_PARTS, "--json").ended(0).document
    assert done["verdict"] == "verified-by-source"
    assert done["source_digest"].startswith("crc64nvme:")
    parts = stored.begin("unknown")
    etag = stored.client.upload_part(
        Bucket=stored.bucket, Key="unknown", UploadId=parts, PartNumber=1, Body=DATA[: 6 * MIB]
    )["ETag"]
    stored.client.complete_multipart_upload(
        Bucket=stored.bucket,
        Key="unknown",
        UploadId=parts,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]},
    )
    done = command.run("upload", stored.url("unknown"), stored.url("y"), *IN_PARTS, "--json").ended(0).document
    assert (done["verdict"], done["source_digest"]) == ("size-only", None)
