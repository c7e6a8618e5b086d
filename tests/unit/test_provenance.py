"""What an object's metadata say of where it came from, and what becomes of the user's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from s3am_cloud.integrity.provenance import JOB, SOURCE, SOURCE_DIGEST, SOURCE_VERSION, TOOL, VERDICT, written
from s3am_cloud.integrity.provenance_lookup import provenance_of
from s3am_cloud.limits import MAX_METADATA, SMALL_OBJECT
from s3am_cloud.model import Attributes, Job, ObjectInfo, Receipt, SourceInfo, TransferRequest
from s3am_cloud.urls import S3Url
from support.fakes import SOURCE as URL
from support.fakes import TARGET

INFO = SourceInfo(size=1, ranges=True, etag='"e"', claims={"md5": "0" * 32, "sha256": "1" * 64})


def job(source: str = URL, info: SourceInfo = INFO, own: dict[str, str] | None = None) -> Job:
    asked = TransferRequest(source=source, destination=str(TARGET), attributes=Attributes(metadata=own or {}))
    return Job(id="job-1", created="2026-01-02T03:04:05+00:00", request=asked, info=info)


def carried(metadata: dict[str, str]) -> SourceInfo:
    return msgspec.structs.replace(INFO, attributes=Attributes(metadata=metadata))


def size(metadata: dict[str, str]) -> int:
    return sum(len(f"{name}{value}".encode()) for name, value in metadata.items())


def test_job_source_version_and_the_strongest_digest_are_told() -> None:
    found = written(job("https://u:p@host/a%20b?sig=1")).metadata
    assert (found[JOB], found[SOURCE_VERSION], found[SOURCE_DIGEST]) == ("job-1", 'etag "e"', f"sha256:{'1' * 64}")
    assert found[SOURCE] == "https://host/a%20b?..."
    assert found[TOOL]


@pytest.mark.parametrize(
    ("info", "version"),
    [
        (SourceInfo(size=1, ranges=True, etag='"e"', version="v"), "version v"),
        (SourceInfo(size=1, ranges=True, last_modified="Fri, 02 Jan"), "last-modified Fri, 02 Jan"),
        (SourceInfo(size=1, ranges=True, version="7-8"), "file 7-8"),
        (SourceInfo(size=1, ranges=True), None),
    ],
)
def test_the_version_is_told_by_what_pins_it(info: SourceInfo, version: str | None) -> None:
    assert written(job(info=info)).metadata.get(SOURCE_VERSION) == version


def test_what_is_beyond_ascii_is_encoded() -> None:
    assert written(job("./Schlüssel.bin")).metadata[SOURCE] == "./Schl%C3%BCssel.bin"
    assert written(job("/a\udcff.bin")).metadata[SOURCE] == "file:///a%FF.bin"


@pytest.mark.parametrize("length", [0, 1500, 1800, 1850, 1900, 1950, 2000, 2043])
def test_the_users_own_are_never_dropped_and_the_rest_fits_beside_them(length: int) -> None:
    own = {"mine": "ä" * (length // 2)}
    found = written(job("https://host/" + "%C3%BC" * 400, own=own)).metadata
    assert found["mine"] == own["mine"]
    assert size(found) <= MAX_METADATA
    if SOURCE in found:
        assert found[SOURCE].endswith("...")
        assert found[SOURCE].startswith("https://host/")
        assert "%" not in found[SOURCE][-5:-3], "no escape is cut in two"


def test_what_the_user_says_under_our_names_is_the_users() -> None:
    assert written(job(own={"S3AM-Cloud-Job": "mine"})).metadata["S3AM-Cloud-Job"] == "mine"
    assert JOB not in written(job(own={"S3AM-Cloud-Job": "mine"})).metadata


def test_where_the_source_object_came_from_is_not_where_its_copy_does() -> None:
    old = {JOB: "old", SOURCE: "old", SOURCE_DIGEST: "old", "run": "42"}
    found = written(job(info=msgspec.structs.replace(carried(old), claims={}))).metadata
    assert (found[JOB], found["run"], found[SOURCE]) == ("job-1", "42", URL)
    assert SOURCE_DIGEST not in found


def test_without_provenance_nothing_is_added_and_an_old_one_is_not_kept() -> None:
    silent = job(info=carried({JOB: "old", "run": "42"}))
    silent = msgspec.structs.replace(silent, request=msgspec.structs.replace(silent.request, provenance=False))
    assert written(silent).metadata == {"run": "42"}


HELD = ObjectInfo(size=1, etag='"o"', attributes=Attributes(metadata={JOB: "job-1", SOURCE: URL}))
DONE = Receipt(state="succeeded", source=URL, destination=str(TARGET), etag='"o"', verdict="verified-in-transit")


def test_a_report_of_this_very_object_tells_how_it_was_verified() -> None:
    known = provenance_of(TARGET, HELD, {"job-1": DONE}.get)
    assert (known.known_from, known.verdict, known.receipt) == ("report", "verified-in-transit", DONE)


@pytest.mark.parametrize(
    "changed", [{"etag": '"p"'}, {"destination": "s3://bucket/other"}, {"state": "failed"}, {"version_id": "v"}]
)
def test_a_report_of_another_object_says_nothing_of_this_one(changed: dict[str, str]) -> None:
    known = provenance_of(TARGET, HELD, {"job-1": msgspec.structs.replace(DONE, **changed)}.get)
    assert (known.known_from, known.verdict, known.source) == ("metadata", None, URL)


def stored(job: Job, **more: object) -> ObjectInfo:
    """The object that a job made, as S3 shows it."""
    info = ObjectInfo(
        size=1, etag='"o"', crc=7, full_object=True, attributes=Attributes(metadata=written(job).metadata)
    )
    return msgspec.structs.replace(info, **more)


def silent(job_id: str) -> None:
    """No report is found."""


PLAIN = msgspec.structs.replace(INFO, claims={})


def test_without_a_report_the_verdict_is_what_every_end_implies() -> None:
    """Without a report the verdict is what every end of the transfer implies."""
    known = provenance_of(TARGET, stored(job(info=PLAIN)), silent)
    assert (known.known_from, known.verdict) == ("metadata", "verified-in-transit")
    assert provenance_of(TARGET, stored(job("s3://a/b", PLAIN)), silent).verdict == "size-only"
    assert provenance_of(TARGET, stored(job(info=PLAIN), full_object=False), silent).verdict == "size-only"
    unpinned = msgspec.structs.replace(PLAIN, etag=None)
    assert provenance_of(TARGET, stored(job(info=unpinned)), silent).verdict == "unpinned"
    unsized = msgspec.structs.replace(PLAIN, size=None)
    assert provenance_of(TARGET, stored(job(info=unsized), size=12), silent).verdict == "verified-in-transit"


@pytest.mark.parametrize("changed", [{"size": 2}, {"target": S3Url("bucket", "copy")}, {"own": {VERDICT: "perfect"}}])
def test_metadata_of_another_object_or_of_nonsense_promise_nothing(
    changed: dict[str, Any],
) -> None:
    """Metadata that were copied to another object or say what can not be promise nothing."""
    info = stored(job(info=PLAIN, own=changed.get("own")), size=changed.get("size", 1))
    assert provenance_of(changed.get("target", TARGET), info, silent).verdict is None


def test_a_stated_digest_that_s3_holds_of_the_whole_shows_more() -> None:
    sha = {"checksums": {"sha256": "1" * 64}}
    assert provenance_of(TARGET, stored(job(), **sha), silent).verdict == "verified-by-source"
    other = provenance_of(TARGET, stored(job(), checksums={"sha256": "2" * 64}), silent)
    assert (other.verdict, other.differing) == (None, (f"sha256:{'1' * 64}",))
    assert provenance_of(TARGET, stored(job()), silent).verdict == "verified-in-transit"
    md5 = msgspec.structs.replace(INFO, claims={"md5": "a" * 32})
    assert provenance_of(TARGET, stored(job(info=md5), etag=f'"{"a" * 32}"'), silent).verdict == "verified-by-source"
    assert provenance_of(TARGET, stored(job(info=md5), etag=f'"{"b" * 32}"'), silent).verdict == "verified-in-transit"


def test_what_the_user_expected_is_stated_and_the_unreadable_is_not() -> None:
    """What the user expected is stated too and what could not be read is none."""
    wanting = job(info=PLAIN)
    wanting = msgspec.structs.replace(
        wanting, request=msgspec.structs.replace(wanting.request, expect=f"CRC64NVME:{'7' * 16}")
    )
    known = provenance_of(TARGET, stored(wanting, checksums={"crc64nvme": "7" * 16}), silent)
    assert (known.verdict, known.expected) == ("verified-by-source", f"crc64nvme:{'7' * 16}")
    assert SOURCE_DIGEST not in written(job(info=msgspec.structs.replace(INFO, unread_digest_files=("x",)))).metadata


@pytest.mark.parametrize(("digit", "verdict"), [("1", "verified-by-source"), ("2", None)])
def test_only_a_small_object_is_read_for_what_s3_does_not_hold(digit: str, verdict: str | None) -> None:
    """A small object is read for what S3 does not hold and a large one is not."""

    def read(target: S3Url, info: ObjectInfo, names: Sequence[str]) -> dict[str, str]:
        assert info.size == 1
        return dict.fromkeys(names, digit * 64)

    assert provenance_of(TARGET, stored(job()), silent, read).verdict == verdict
    large = stored(job(info=msgspec.structs.replace(INFO, size=SMALL_OBJECT + 1)), size=SMALL_OBJECT + 1)
    assert provenance_of(TARGET, large, silent, read).verdict == "verified-in-transit"


def test_an_id_that_none_of_our_jobs_has_is_not_looked_for() -> None:
    asked: list[str] = []
    info = msgspec.structs.replace(HELD, attributes=Attributes(metadata={JOB: "../../etc"}))
    known = provenance_of(TARGET, info, asked.append)
    assert (known.known_from, known.job, asked) == ("store", None, [])
