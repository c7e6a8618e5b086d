"""Arguments the wrong way round: the hint names the command that does what was meant."""

from __future__ import annotations

import os

from s3am_cloud.errors import BadDestination, BadS3Url
from s3am_cloud.urls import STDIN, SourceUrl, is_download, local_error, parse_s3

_S3 = "s3://"


def check_into_s3(source: str, destination: str) -> None:
    """Raises BadDestination where an object is to go to a local path by a command that copies into S3."""
    if is_download(source, destination):
        raise BadDestination(
            f"not an S3 URL: {destination}", "to copy an object to this machine, use s3am-cloud download S3_URL DST"
        )


def check_into_cloud(source: str, destination: str) -> None:
    """The same, and BadSource for standard input, where it is the cloud that copies."""
    check_into_s3(source, destination)
    if source == STDIN:
        raise local_error(SourceUrl("file", STDIN))


def check_from_s3(source: str, destination: str) -> None:
    """Raises BadS3Url where something else than an object is to be downloaded."""
    try:
        parse_s3(source, key_needed=not source.endswith("/"))
    except BadS3Url as error:
        swapped = "://" in source or destination.lower().startswith(_S3)
        if error.hint != BadS3Url.hint or not swapped:
            raise
        raise BadS3Url(error.message, "to copy it into S3, use s3am-cloud upload SRC_URL DST_URL") from None


def check_folder(destination: str, *, may_be_new: bool) -> None:
    """Raises BadDestination where several objects are to go to what is not a folder, or to a new one that may be meant
    as a file."""
    if destination == "-":
        raise BadDestination("several objects can't go to standard output", "give a folder, or one object")
    if destination.lower().startswith(_S3):
        raise BadDestination(
            f"not a folder on this machine: {destination}", "to copy objects inside S3, use s3am-cloud upload"
        )
    if not (may_be_new or destination.endswith("/") or os.path.isdir(destination)):
        raise BadDestination(f"{destination} is not a folder", f"write {destination}/ to make one")
