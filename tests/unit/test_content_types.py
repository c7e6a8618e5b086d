"""Content types of local files."""

from __future__ import annotations

import mimetypes

import pytest

from s3am_cloud.content_types import guessed_type


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("a.txt", "text/plain"),
        ("/x/y.d/a.JSON", "application/json"),
        ("a.tar", "application/x-tar"),
        ("a.tar.gz", "application/gzip"),
        ("a.vcf.gz", "application/gzip"),
        ("a.tgz", "application/gzip"),
        ("a.b.c.txt.bz2", "application/x-bzip2"),
        ("a.xz", "application/x-xz"),
        ("a.bam", None),
        ("a", None),
        ("x.txt/a", None),
        (".txt", None),
        ("a.", None),
        ("data:text/html,.txt", "text/plain"),
        ("https://host/a.html?x=.png", "image/png"),
        ("a\udcff.pdf", "application/pdf"),
        ("", None),
    ],
)
def test_a_name_s_suffixes_say_what_a_file_is(name: str, found: str | None) -> None:
    assert guessed_type(name) == found


def test_the_files_of_the_machine_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(mimetypes.types_map, ".machine", "text/x-machine")
    mimetypes.add_type("text/x-other", ".txt")
    try:
        assert guessed_type("a.machine") is None
        assert guessed_type("b.txt") == "text/plain"
    finally:
        mimetypes.init()
