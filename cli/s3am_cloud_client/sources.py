"""What `upload_many` and `download_many` are given: items, names of items, or a manifest."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from s3am_cloud.errors import BadDestination, Usage
from s3am_cloud.items import Item
from s3am_cloud_client.options import DatasetOptions

if TYPE_CHECKING:
    from s3am_cloud.adapters.s3.access import S3Access
    from s3am_cloud.datasets.names import Place
    from s3am_cloud.datasets.selection import Selected
    from s3am_cloud.ports.transfer import Ports

Sources = str | os.PathLike[str] | Iterable[str | os.PathLike[str] | Item]
"""Items, or what names them; one string or path alone is a manifest, or a folder."""


def items_or_manifest(
    sources: Sources, dataset: DatasetOptions
) -> tuple[list[str | os.PathLike[str] | Item], DatasetOptions]:
    """Raises Usage for two manifests."""
    if not isinstance(sources, str | os.PathLike):
        return list(sources), dataset
    text = source_text(sources)
    if text.endswith("/"):
        return [text], dataset
    if dataset.manifest is not None:
        raise Usage("two manifests are given", "give several sources as a list")
    return [], msgspec.structs.replace(dataset, manifest=text)


def source_text(source: str | os.PathLike[str]) -> str:
    """A `Path` has no `/` at its end that would say that a folder is meant."""
    text = os.fspath(source)
    return f"{text}/" if not isinstance(source, str) and os.path.isdir(text) else text


def named_sources(sources: Iterable[str | os.PathLike[str] | Item], dataset: DatasetOptions) -> list[str]:
    """The URLs that the user wrote: those of items are in lists, of whatever origin."""
    texts = [source_text(source) for source in sources if not isinstance(source, Item)]
    return [*texts, dataset.manifest or "", dataset.base or ""]


def selected_items(
    sources: Iterable[str | os.PathLike[str] | Item],
    place: Place,
    dataset: DatasetOptions,
    access: S3Access,
    ports: Ports,
) -> Iterator[Selected]:
    """`access` lists the prefixes among the sources, `ports` read a manifest."""
    from s3am_cloud.items import Placed
    from s3am_cloud_client.inprocess.dataset.selected import selected

    texts = []
    for number, source in enumerate(sources, 1):
        if isinstance(source, Item):
            yield Placed(item=source, place=f"item {number}")
        else:
            texts.append(source_text(source))
    yield from selected(texts, place, dataset, access, ports)


def limited_items(found: Iterator[Selected]) -> Iterator[Selected]:
    """Raises Usage for the first item that no rate limit applies to."""
    from s3am_cloud.items import Placed
    from s3am_cloud_client.inprocess.rate_limit import check_limited

    for one in found:
        if isinstance(one, Placed):
            check_limited(one.item.source)
        yield one


def absolute_folder(folder: str | os.PathLike[str]) -> str:
    """Raises BadDestination for a path that can't be written into a list."""
    path = os.path.abspath(os.fspath(folder))
    try:
        path.encode()
    except UnicodeEncodeError as error:
        shown = path.encode(errors="backslashreplace").decode()
        hint = "give another folder, or a link to this one"
        raise BadDestination(f"the path {shown} has bytes that are not UTF-8", hint) from error
    return path
