"""What a source says of its own content: read from headers and from files as tools write them, or not at all."""

from __future__ import annotations

import base64
import hashlib
import time

import msgspec
import pytest

from s3am_cloud.checksums.published import digest_urls, in_headers
from s3am_cloud.errors import BadRequest, BadSource, ChecksumMismatch, NotAsStated, SourceNotFound
from s3am_cloud.ingest.accept import refuse_secrets
from s3am_cloud.integrity.after_commit import to_read, verify_stored
from s3am_cloud.integrity.before_commit import check_early
from s3am_cloud.limits import MOST_IN_ORDER, SMALL_OBJECT
from s3am_cloud.model import Job, ObjectInfo, Receipt, SourceInfo, TransferRequest
from s3am_cloud.transfer.pipeline import finish, move
from s3am_cloud.urls import SourceUrl, parse_source
from servers.content import crc64nvme, pattern
from support.fakes import PART, SOURCE, TARGET, World, lacking, request

DATA = b"content"
HEX = {name: hashlib.new(name, DATA).hexdigest() for name in ("md5", "sha1", "sha256", "sha512")}
BASE64 = {name: base64.b64encode(bytes.fromhex(digest)).decode() for name, digest in HEX.items()}
SHA = HEX["sha256"]


def heard(whole: bool, /, **headers: str) -> dict[str, str]:
    named = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    return in_headers(lambda name: named.get(name.lower(), ""), whole)


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({"Repr_Digest": f"sha-256=:{BASE64['sha256']}:"}, {"sha256"}),
        ({"Repr_Digest": f"sha-512=:{BASE64['sha512']}:;x=1, md5=:{BASE64['md5']}:"}, {"sha512", "md5"}),
        ({"Repr_Digest": f"unixsum=:MTIz:, sha-256 = :{BASE64['sha256']}:"}, {"sha256"}),
        ({"Digest": f"SHA-256={BASE64['sha256']},MD5={BASE64['md5']}"}, {"sha256", "md5"}),
        ({"Digest": f"SHA={BASE64['sha1']}"}, {"sha1"}),
        ({"x_goog_hash": f"crc32c=n03x6A==, md5={BASE64['md5']}"}, {"crc32c", "md5"}),
        ({"x_ms_blob_content_md5": BASE64["md5"]}, {"md5"}),
        ({"ETag": f'"{HEX["md5"]}"'}, set()),
        ({"Content_Digest": f"sha-256=:{BASE64['sha256']}:"}, set()),
        ({"Repr_Digest": "sha-256=:AAAA:"}, set()),
        ({"Repr_Digest": BASE64["sha256"], "Digest": ";;=", "x_goog_hash": "md5"}, set()),
        ({"x_goog_hash": f"md5={BASE64['md5']}", "x_goog_stored_content_encoding": "gzip"}, set()),
    ],
)
def test_headers_are_heard_that_speak_of_the_whole_content(headers: dict[str, str], found: set[str]) -> None:
    assert heard(False, **headers) == {name: HEX.get(name, "9f4df1e8") for name in found}


@pytest.mark.parametrize("header", ["Digest", "Repr_Digest", "x_goog_hash"])
def test_a_long_header_takes_a_time_in_proportion_to_its_length(header: str) -> None:
    began = time.process_time()
    assert heard(True, **{header: "a" * 20_000}) == {}
    assert time.process_time() - began < 0.5


def test_content_md5_is_of_the_whole_only_where_the_answer_is_the_whole() -> None:
    assert heard(True, Content_MD5=BASE64["md5"]) == {"md5": HEX["md5"]}
    assert heard(False, Content_MD5=BASE64["md5"]) == {}


def test_the_newer_header_counts_where_two_differ() -> None:
    older, newer = f"md5={base64.b64encode(bytes(16)).decode()}", f"md5=:{BASE64['md5']}:"
    assert heard(False, Digest=older, Repr_Digest=newer) == {"md5": HEX["md5"]}


def test_files_beside_a_url_keep_its_query_and_come_before_it() -> None:
    first = next(digest_urls(parse_source("https://u:p@host/a/x.bin?token=1#f")))
    assert first.url == "https://u:p@host/a/x.bin.sha256?token=1"
    assert next(digest_urls(parse_source("./x.bin"))).url == "./x.bin.sha256"
    assert next(digest_urls(SourceUrl("s3", "s3://b/k?x"))).url == "s3://b/k?x.sha256"


