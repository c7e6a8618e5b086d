"""Arguments the wrong way round: the hint names the command that does what was meant."""

from __future__ import annotations

from s3am_cloud.errors import BadDestination, BadS3Url
from s3am_cloud.urls import STDIN, SourceUrl, local_error, parse_s3

_S3 = "s3://"


def check_into_s3(source: str, destination: str) -> None:
    """Raises BadDestination where an object is to go to a local path by a command that copies into S3."""
    if source.lower().startswith(_S3) and ":" not in destination:
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
        parse_s3(source)
    except BadS3Url as error:
        swapped = "://" in source or destination.lower().startswith(_S3)
        if error.hint != BadS3Url.hint or not swapped:
            raise
        raise BadS3Url(error.message, "to copy it into S3, use s3am-cloud upload SRC_URL DST_URL") from None
