"""Many objects as one request: what the client makes of arguments and lists, and what `accept` refuses."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import msgspec
import pytest

from s3am_cloud.adapters.memory.dataset_files import memory_dataset_files
from s3am_cloud.adapters.memory.jobs import MemoryJobs
from s3am_cloud.errors import BadDestination, BadManifest, BadRequest, BadSource, Usage
from s3am_cloud.ingest.accept import decode_request
from s3am_cloud.items import Item
from s3am_cloud.jobs.locks import request_fingerprint
from s3am_cloud.model import TransferRequest
from s3am_cloud.ports.dataset_files import DatasetFiles
from s3am_cloud.transfer.reserved import refuse_records_bucket
from s3am_cloud_client import DatasetOptions, SubmitOptions
from s3am_cloud_client.remote.datasets import dataset_request
from support.fakes import FakeClock

TO = "s3://bucket/to/"


@pytest.fixture
def files() -> DatasetFiles:
    return memory_dataset_files(FakeClock())


def made(sources: list[str | Item], files: DatasetFiles, **options: Any) -> TransferRequest:
    return dataset_request(
        sources, TO, DatasetOptions(**options), SubmitOptions(storage_class="GLACIER_IR"), lambda: files
    )


def test_arguments_and_options_become_one_request_that_is_accepted(files: DatasetFiles) -> None:
    filters = (("exclude", "*.tmp"), ("include", "*.bam"))
    request = made(["s3://a/b/", "https://host/x"], files, filters=filters, min_age=600.0, exists="update")
    assert request.dataset is not None
    assert request.dataset.sources == ("s3://a/b/", "https://host/x")
    assert (request.dataset.filters, request.dataset.min_age, request.exists) == (filters, 600.0, "update")
    assert request.attributes.storage_class == "GLACIER_IR"
    assert request.source == "s3://a/b/"
    assert str(request.target) == TO
    assert decode_request(msgspec.to_builtins(request)) == request


def test_the_same_list_gives_the_same_request_wherever_it_is(files: DatasetFiles, tmp_path: Path) -> None:
    """So that submitting it again, while a job for it runs, joins that."""
    path = tmp_path / "urls.txt"
    path.write_text("https://host/a\nhttps://host/b\n")
    first, second = made([], files, manifest=str(path)), made([], files, manifest=str(path))
    assert request_fingerprint(first) == request_fingerprint(second)
    assert first.dataset is not None
    assert b"".join(files.manifest(first.dataset.manifest_digest or "") or ()) == path.read_bytes()
    path.write_text("https://host/a\n")
    assert request_fingerprint(made([], files, manifest=str(path))) != request_fingerprint(first)


def test_items_are_given_as_a_list(files: DatasetFiles) -> None:
    request = made([Item(source="https://host/a", destination=f"{TO}b", size=5)], files)
    assert request.dataset is not None
    lines = b"".join(files.manifest(request.dataset.manifest_digest or "") or ())
    assert lines == b'{"source":"https://host/a","destination":"s3://bucket/to/b","size":5}\n'


def test_a_list_from_standard_input_is_kept(files: DatasetFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"https://host/a\n")))
    request = made([], files, manifest="-")
    assert request.dataset is not None
    assert request.dataset.manifest_name == "standard input"
    assert b"".join(files.manifest(request.dataset.manifest_digest or "") or ()) == b"https://host/a\n"


@pytest.mark.parametrize("source", ["runs/", "*.bam", "/data/file", "file:///data/"])
def test_local_files_are_refused_before_anything_is_submitted(source: str, files: DatasetFiles) -> None:
    with pytest.raises(BadSource, match="the cloud can't read"):
        made([source, "s3://a/b/"], files)


@pytest.mark.parametrize("line", ["data/a.bam", "ftp://", '{"size": 5}'])
def test_a_wrong_line_of_a_local_list_is_named(line: str, files: DatasetFiles, tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_text(f"https://host/fine\n{line}\n")
    with pytest.raises(BadManifest, match="list:2"):
        made([], files, manifest=str(path), manifest_format="urls")


def test_options_of_this_machine_are_refused(files: DatasetFiles, tmp_path: Path) -> None:
    with pytest.raises(Usage):
        made(["s3://a/b/"], files, report_dir=tmp_path)


def requested(dataset: dict[str, object] | None, **fields: object) -> dict[str, object]:
    return {"source": "s3://a/b/", "destination": TO, **({"dataset": dataset} if dataset else {}), **fields}


@pytest.mark.parametrize(
    "request_",
    [
        requested(None, exists="update", source="https://host/x"),
        requested({"name": "{name}"}),
        requested({"sources": ["s3://other/"]}),
        requested({"sources": ["s3://a/b/"], "manifest_format": "xlsx"}),
        requested({"sources": ["s3://a/b/"], "manifest_digest": "short"}),
        requested({"sources": ["s3://a/b/", "https://me:secret@host/x"]}),
        requested({"sources": ["s3://a/b/"], "manifest": "https://host/list?X-Amz-Signature=secret"}),
        requested({"sources": ["s3://a/b/"], "base": "ftp://me:secret@host/"}),
        requested({"sources": ["s3://a/b/", "sftp://host/x"]}),
        requested({"sources": ["s3://a/b/"], "surprise": 1}),
    ],
)
def test_a_dataset_that_cannot_be_accepted_is_refused_without_its_secrets(request_: dict[str, object]) -> None:
    with pytest.raises(BadRequest) as caught:
        decode_request(request_)
    assert "secret@" not in caught.value.message
    assert "=secret" not in caught.value.message


def test_a_glob_and_a_template_are_read_when_the_request_is() -> None:
    with pytest.raises(Usage):
        decode_request(requested({"sources": ["s3://a/b/"], "name": "{na"}))
    with pytest.raises(Usage):
        decode_request(requested({"sources": ["s3://a/b/"], "filters": [["include", ""]]}))


def test_a_datasets_destination_is_a_prefix() -> None:
    request = requested({"sources": ["s3://a/b/"]}, destination="s3://bucket/key")
    found = decode_request(request)
    with pytest.raises(BadDestination):
        _ = found.target


@pytest.mark.parametrize("field", ["sources", "manifest", "base"])
def test_no_dataset_reads_the_records_of_jobs(field: str) -> None:
    url = "s3://work/jobs/"
    dataset: dict[str, object] = {"sources": ["s3://a/b/"], field: ["s3://a/b/", url] if field == "sources" else url}
    request = decode_request(requested(dataset))
    with pytest.raises(BadSource, match="records of jobs"):
        refuse_records_bucket(request, MemoryJobs("work"))