class Claiming(World):
    """A world whose source says something of itself."""

    def __init__(self, size: int, **claims: str) -> None:
        super().__init__()
        self.data = pattern(size)
        self.claims = claims
        self.source.put(SOURCE, self.data)
        probe = self.source.probe

        def probed(url: SourceUrl) -> SourceInfo:
            info = probe(url)
            return msgspec.structs.replace(info, claims=self.claims) if url.url == SOURCE else info

        self.source.probe = probed  # type: ignore[method-assign]

    @property
    def crc(self) -> str:
        return base64.b64decode(crc64nvme(self.data)).hex()


def asked(source_digest: str | None) -> TransferRequest:
    return msgspec.structs.replace(request(), source_digest=source_digest)


def claims_of(job: Job) -> dict[str, str]:
    assert job.info is not None
    return job.info.claims


def test_by_default_headers_are_pinned_and_nothing_more_is_asked() -> None:
    world = Claiming(1, md5=HEX["md5"])
    assert claims_of(world.prepare(asked(None))) == {"md5": HEX["md5"]}
    assert world.calls.count("probe") == 1


def test_none_does_not_listen() -> None:
    assert claims_of(Claiming(1, md5="0" * 32).prepare(asked("none"))) == {}


def test_auto_takes_the_first_file_beside_that_speaks_of_the_source() -> None:
    world = Claiming(1, md5=HEX["md5"])
    world.source.put(f"{SOURCE}.sha256", b"<html>")
    world.source.put(f"{SOURCE}.sha1", f"{HEX['sha1']}  data.bin\n".encode())
    assert claims_of(world.prepare(asked("auto"))) == {"md5": HEX["md5"], "sha1": HEX["sha1"]}


@pytest.mark.parametrize("content", [b"", b"12345 678 data.bin", f"{SHA}  a\n{'0' * 64}  b\n".encode(), bytes(5 << 20)])
def test_a_file_beside_that_states_nothing_known_lowers_the_verdict(content: bytes) -> None:
    """A file beside that states nothing known is named and counts the verdict down."""
    world = Claiming(2 * PART)
    world.claims = {"crc64nvme": world.crc}
    world.source.put(f"{SOURCE}.sha512", content)
    assert world.transfer(request()).verdict == "verified-by-source"
    requested = msgspec.structs.replace(asked("auto"), exists="overwrite")
    done = world.transfer(requested)
    assert (done.verdict, done.unread_digest_files) == ("verified-in-transit", (f"{SOURCE}.sha512",))
    assert done.source_digest == f"crc64nvme:{world.crc}"
    expected_of = world.transfer(msgspec.structs.replace(requested, expect=f"crc64nvme:{world.crc}"))
    assert expected_of.verdict == "verified-by-source", "the user states it"


def test_a_file_that_the_user_names_has_to_speak_of_the_source() -> None:
    world = Claiming(1)
    world.source.put("https://host/SUMS", f"{SHA}  data.bin\n".encode())
    assert claims_of(world.prepare(asked("https://host/SUMS"))) == {"sha256": SHA}
    world.source.put("https://host/OTHER", f"{SHA}  other.bin\n".encode())
    with pytest.raises(BadSource, match=r"no digest of data\.bin"):
        Claiming.prepare(world, asked("https://host/OTHER"))
    with pytest.raises(SourceNotFound):
        world.prepare(asked("https://host/MISSING"))


def test_a_large_file_is_no_file_of_digests() -> None:
    world = Claiming(1)
    world.source.put("https://host/SUMS", f"{SHA}  data.bin\n".encode() + bytes(5 << 20))
    with pytest.raises(BadSource, match="not a file of digests"):
        world.prepare(asked("https://host/SUMS"))


@pytest.mark.parametrize("keep", [False, True])
def test_an_empty_source_that_says_otherwise_is_refused_at_once(keep: bool) -> None:
    """An empty source that says otherwise is refused before anything is written."""
    world = Claiming(0, sha256=SHA)
    requested = msgspec.structs.replace(request(), keep_mismatch=keep)
    if keep:
        world.prepare(requested)
    else:
        with pytest.raises(NotAsStated):
            world.prepare(requested)


