"""What the destination of a download means: a file, an output, or nothing that can be written."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from s3am_cloud.errors import BadDestination
from s3am_cloud.urls import S3Url
from s3am_cloud_client.inprocess.destinations import Output, destination_of

SOURCE = S3Url("b", "run/x.bin")


def test_a_file_has_its_own_name_and_a_folder_gets_the_objects(tmp_path: Path) -> None:
    assert destination_of(SOURCE, str(tmp_path / "new")) == tmp_path / "new"
    assert destination_of(SOURCE, str(tmp_path)) == tmp_path / "x.bin"
    assert destination_of(SOURCE, f"{tmp_path}/") == tmp_path / "x.bin"
    assert destination_of(SOURCE, f"file://{tmp_path}/a%20b") == tmp_path / "a b"


def test_a_link_to_a_file_names_that_file_whether_it_exists_or_not(tmp_path: Path) -> None:
    for name in ("there", "new"):
        (tmp_path / f"to-{name}").symlink_to(name)
    (tmp_path / "there").write_text("x")
    assert destination_of(SOURCE, str(tmp_path / "to-there")) == tmp_path / "there"
    assert destination_of(SOURCE, str(tmp_path / "to-new")) == tmp_path / "new"
    (tmp_path / "x.bin").symlink_to("elsewhere")
    assert destination_of(SOURCE, str(tmp_path)) == tmp_path / "elsewhere"


@pytest.mark.parametrize(
    ("text", "descriptor"),
    [("-", 1), ("/dev/stdout", 1), ("/dev/stderr", 2), ("/dev/fd/63", 63), ("/proc/self/fd/5", 5), ("/dev/null", None)],
)
def test_outputs_are_written_in_order_and_never_replaced(text: str, descriptor: int | None) -> None:
    found = destination_of(SOURCE, text)
    assert isinstance(found, Output)
    assert found.descriptor == descriptor


def test_a_fifo_is_an_output_and_a_file_that_is_called_like_one_is_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "fifo")
    monkeypatch.chdir(tmp_path)
    assert destination_of(SOURCE, "fifo") == Output("fifo")
    assert destination_of(SOURCE, "./-") == Path("./-")


@pytest.mark.parametrize("key", ["dir/", "dir/..", "dir/."])
def test_a_key_without_a_file_name_needs_one(tmp_path: Path, key: str) -> None:
    with pytest.raises(BadDestination):
        destination_of(S3Url("b", key), str(tmp_path))
    assert destination_of(S3Url("b", key), str(tmp_path / "marker")) == tmp_path / "marker"


def test_what_can_not_be_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder" / "x.bin").mkdir(parents=True)
    (tmp_path / "loop").symlink_to("loop")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        for name in ("file/", "file/x", "folder", "missing/", "loop", "socket", "n" * 300):
            with pytest.raises(BadDestination):
                destination_of(SOURCE, f"{tmp_path}/{name}")
    with pytest.raises(BadDestination):
        destination_of(SOURCE, "")
