"""What another user plants under a name that we are about to open is neither written to, read, nor waited for."""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.adapters.curl.transport.known_hosts import knowing
from s3am_cloud.adapters.files.locked_file import keep_acl
from s3am_cloud.adapters.files.output_stream import open_output
from s3am_cloud.adapters.files.private_files import create_private, private_folder, read_private, write_private
from s3am_cloud.adapters.records.jobs import Folder
from s3am_cloud.errors import AccessDenied, BadDestination
from s3am_cloud.model import MovedPart
from s3am_cloud_cli.local_cloud.state import Record, StateFolder, claim_server_lock
from s3am_cloud_client.inprocess.part_journal import PartNotes
from s3am_cloud_client.inprocess.record_store import Fallible

Plant = Callable[[Path, Path], object]

SOMEBODY = 12345
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="chown to another user takes root")
NAME = "jobs/1/job.json"


@pytest.fixture
def victim(tmp_path: Path) -> Iterator[Path]:
    """A file of the user's that must stay as it is."""
    file = tmp_path / "victim"
    file.write_bytes(b"precious")
    yield file
    assert file.read_bytes() == b"precious"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def somebodys(path: Path, victim: Path) -> None:
    path.write_bytes(b'{"forged": true}')
    os.chown(path, SOMEBODY, -1)


PLANTS: dict[str, Plant] = {
    "a link": lambda path, victim: path.symlink_to(victim),
    "a link to nothing": lambda path, victim: path.symlink_to(path.with_name("nothing")),
    "a hard link": lambda path, victim: path.hardlink_to(victim),
    "a FIFO": lambda path, victim: os.mkfifo(path),
    "a folder": lambda path, victim: path.mkdir(),
    "somebody's file": somebodys,
}
PLANTED = pytest.mark.parametrize(
    "plant", [pytest.param(plant, id=name, marks=AS_ROOT if "body" in name else ()) for name, plant in PLANTS.items()]
)


@PLANTED
def test_a_record_that_was_planted_is_refused(plant: Plant, tmp_path: Path, victim: Path) -> None:
    root = tmp_path / "state"
    documents = Folder(root)
    documents.write(NAME, b"ours")
    (root / NAME).unlink()
    plant(root / NAME, victim)
    with pytest.raises(AccessDenied, match=r"state|in the way"):
        documents.read(NAME)
    assert not documents.create(NAME, b"new")
    if plant not in {PLANTS["a hard link"], somebodys}:  # whose name is taken from them, and nothing else
        with pytest.raises(AccessDenied, match=r"state|in the way"):
            documents.write(NAME, b"new")
    assert not (root / "jobs/1/nothing").exists()


@pytest.mark.parametrize("plant", [PLANTS["a link"], PLANTS["a FIFO"], pytest.param(somebodys, marks=AS_ROOT)])
def test_a_transfer_goes_on_without_its_record(plant: Plant, tmp_path: Path, victim: Path) -> None:
    said: list[str] = []
    root = private_folder(tmp_path / "state")
    plant(root / "jobs", victim)
    own = Fallible(Folder(root), said.append)
    own.write(NAME, b"new")
    assert (own.read(NAME), own.create(NAME, b"new"), len(said)) == (None, True, 1)


@PLANTED
def test_notes_on_parts_are_not_written_there(plant: Plant, tmp_path: Path, victim: Path) -> None:
    said: list[str] = []
    notes = PartNotes(private_folder(tmp_path / "state", "parts"), "upload", said.append)
    assert notes._path is not None
    plant(notes._path, victim)
    assert list(notes.keep([MovedPart(1, 1, 1, "e")]))
    assert len(said) == 1
    assert notes._path is None


@PLANTED
def test_the_embedded_cloud_uses_no_planted_file(plant: Plant, tmp_path: Path, victim: Path) -> None:
    folder = StateFolder(tmp_path / "state" / "local")
    folder.create()
    for file in (folder.record_file, folder.server_lock, folder.command_lock):
        plant(file, victim)
    for use in (folder.record, folder.server, lambda: claim_server_lock(folder.server_lock)):
        with pytest.raises((AccessDenied, OSError)):
            use()
    with pytest.raises((AccessDenied, OSError)), folder.exclusive():
        pass


def test_folders_and_files_are_this_users_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        Folder(tmp_path / "a" / "b").write(NAME, b"x")
        Folder(tmp_path / "a" / "b").create("made", b"x")
        StateFolder(tmp_path / "a" / "b" / "local").create()
    finally:
        os.umask(before)
    for path in (tmp_path / "a").rglob("*"):
        assert mode(path) == (0o700 if path.is_dir() else 0o600), path
    assert mode(tmp_path / "a") == 0o700


