"""Transfers on this machine from Python: documented, silent, and at home in other people's programs."""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

import s3am_cloud_client
from s3am_cloud.errors import (
    BadDestination,
    BadPartSize,
    BadSource,
    LocalFileExists,
    ObjectExists,
    SourceNotFound,
    TransferError,
    Usage,
)
from s3am_cloud.request import Exists
from s3am_cloud_client import (
    DatasetOptions,
    DownloadOptions,
    ObjectOptions,
    SilentObserver,
    UploadOptions,
    cancel_uploads,
    diagnose,
    download,
    download_many,
    plan,
    provenance,
    upload,
    upload_many,
    verify,
    verify_receipt,
)
from s3am_cloud_client.inprocess import workers
from servers.content import Pattern, pattern
from servers.faults import Status
from servers.faulty_http import FaultyHttp
from servers.strict_s3 import StrictS3
from support.examples import blocks, run_block, run_docstring
from support.stored import Stored

GUIDE = (Path(__file__).parents[2] / "docs" / "python.md").read_text()
MIB = 1 << 20
PART = 5 * MIB


@pytest.fixture(autouse=True)
def _machine(home: Path, strict_s3: StrictS3, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's folder, and the strict S3 server for AWS."""
    monkeypatch.chdir(home)
    monkeypatch.setenv("S3AM_CLOUD_STATE_HOME", str(home / "state"))
    for name, value in strict_s3.environment().items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def names(home: Path, http_server: FaultyHttp, bucket: str) -> dict[str, str]:
    """What the names in examples stand for."""
    (home / "genome.bam").write_bytes(pattern(100_000))
    (home / "runs").mkdir()
    for name in ("1.bin", "2.bin"):
        (home / "runs" / name).write_bytes(pattern(1000))
    url = http_server.add("/run42.tar", pattern(100_000))
    return {"https://host/run42.tar": url, "s3://bucket/": f"s3://{bucket}/"}


def test_the_examples_of_the_guide_work(names: dict[str, str], stored: Stored) -> None:
    code = blocks(GUIDE, "Transfers on this machine")
    assert len(code) == GUIDE.split("## Jobs in the cloud")[0].count("```python")
    for block in code:
        run_block(block, names)
    stored.assert_holds("again.tar", Pattern(100_000))


def test_the_examples_of_docstrings_say_what_comes(names: dict[str, str], stored: Stored) -> None:
    assert run_docstring(upload_many, names) > 1
    assert run_docstring(upload, names) > 1
    run_block("from s3am_cloud_client import upload\nupload('genome.bam', 's3://bucket/genome.bam')", names)
    assert run_docstring(download, names) > 1
    for documented in (verify, verify_receipt, provenance, cancel_uploads, plan, diagnose):
        assert run_docstring(documented, names) > 1


def test_many_items_are_a_list_a_folder_or_a_manifest(home: Path, stored: Stored, names: dict[str, str]) -> None:
    (home / "list.jsonl").write_text('{"source": "genome.bam"}\n{"source": "runs/1.bin"}\n{"source": "none"}\n')
    uploads = upload_many("list.jsonl", stored.url("p/"))
    copied = sorted(one.destination for one in uploads if one.state == "copied")
    assert copied == uploads_of(stored, "p/")
    [failed] = uploads.failed
    assert failed.source.endswith("none")
    assert failed.error is not None
    assert failed.error.name == "SourceNotFound"
    again = DatasetOptions(exists="overwrite")
    for source in ("runs/", Path("runs"), [Path("runs")]):
        assert upload_many(source, stored.url("q/"), dataset=again).wait().counts.copied == 2
    (home / "got.jsonl").write_text(f'{{"source": "{stored.url("p/genome.bam")}"}}\n')
    downloads = download_many("got.jsonl", "down")
    assert (downloads.wait().counts.copied, downloads.failed) == (1, ())
    with pytest.raises(Usage, match="two manifests"):
        upload_many("list.jsonl", stored.url("p/"), dataset=DatasetOptions(manifest="list.jsonl"))


def uploads_of(stored: Stored, prefix: str) -> list[str]:
    return sorted(stored.url(key) for key in stored.keys() if key.startswith(prefix))  # noqa: SIM118 - a method of ours


def test_all_that_is_exported_is_documented() -> None:
    for name in s3am_cloud_client.__all__:
        shown = getattr(s3am_cloud_client, name)
        assert name.startswith("On") or (shown.__doc__ or "").strip(), name


@pytest.mark.parametrize("size", [1, 1000, 2 * PART + 17])
def test_progress_adds_up(size: int, home: Path, stored: Stored) -> None:
    (home / "x.bin").write_bytes(pattern(size))
    up: list[tuple[int, int | None]] = []
    down: list[tuple[int, int | None]] = []
    options = UploadOptions(part_size=PART)
    upload("x.bin", stored.url("x.bin"), options=options, progress=lambda *seen: up.append(seen))
    download(stored.url("x.bin"), "copy.bin", progress=lambda *seen: down.append(seen))
    for seen in (up, down):
        assert seen[-1] == (size, size)
        assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert (home / "copy.bin").read_bytes() == pattern(size)


class Stop(Exception):
    """What a program raises."""


@pytest.mark.parametrize("where", ["main", "another"])
def test_what_a_callback_raises_ends_the_transfer_and_is_raised_by_it(
    where: str, home: Path, stored: Stored, capfd: pytest.CaptureFixture[str]
) -> None:
    (home / "x.bin").write_bytes(pattern(2 * PART))
    upload("x.bin", stored.url("x.bin"))

    def stop(done: int, total: int | None) -> None:
        raise Stop

    def run() -> None:
        with pytest.raises(Stop):
            upload("x.bin", stored.url("y.bin"), options=UploadOptions(part_size=PART), progress=stop)
        with pytest.raises(Stop):
            download(stored.url("x.bin"), "copy.bin", progress=stop)

    in_thread(run) if where == "another" else run()
    assert not (home / "copy.bin").exists()
    assert capfd.readouterr() == ("", "")


def test_nothing_is_printed_whatever_happens(
    home: Path, stored: Stored, http_server: FaultyHttp, capfd: pytest.CaptureFixture[str]
) -> None:
    (home / "x.bin").write_bytes(pattern(2 * PART))
    upload("x.bin", stored.url("x.bin"), options=UploadOptions(part_size=PART))
    with pytest.raises(ObjectExists):
        upload("x.bin", stored.url("x.bin"))
    download(stored.url("x.bin"), "y.bin")
    with pytest.raises(LocalFileExists):
        download(stored.url("x.bin"), "y.bin")
    with pytest.raises(TransferError):
        upload(http_server.add("/gone", b"", Status(status=410)), stored.url("z.bin"))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda url: upload("missing.bin", url), SourceNotFound),
        (lambda url: upload("x.bin", "no-url"), BadDestination),
        (lambda url: upload("x.bin", "s3://no-such-bucket-anywhere/x"), BadDestination),
        (lambda url: upload("x.bin", url, options=UploadOptions(resume=True, force=True)), Usage),
        (lambda url: upload("x.bin", url, exists=cast("Exists", "later")), Usage),
        (lambda url: download(url, "nowhere/x.bin"), BadDestination),
        (lambda url: verify(url + ".missing"), SourceNotFound),
        (lambda url: verify_receipt("s3://no-such-bucket-anywhere/x"), BadSource),
        (lambda url: verify("s3://bucket/x", options=ObjectOptions(part_size=1)), BadPartSize),
        (lambda url: provenance(url + ".missing"), SourceNotFound),
        (lambda url: cancel_uploads("s3://bucket/folder/"), BadDestination),
        (lambda url: plan("https://user:secret@127.0.0.1/x", "no-url"), BadDestination),
        (lambda url: download(url, "-", options=DownloadOptions(partial="resume")), Usage),
    ],
)
def test_errors_are_ours(call: Callable[[str], object], error: type[TransferError], home: Path, stored: Stored) -> None:
    (home / "x.bin").write_bytes(b"x")
    with pytest.raises(error):
        call(stored.url("x.bin"))


