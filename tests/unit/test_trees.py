"""Trees: every file of a folder or prefix once, whatever else is there, and nothing that is not a file."""

from __future__ import annotations

import errno
import inspect
import os
import resource
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from s3am_cloud.adapters.clock import SystemClock
from s3am_cloud.adapters.files import tree
from s3am_cloud.adapters.files.name_folding import folding, same_name
from s3am_cloud.adapters.files.tree import LocalTree
from s3am_cloud.adapters.s3.access import S3Access, S3Settings
from s3am_cloud.adapters.s3.trees import S3Tree
from s3am_cloud.errors import AccessDenied, BadSource, SourceNotFound, StoreUnavailable
from s3am_cloud.ports.trees import Entry, Found, NoEntry, Unreadable
from s3am_cloud.urls import S3Url, SourceUrl, parse_source


def listed(folder: Path | str, follow: bool = True) -> list[Found]:
    return list(LocalTree(follow).entries(SourceUrl("file", f"{folder}/")))


def names(found: list[Found]) -> list[str]:
    return [one.name for one in found if isinstance(one, Entry)]


def test_a_folder_gives_its_files_sorted_with_size_and_time(tmp_path: Path) -> None:
    for name in ("b/x", "a", "b.x", "b/c/d", ".hidden"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"12345")
    os.utime(tmp_path / "a", (5.5, 5.5))
    (tmp_path / "empty").mkdir()
    found = listed(tmp_path)
    assert names(found) == [".hidden", "a", "b/c/d", "b/x", "b.x"]
    assert found[1] == Entry(source=f"{tmp_path}/a", name="a", size=5, modified=5.5)


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "x").write_bytes(b"1")
    for name, target in [("d/up", ".."), ("d/self", "."), ("link", "d"), ("file", "d/x"), ("none", "gone"), ("o", "o")]:
        (tmp_path / name).symlink_to(target)
    found = listed(tmp_path)
    assert names(found) == ["d/x", "file", "link/x"]
    assert {one.name for one in found if isinstance(one, NoEntry)} == {"d/self", "d/up", "link/self", "link/up"}
    errors = {one.name: one.error for one in found if isinstance(one, Unreadable)}
    assert {name: type(error) for name, error in errors.items()} == {"none": SourceNotFound, "o": BadSource}
    plain = listed(tmp_path, follow=False)
    assert names(plain) == ["d/x"]
    assert [one.name for one in plain if isinstance(one, NoEntry)] == ["d/self", "d/up", "file", "link", "none", "o"]


def test_what_is_not_a_file_is_left_out_with_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "null").symlink_to("/dev/null")
    monkeypatch.chdir(tmp_path)  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket")
        found = listed(tmp_path)
    reasons = {one.name: one.reason for one in found if isinstance(one, NoEntry)}
    assert reasons == {"fifo": "a FIFO", "null": "a character device", "socket": "a socket"}