def test_what_is_open_to_others_is_closed(tmp_path: Path) -> None:
    root = tmp_path / "state"
    (root / "jobs").mkdir(parents=True)
    for folder in (root, root / "jobs"):
        folder.chmod(0o777)
    (root / "jobs" / "old").write_bytes(b"x")
    assert private_folder(root, "jobs") == root / "jobs"
    assert (mode(root), mode(root / "jobs")) == (0o700, 0o700)
    assert read_private(root / "jobs" / "old") == b"x"
    assert mode(root / "jobs" / "old") == 0o600


def test_a_folder_that_the_user_shares_on_purpose_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "sticky").mkdir()
    (tmp_path / "sticky").chmod(0o1777)
    (tmp_path / "readable").mkdir(mode=0o755)
    (tmp_path / "link").symlink_to(tmp_path / "readable")
    for name in ("sticky", "readable", "link"):
        before = mode(tmp_path / name)
        private_folder(tmp_path / name, "jobs")
        assert (mode(tmp_path / name), mode(tmp_path / name / "jobs")) == (before, 0o700)


@AS_ROOT
@pytest.mark.parametrize("name", ["state", "state/jobs"])
def test_another_users_folder_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "state" / "jobs").mkdir(parents=True)
    (tmp_path / name).chmod(0o777)
    os.chown(tmp_path / name, SOMEBODY, -1)
    with pytest.raises(AccessDenied, match=r"another user|not this user's"):
        private_folder(tmp_path / "state", "jobs")
    assert not list((tmp_path / "state" / "jobs").iterdir())


def test_a_link_to_a_folder_is_no_folder_of_ours(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "state" / "jobs").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(AccessDenied, match="in the way"):
        Folder(tmp_path / "state").write(NAME, b"x")
    assert not list((tmp_path / "elsewhere").iterdir())


@pytest.mark.parametrize("write", [write_private, create_private])
def test_what_is_planted_in_the_last_moment_is_not_written_to(
    write: Callable[[Path, bytes], None], tmp_path: Path, victim: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def planting(path: Path, flags: int, mode: int = 0o777) -> int:
        path.symlink_to(victim)
        return opened(path, flags, mode)

    opened = os.open
    monkeypatch.setattr("s3am_cloud.adapters.files.private_files.os.open", planting)
    with pytest.raises(FileExistsError):
        write(tmp_path / "record", b"x")


def test_a_file_of_a_process_that_died_is_no_obstacle(tmp_path: Path, victim: Path) -> None:
    (tmp_path / f".record.{os.getpid()}").symlink_to(victim)
    write_private(tmp_path / "record", b"x")
    assert read_private(tmp_path / "record") == b"x"


def test_records_of_the_cloud_are_written_and_read(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path / "local")
    with folder.exclusive():
        cloud = msgspec.convert(
            dict.fromkeys(("endpoint_url", "region", "access_key_id", "secret_access_key", "stack"), "x")
            | {"state_machine_arn": "x", "work_bucket": "x", "event_bus": "x", "pid": 1},
            type=msgspec.structs.fields(Record)[0].type,
        )
        folder.write_record(Record(cloud=cloud, fingerprint="f"))
    found = folder.record()
    assert found is not None
    assert found.fingerprint == "f"


def test_keys_of_ssh_servers_are_in_a_file_whose_name_nobody_foresees(tmp_path: Path) -> None:
    settings = knowing(CurlSettings(ca_file=""), "sftp://h/x", ("ssh-ed25519 AAAA",))
    assert settings.known_hosts is not None
    path = Path(settings.known_hosts)
    assert path.read_text() == "h ssh-ed25519 AAAA\n"
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)


def test_a_fifo_that_became_a_file_is_not_overwritten(victim: Path) -> None:
    with pytest.raises(BadDestination, match="replaced"), open_output(str(victim), None):
        pass


def test_an_overwritten_file_keeps_its_acl(tmp_path: Path) -> None:
    """Its mode alone would give the group what the ACL's mask allows to somebody else."""
    entries = [(0x01, 6, -1), (0x02, 6, SOMEBODY), (0x04, 0, -1), (0x10, 6, -1), (0x20, 0, -1)]
    acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *entry) for entry in entries)
    old, new = tmp_path / "old", tmp_path / "new"
    old.touch()
    try:
        os.setxattr(old, "system.posix_acl_access", acl)
    except (OSError, AttributeError):
        pytest.skip("the file system of the temporary folder keeps no POSIX ACLs")
    with new.open("wb") as file:
        assert keep_acl(old, file.fileno())
    assert os.getxattr(new, "system.posix_acl_access") == acl