def test_what_exists_may_be_skipped(home: Path, stored: Stored) -> None:
    (home / "x.bin").write_bytes(b"one")
    upload("x.bin", stored.url("x.bin"))
    (home / "x.bin").write_bytes(b"two")
    assert upload("x.bin", stored.url("x.bin"), exists="skip").state == "skipped"
    assert download(stored.url("x.bin"), "x.bin", exists="skip").state == "skipped"
    assert (home / "x.bin").read_bytes() == b"two"
    download(stored.url("x.bin"), Path("x.bin"), exists="overwrite")
    assert (home / "x.bin").read_bytes() == b"one"


def in_thread(run: Callable[[], object]) -> None:
    """Raises what it does."""
    raised: list[BaseException] = []

    def caught() -> None:
        try:
            run()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=caught)
    thread.start()
    thread.join()
    if raised:
        raise raised[0]


@pytest.mark.parametrize("worth", [PART, 1 << 40], ids=["processes", "one process"])
def test_several_threads_transfer_at_once(
    worth: int, home: Path, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "BYTES_WORTH_A_PROCESS", worth)
    threads: list[threading.Thread] = []
    for name in ("a.bin", "b.bin"):
        (home / name).write_bytes(pattern(2 * PART + len(threads)))
        run = lambda name=name: upload(name, stored.url(name), options=UploadOptions(part_size=PART))  # noqa: E731
        threads.append(threading.Thread(target=run))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name in ("a.bin", "b.bin"):
        stored.assert_holds(name, Pattern((home / name).stat().st_size))


class Notes(SilentObserver):
    """What a program gets to know."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.advice: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def advise(self, hint: str) -> None:
        self.advice.append(hint)


def test_ctrl_c_is_raised_after_what_is_left_was_reported(home: Path, stored: Stored) -> None:
    (home / "x.bin").write_bytes(pattern(3 * PART))
    observed = Notes()
    before = signal.getsignal(signal.SIGINT)

    def press(done: int, total: int | None) -> None:
        if 0 < done < PART:
            signal.raise_signal(signal.SIGINT)

    options = UploadOptions(part_size=PART, upload_slots=1)
    with pytest.raises(KeyboardInterrupt):
        upload("x.bin", stored.url("x.bin"), options=options, observer=observed, progress=press)
    assert re.search("unfinished upload of .*x.bin .* is left in S3", observed.notes[-1])
    assert "--resume" in observed.advice[-1]
    assert signal.getsignal(signal.SIGINT) is before
    upload("x.bin", stored.url("x.bin"), options=UploadOptions(part_size=PART, resume=True))
    stored.assert_holds("x.bin", Pattern(3 * PART))


def test_a_programs_own_handlers_are_called_and_left_as_they_were(home: Path, stored: Stored) -> None:
    (home / "x.bin").write_bytes(pattern(3 * PART))
    calls: list[int] = []
    own = lambda number, frame: calls.append(number)  # noqa: E731
    before = signal.signal(signal.SIGTERM, own)
    try:
        upload(
            "x.bin",
            stored.url("x.bin"),
            options=UploadOptions(part_size=PART),
            progress=lambda done, total: None if calls else signal.raise_signal(signal.SIGTERM),
        )
        assert calls[:1] == [signal.SIGTERM]
        assert signal.getsignal(signal.SIGTERM) is own
    finally:
        signal.signal(signal.SIGTERM, before)
