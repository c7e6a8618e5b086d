"""What a request for a dataset has to say before anything of it is listed."""

from __future__ import annotations

from collections.abc import Iterator

from s3am_cloud.checksums.published import AUTO, NONE
from s3am_cloud.datasets.filters import Filter, Filters
from s3am_cloud.datasets.manifests.reading import FORMATS
from s3am_cloud.datasets.names import Template
from s3am_cloud.errors import BadRequest
from s3am_cloud.model import TransferRequest
from s3am_cloud.request import Dataset


def check_dataset(request: TransferRequest) -> None:
    """Raises BadRequest for what can't be a dataset; Usage for a glob or a template that can't be read."""
    dataset = request.dataset
    if dataset is None:
        if request.exists == "update":
            raise BadRequest("exists is update, which only a dataset can have", "use overwrite or skip")
        return
    label = label_of(dataset)
    if label is None:
        raise BadRequest("the dataset has neither sources nor a manifest", "name what is to be copied")
    if request.source != label:
        raise BadRequest("the request's source is not the first one of its dataset", f"write {label!r} there")
    if dataset.manifest is not None and dataset.manifest_digest is not None:
        raise BadRequest("the dataset has both a manifest and a manifest_digest", "leave one of them out")
    if dataset.manifest_format not in FORMATS:
        raise BadRequest("the dataset's manifest_format is unknown", f"use one of {', '.join(FORMATS)}")
    if request.expect is not None:
        raise BadRequest("expect is the checksum of one object, and a dataset has several", "state each in a manifest")
    if request.source_digest not in {None, AUTO, NONE}:
        raise BadRequest("source_digest is a file for one object, and a dataset has several", "use auto")
    Filters(tuple(Filter(kind, glob) for kind, glob in dataset.filters))
    if dataset.name is not None:
        Template(dataset.name, "")


def label_of(dataset: Dataset) -> str | None:
    """What a dataset is listed with: its first source, or its list."""
    return next(iter(dataset.sources), None) or dataset.manifest or dataset.manifest_name


def sources_of(request: TransferRequest) -> Iterator[tuple[str, str]]:
    """All URLs that a request reads from, each with what messages call it."""
    dataset = request.dataset
    if dataset is None:
        yield request.source, "the source URL"
        return
    for source in dataset.sources:
        yield source, "a source URL"
    for url, what in ((dataset.manifest, "the manifest's URL"), (dataset.base, "the URL in base")):
        if url is not None:
            yield url, what
