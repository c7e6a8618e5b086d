"""`list_objects` and `list_uploads`: what is below a prefix in S3."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from s3am_cloud_client.inprocess.system_errors import naming_system_errors
from s3am_cloud_client.options import ObjectOptions

if TYPE_CHECKING:
    from s3am_cloud_client.results import StoredObject, UnfinishedUpload

_USUAL = ObjectOptions()


def list_objects(url: str, *, options: ObjectOptions = _USUAL) -> Iterator[StoredObject]:
    """List the objects whose URLs begin with `url`, in the order of their keys' bytes.

    They come as S3 lists them, a thousand with each request: memory stays bounded. Raises AccessDenied, BadS3Url,
    BadDestination (no such bucket).

    >>> from s3am_cloud_client import list_objects
    >>> [(found.url, found.size) for found in list_objects("s3://bucket/none/")]
    []
    """
    from s3am_cloud.adapters.clock import SystemClock
    from s3am_cloud.adapters.s3.trees import S3Tree
    from s3am_cloud.urls import parse_s3_target
    from s3am_cloud_client.inprocess.listings import stored_objects

    prefix = parse_s3_target(url, key_needed=False)
    with naming_system_errors():
        yield from stored_objects(prefix, S3Tree(options.access(), SystemClock()))


def list_uploads(url: str, *, options: ObjectOptions = _USUAL) -> Iterator[UnfinishedUpload]:
    """List the unfinished uploads of objects whose URLs begin with `url`, with the size of their parts, their age, and
    what they cost in a month. Raises what `list_objects` does.

    >>> from s3am_cloud_client import list_uploads
    >>> sum(found.monthly_cost or 0.0 for found in list_uploads("s3://bucket/none/"))
    0
    """
    from s3am_cloud.urls import parse_s3_target
    from s3am_cloud_client.inprocess.listings import unfinished_uploads
    from s3am_cloud_client.inprocess.ports import local_ports

    prefix = parse_s3_target(url, key_needed=False)
    with naming_system_errors():
        ports = local_ports(options.access())
        yield from unfinished_uploads(prefix, ports.store, ports.clock)