def test_what_a_function_can_not_read_in_time_is_refused_with_numbers() -> None:
    """What a function has no time to read is refused with the arithmetic."""
    world = Claiming(1, sha256=SHA)
    ports = msgspec.structs.replace(world.ports, most_in_order=MOST_IN_ORDER)
    info = SourceInfo(size=MOST_IN_ORDER + 1, ranges=True, claims={"sha256": SHA})
    with pytest.raises(BadRequest, match="800 s"):
        check_early(asked("auto"), parse_source(SOURCE), info, ports.most_in_order)
    check_early(asked("auto"), parse_source(SOURCE), msgspec.structs.replace(info, size=MOST_IN_ORDER), MOST_IN_ORDER)
    check_early(asked(None), parse_source(SOURCE), info, MOST_IN_ORDER)
    check_early(asked("auto"), parse_source(SOURCE), info)
    by_parts = msgspec.structs.replace(info, claims={"crc64nvme": "0" * 16})
    check_early(asked("auto"), parse_source(SOURCE), by_parts, MOST_IN_ORDER)


@pytest.mark.parametrize("url", ["https://u:p@host/SUMS", "https://host/SUMS?X-Amz-Signature=1", "/etc/SUMS"])
def test_a_job_takes_no_file_of_digests_that_is_secret_or_local(url: str) -> None:
    with pytest.raises((BadRequest, BadSource)) as refused:
        refuse_secrets(TransferRequest(source=SOURCE, destination=str(TARGET), source_digest=url))
    assert "X-Amz-Signature=1" not in str(refused.value)


def test_a_crc_that_s3_states_of_a_source_is_compared_first() -> None:
    """A CRC that S3 knows a source by is compared before the object is made."""
    world = Claiming(2 * PART)
    job = world.prepare(request())
    assert job.info is not None
    known = msgspec.structs.replace(job.info, crc=int(world.crc, 16) ^ 1)
    job = msgspec.structs.replace(job, info=known)
    moved = list(move(job, lacking(job, world.ports), 1, world.ports, lambda count: None))
    with pytest.raises(ChecksumMismatch, match="where the source has"):
        finish(job, moved, world.ports)
    assert len(world.store.unfinished(TARGET)) == 1, "it was not completed"


@pytest.mark.parametrize("keep", [False, True])
def test_an_object_unlike_its_sources_digest_is_withdrawn(keep: bool) -> None:
    """An object that is not what its source says is withdrawn unless it is to be kept."""
    world = Claiming(2 * PART, crc64nvme="0" * 16)
    with pytest.raises(NotAsStated):
        world.transfer(msgspec.structs.replace(request(), keep_mismatch=keep))
    assert (world.store.head(TARGET) is not None) == keep


@pytest.mark.parametrize("size", [1, 2 * PART])
def test_what_nobody_says_anything_of_is_verified_in_transit(size: int) -> None:
    done = Claiming(size).transfer(request())
    assert (done.verdict, done.source_digest, done.unchecked_digests) == ("verified-in-transit", None, None)


def test_an_object_that_s3_keeps_no_checksum_of_is_known_by_its_size_alone() -> None:
    world = Claiming(1)
    job, done = world.job(request()), world.transfer(request())
    silent = ObjectInfo(size=1, etag=done.etag or "")
    assert verify_stored(job, TARGET, silent, 1, done, world.store).verdict == "size-only"
    copied = msgspec.structs.replace(job, request=request(source="s3://a/b"))
    assert (
        verify_stored(copied, TARGET, msgspec.structs.replace(silent, crc=1), 1, done, world.store).verdict
        == "size-only"
    )


def test_a_promised_checksum_counts_as_the_sources() -> None:
    world = Claiming(2 * PART)
    done = world.transfer(msgspec.structs.replace(request(), expect=f"crc64nvme:{world.crc}"))
    assert (done.verdict, done.source_digest) == ("verified-by-source", None)


def test_what_costs_nothing_to_compare_is_compared_whatever_its_size() -> None:
    world = Claiming(SMALL_OBJECT + 1)
    world.claims = {"crc64nvme": world.crc, "md5": "0" * 32}
    done = world.transfer(request())
    assert (done.verdict, done.source_digest) == ("verified-by-source", f"crc64nvme:{world.crc}")
    assert done.unchecked_digests == (f"md5:{'0' * 32}",)


def test_what_has_been_compared_is_not_read_for() -> None:
    world = Claiming(1, crc32="0" * 8, sha1="0" * 40)
    job = world.prepare(msgspec.structs.replace(asked("auto"), expect=f"crc64nvme:{world.crc}"))
    done = Receipt(state="succeeded", source=SOURCE, destination=str(TARGET), unchecked_digests=(f"sha1:{'0' * 40}",))
    assert [one.algorithm for one in to_read(job, done)] == ["crc64nvme", "sha1"]
    done = msgspec.structs.replace(done, expected=f"crc64nvme:{world.crc}", unchecked_digests=None)
    assert to_read(job, done) == ()