def test_a_folder_that_can_not_be_read_is_one_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "x").touch()
    scan = os.scandir

    def refused(path: str) -> Any:
        if path.endswith("closed/"):  # which the superuser could read in any mode
            raise PermissionError(errno.EACCES, "permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refused)
    closed, entry = listed(tmp_path)
    assert isinstance(closed, Unreadable)
    assert isinstance(closed.error, AccessDenied)
    assert entry.name == "x"


def test_a_folder_that_goes_away_meanwhile_is_one_failure(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    (tmp_path / "b").mkdir()
    (tmp_path / "c").touch()
    found = LocalTree().entries(SourceUrl("file", f"{tmp_path}/"))
    assert next(found).name == "a"
    (tmp_path / "b").rmdir()
    (tmp_path / "c").unlink()
    assert [type(one) for one in found] == [Unreadable, Unreadable]


@pytest.mark.skipif(sys.platform == "darwin", reason="names are UTF-8 there")
def test_a_name_in_any_bytes_can_be_given_as_a_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (b"\xff", b"a:b", b"new\nline", b"-"):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(b"1")
    monkeypatch.chdir(tmp_path)
    for root in (".", tmp_path):
        found = listed(root)
        assert len(found) == 4
        for one in found:
            one.source.encode()
            assert parse_source(one.source).path.read_bytes() == b"1"
    assert LocalTree().entry(SourceUrl("file", "a:b")).source == "./a:b"


def test_a_deep_tree_takes_no_recursion(tmp_path: Path) -> None:
    """And no open file for each of its levels. What is below a path of 4 KiB fails, by its name."""
    depth = 120
    (tmp_path / ("d/" * depth)).mkdir(parents=True)
    (tmp_path / ("d/" * depth) / "x").touch()
    limits, most = resource.getrlimit(resource.RLIMIT_NOFILE), sys.getrecursionlimit()
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/dev/fd")) + 60, limits[1]))
    sys.setrecursionlimit(100 + len(inspect.stack(0)))
    try:
        found = listed(tmp_path)
    finally:
        sys.setrecursionlimit(most)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert names(found) == ["d/" * depth + "x"]


def test_a_very_large_folder_comes_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "TREE_NAMES", 3)
    for number in range(10):
        (tmp_path / f"{number}").touch()
    found = names(listed(tmp_path))
    assert sorted(found) == [f"{number}" for number in range(10)]
    assert all(found[at : at + 3] == sorted(found[at : at + 3]) for at in (0, 3, 6))


def test_a_tree_that_is_none_is_named() -> None:
    with pytest.raises(SourceNotFound):
        listed("/nowhere")
    with pytest.raises(SourceNotFound):
        listed(__file__)


@pytest.mark.parametrize(
    ("by_case", "by_form", "one"), [(True, True, "\u00e9a E\u0301A"), (False, True, "\u00e9a e\u0301a")]
)
def test_names_are_one_where_a_file_system_takes_them_for_one(by_case: bool, by_form: bool, one: str) -> None:
    same = folding(by_case, by_form)
    assert same is not None
    assert len({same(name) for name in one.split()}) == 1
    assert same("a") != same("b")


def test_a_file_system_is_asked_which_names_are_one(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    takes_case = (tmp_path / "A").exists()
    assert (same_name(tmp_path) is None) == (not takes_case)
    assert os.listdir(tmp_path) == ["a"]


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Tree]:
    objects = {
        "p/": b"",
        "p/a b": b"123",
        "p/d/": b"",
        "p/d/ü\n": b"1",
        "p/n/": b"x",
        "p/v?versionId=1": b"",
        "px": b"",
    }
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "x")
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="bkt")
        for key, body in objects.items():
            client.put_object(Bucket="bkt", Key=key, Body=body, ChecksumAlgorithm="CRC32C")
        yield S3Tree(S3Access(S3Settings(region="us-east-1")), SystemClock())


def test_a_prefix_gives_its_objects_and_names_what_is_none(s3: S3Tree) -> None:
    found = list(s3.entries(S3Url("bkt", "p/").as_source))
    assert names(found) == ["a b", "d/ü\n"]
    assert [one.name for one in found if isinstance(one, NoEntry)] == ["", "d/"]
    assert [one.name for one in found if isinstance(one, Unreadable)] == ["n/", "v?versionId=1"]
    [first] = [one for one in found if isinstance(one, Entry)][:1]
    assert (first.source, first.size, first.checksum) == ("s3://bkt/p/a b", 3, "CRC32C")
    assert first.etag == '"202cb962ac59075b964b07152d234b70"'
    assert first.modified is not None


def test_a_destination_is_listed_with_what_is_known_of_each_object(s3: S3Tree) -> None:
    found = list(s3.existing(S3Url("bkt", "")))
    assert [one.destination for one in found][-2:] == ["s3://bkt/p/v?versionId=1", "s3://bkt/px"]
    assert {one.size for one in found} == {0, 1, 3}


def test_a_bucket_that_is_none_is_a_bad_source(s3: S3Tree) -> None:
    with pytest.raises(BadSource, match="nobucket"):
        list(s3.entries(S3Url("nobucket", "p/").as_source))


def test_a_store_that_lists_what_is_elsewhere_is_not_believed() -> None:
    class Elsewhere(S3Access):
        def client_for(self, bucket: str) -> Any:
            pages = SimpleNamespace(paginate=lambda **_: [{"Contents": [{"Key": "other/x", "Size": 1}]}])
            return SimpleNamespace(get_paginator=lambda _: pages)

    tree = S3Tree(Elsewhere(S3Settings()), SystemClock())
    with pytest.raises(StoreUnavailable, match="below s3://bkt/p/: the store lists others"):
        list(tree.entries(S3Url("bkt", "p/").as_source))
