"""The content types of what is uploaded from this machine."""

from __future__ import annotations

from pathlib import Path

from support.command import Command
from support.stored import Stored


def content_type(stored: Stored, key: str) -> str:
    return stored.client.head_object(Bucket=stored.bucket, Key=key)["ContentType"]


def test_local_files_have_the_type_of_their_names(command: Command, stored: Stored, home: Path) -> None:
    (home / "d").mkdir()
    for name in ("a.json", "b.vcf.gz", "c"):
        (home / "d" / name).write_bytes(b"{}")
    (home / "large.csv").write_bytes(b"x" * (17 << 20))
    command.run("upload", "d/", stored.url("d/")).ended(0)
    command.run("upload", "large.csv", stored.url("other-name")).ended(0)
    command.run("upload", "d/a.json", stored.url("given"), "--content-type", "text/x").ended(0)
    found = {key: content_type(stored, key) for key in stored.keys()}  # noqa: SIM118 - a method of ours
    assert found == {
        "d/a.json": "application/json",
        "d/b.vcf.gz": "application/gzip",
        "d/c": "binary/octet-stream",
        "other-name": "text/csv",
        "given": "text/x",
    }
    assert "ContentEncoding" not in stored.client.head_object(Bucket=stored.bucket, Key="d/b.vcf.gz")


def test_an_object_of_another_type_is_the_same_object(command: Command, stored: Stored, home: Path) -> None:
    """Such as one that was copied before types were guessed."""
    (home / "d").mkdir()
    (home / "d" / "a.json").write_bytes(b"{}")
    command.run("upload", "d/", stored.url("d/"), "--content-type", "binary/octet-stream").ended(0)
    assert "1 skipped" in command.run("upload", "d/", stored.url("d/")).ended(0).stdout
    (command.state / "objects.sqlite").unlink()
    assert "1 skipped" in command.run("upload", "d/", stored.url("d/")).ended(0).stdout
