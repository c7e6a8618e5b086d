"""Every command does its work with the rights that the documentation lists for it, and uses all of them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from servers.content import Pattern, write_file
from servers.faulty_http import FaultyHttp
from servers.proxy import FaultyProxy
from servers.proxy_rules import GET_OBJECT
from servers.rights import Rights
from servers.strict_s3 import StrictS3
from support.command import Command, Result
from support.stored import Stored

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MIB = 1 << 20
CONTENT = Pattern(6 * MIB, seed=9)
WHOLE = CONTENT.read(0, CONTENT.size)
IN_PARTS = ("--part-size", "5MiB")
DOCUMENT = Path(__file__).parents[2] / "docs" / "rights.md"
_CODE = re.compile(r"`([^`]+)`")
# What a person who uploads is usually given, and what is enough to read.
WRITER = ("s3:PutObject", "s3:GetObject", "s3:ListBucket")
READER = ("s3:GetObject",)


@dataclass(frozen=True)
class Row:
    """A line of the table: the command, and the actions on its source and its destination."""

    command: str
    source: tuple[str, ...]
    destination: tuple[str, ...]


def _rows() -> list[Row]:
    lines = DOCUMENT.read_text().partition("<!-- rights:")[2].partition("<!--")[0].splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| `")]
    return [Row(one[0], tuple(_CODE.findall(one[1])), tuple(_CODE.findall(one[2]))) for one in cells]


class Site:
    """A source bucket and a destination bucket behind a proxy that denies what its user may not do."""

    def __init__(self, command: Command, home: Path, proxy: FaultyProxy, buckets: tuple[Stored, Stored]) -> None:
        self._command, self.home, self.proxy = command, home, proxy
        self.source, self.destination = buckets
        self.rights = Rights({})

    def allow(self, source: tuple[str, ...] = (), destination: tuple[str, ...] = (), **more: bool) -> None:
        granted = {self.source.bucket: source, self.destination.bucket: destination}
        tagged = {f"arn:aws:s3:::{self.source.bucket}/tagged"}
        self.rights = Rights(granted, tagged, terse=more.get("terse", False))
        self.proxy.admit(self.rights)

    def run(self, *arguments: str | Path) -> Result:
        return self._command.run(*arguments)

    def file(self) -> Path:
        return write_file(CONTENT, self.home / "file")

    def stored_source(self, key: str = "source", tagging: str = "") -> str:
        body = bytes(CONTENT.read(0, CONTENT.size))
        client = self.source.client
        client.put_object(Bucket=self.source.bucket, Key=key, Body=body, ChecksumAlgorithm="CRC64NVME", Tagging=tagging)
        return self.source.url(key)

    def old_version(self) -> str:
        """The URL of a version of an object that was replaced since."""
        client = self.source.client
        client.put_bucket_versioning(Bucket=self.source.bucket, VersioningConfiguration={"Status": "Enabled"})
        url = self.stored_source()
        version = client.head_object(Bucket=self.source.bucket, Key="source")["VersionId"]
        self.source.put("source", b"another version")
        return f"{url}?versionId={version}"


@pytest.fixture
def site(through_proxy: Command, home: Path, s3_proxy: FaultyProxy, strict_s3: StrictS3, s3_client: S3Client) -> Site:
    first, second = (Stored(s3_client, strict_s3.bucket()) for _ in range(2))
    return Site(through_proxy, home, s3_proxy, (first, second))


def _upload(*options: str) -> Callable[[Site], None]:
    def run(site: Site) -> None:
        target = site.destination.url("file")
        site.run("upload", site.file(), target, *IN_PARTS, *options).ended(0)
        site.destination.assert_is("file", CONTENT)

    return run


def _upload_where_one_is_unfinished(option: str) -> Callable[[Site], None]:
    def run(site: Site) -> None:
        site.destination.begin("file")
        _upload(option)(site)
        assert site.destination.unfinished() == []

    return run


def _copy(*options: str, tags: str = "") -> Callable[[Site], None]:
    def run(site: Site) -> None:
        source = site.stored_source("tagged" if tags else "source", tags)
        done = site.run("upload", source, site.destination.url("copy"), *options, "--json").ended(0).document
        site.destination.assert_is("copy", CONTENT)
        assert _tags(site) == ({"lab": "here"} if tags else {})
        # Nobody without the right to read tags knows whether there are any.
        assert done.get("not_copied") == (None if tags else ["tags"])

    return run


def _copy_of_an_old_version(site: Site) -> None:
    site.run("upload", site.old_version(), site.destination.url("copy")).ended(0)
    site.destination.assert_is("copy", CONTENT)


def _copy_that_is_taken_back(site: Site) -> None:
    expect = ("--expect", f"sha256:{'0' * 64}")
    site.run("upload", site.stored_source(), site.destination.url("copy"), *expect).ended(21)
    assert site.destination.keys() == []


def _upload_of_a_folder(site: Site) -> None:
    (site.home / "dir").mkdir()
    for name in ("a", "b"):
        (site.home / "dir" / name).write_bytes(b"data")
    site.run("upload", "dir/", site.destination.url("copy/")).ended(0)
    site.run("upload", "dir/", site.destination.url("copy/")).ended(0)
    assert site.destination.keys() == ["copy/a", "copy/b"]


def _copy_of_a_folder(site: Site) -> None:
    for key in ("dir/a", "dir/b"):
        site.stored_source(key)
    site.run("upload", site.source.url("dir/"), site.destination.url("copy/")).ended(0)
    assert site.destination.keys() == ["copy/a", "copy/b"]


def _download(site: Site) -> None:
    site.run("download", site.stored_source(), "copy").ended(0)


def _download_of_a_folder(site: Site) -> None:
    for key in ("dir/a", "dir/b"):
        site.source.put(key, b"data")
    site.run("download", site.source.url("dir/"), "copy").ended(0)
    site.run("download", site.source.url("dir/"), "copy").ended(0)
    assert {path.name for path in (site.home / "copy").iterdir()} == {"a", "b"}


def _download_to_standard_output(site: Site) -> None:
    site.source.put("source", b"lines")
    assert site.run("download", site.source.url("source"), "-").ended(0).stdout == "lines"


def _download_of_an_old_version(site: Site) -> None:
    site.run("download", site.old_version(), "copy").ended(0)
    assert (site.home / "copy").read_bytes() == CONTENT.read(0, CONTENT.size)


def _verify(site: Site) -> None:
    site.run("verify", site.stored_source()).ended(0)


def _verify_many(site: Site) -> None:
    (site.home / "checksums.txt").write_text(f"SHA1 ({site.stored_source()}) = {hashlib.sha1(WHOLE).hexdigest()}\n")
    site.run("verify", "--manifest", "checksums.txt").ended(0)


def _receipt(site: Site) -> None:
    site.run("receipt", site.stored_source()).ended(0)


def _plan(site: Site) -> None:
    site.run("plan", site.stored_source(), site.destination.url("copy")).ended(0)


def _list(site: Site) -> None:
    assert site.stored_source() in site.run("ls", site.source.url("")).ended(0).stdout


def _list_unfinished(site: Site) -> None:
    site.destination.begin("file")
    assert site.destination.url("file") in site.run("ls", "--unfinished", site.destination.url("")).ended(0).stdout


def _cancel(site: Site) -> None:
    site.destination.begin("file")
    site.run("cancel", site.destination.url("file")).ended(0)
    assert site.destination.unfinished() == []


RUNS: dict[str, Callable[[Site], None]] = {
    "`upload FILE S3_URL`": _upload(),
    "`upload FILE S3_URL --exists overwrite`": _upload("--exists", "overwrite"),
    "`upload FILE S3_URL --resume`": _upload_where_one_is_unfinished("--resume"),
    "`upload FILE S3_URL --force`": _upload_where_one_is_unfinished("--force"),
    "`upload FILE S3_URL --tag NAME=VALUE`": _upload("--tag", "lab=here"),
    "`upload S3_URL S3_URL`": _copy(),
    "`upload S3_URL S3_URL` (in parts)": _copy(*IN_PARTS),
    "`upload S3_URL S3_URL` (with tags)": _copy(tags="lab=here"),
    "`upload S3_URL S3_URL` (in parts, with tags)": _copy(*IN_PARTS, tags="lab=here"),
    "`upload S3_URL?versionId=ID S3_URL`": _copy_of_an_old_version,
    "`upload S3_URL S3_URL --expect SHA256` (that differs: the copy is deleted again)": _copy_that_is_taken_back,
    "`upload FOLDER/ S3_URL/`": _upload_of_a_folder,
    "`upload S3_URL/ S3_URL/`": _copy_of_a_folder,
    "`download S3_URL FILE`": _download,
    "`download S3_URL/ FOLDER`": _download_of_a_folder,
    "`download S3_URL -`": _download_to_standard_output,
    "`download S3_URL?versionId=ID FILE`": _download_of_an_old_version,
    "`verify S3_URL`": _verify,
    "`verify --manifest FILE`": _verify_many,
    "`receipt S3_URL`": _receipt,
    "`plan S3_URL S3_URL`": _plan,
    "`ls S3_URL`": _list,
    "`ls S3_URL --unfinished`": _list_unfinished,
    "`cancel S3_URL`": _cancel,
}


def test_every_row_of_the_table_is_run() -> None:
    assert sorted(row.command for row in _rows()) == sorted(RUNS)


@pytest.mark.parametrize("row", _rows(), ids=lambda row: row.command.replace("`", ""))
def test_a_command_takes_the_rights_that_are_listed_and_no_others(row: Row, site: Site) -> None:
    """It succeeds with exactly these, and there is none that it does not use."""
    site.allow(row.source, row.destination)
    RUNS[row.command](site)
    granted = {(site.source.bucket, action) for action in row.source}
    assert site.rights.used == granted | {(site.destination.bucket, action) for action in row.destination}


def _tags(site: Site) -> dict[str, str]:
    found = site.destination.client.get_object_tagging(Bucket=site.destination.bucket, Key="copy")["TagSet"]
    return {tag["Key"]: tag["Value"] for tag in found}


@pytest.mark.parametrize(("way", "terse"), [((), True), (IN_PARTS, False)], ids=["by one request", "in parts"])
def test_a_copy_of_a_tagged_object_goes_without_tags_for_want_of_a_right(
    way: tuple[str, ...], terse: bool, site: Site
) -> None:
    """Who may read tags and not write them hears of it, by whatever request the copy is made."""
    source = site.stored_source("tagged", "lab=here")
    site.allow((*READER, "s3:GetObjectTagging"), WRITER, terse=terse)
    done = site.run("upload", source, site.destination.url("copy"), *way, "--json").ended(0)
    assert done.document["not_copied"] == ["tags"]
    assert "s3:PutObjectTagging" in done.stderr
    site.destination.assert_is("copy", CONTENT)
    assert _tags(site) == {}


def test_tags_that_the_user_gives_are_never_left_out(site: Site) -> None:
    site.allow(destination=WRITER)
    denied = site.run("upload", site.file(), site.destination.url("file"), "--tag", "lab=here", *IN_PARTS).ended(14)
    assert "s3:PutObjectTagging" in denied.error_line
    site.destination.assert_untouched()


def test_a_resume_names_the_right_that_it_lacks(site: Site) -> None:
    site.destination.begin("file")
    resume = ("upload", site.file(), site.destination.url("file"), *IN_PARTS, "--resume")
    site.allow(destination=WRITER, terse=True)
    assert "s3:ListBucketMultipartUploads" in site.run(*resume).ended(14).error_line
    site.allow(destination=(*WRITER, "s3:ListBucketMultipartUploads"), terse=True)
    assert "s3:ListMultipartUploadParts" in site.run(*resume).ended(14).error_line


def test_an_upload_that_may_not_be_discarded_still_ends_in_its_own_error(site: Site, http_server: FaultyHttp) -> None:
    site.allow(destination=WRITER)
    source = http_server.add("/file", CONTENT)
    wrong = ("--expect", f"crc64nvme:{'0' * 16}")
    failed = site.run("upload", source, site.destination.url("file"), *IN_PARTS, *wrong).ended(21)
    assert "unfinished upload" in failed.stderr
    assert site.destination.keys() == []


def test_a_download_holds_to_its_version_without_naming_it(site: Site) -> None:
    """On a bucket with versions, by `s3:GetObject` alone."""
    site.old_version()
    site.allow(READER)
    site.run("download", site.source.url("source"), "copy").ended(0)
    assert (site.home / "copy").read_bytes() == b"another version"
    read = site.proxy.matching(GET_OBJECT)
    assert read
    assert all("if-match" in request.headers and "versionId" not in request.query for request in read)
