"""What is said of uploads from a pipe: nothing can continue them, so no hint may advise it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from s3am_cloud.command_lines import command_line
from s3am_cloud.errors import TransferError, UploadExists, Usage
from s3am_cloud.request import TransferRequest
from s3am_cloud_client.observer import Observer

_AGAIN = "run the whole command line again: what a pipe gave can't be resumed"


@contextmanager
def reading_once(request: TransferRequest, observer: Observer) -> Iterator[None]:
    """Raises Usage where the upload is to be resumed; of other errors, fits the hints that advise it."""
    if request.resume:
        raise Usage("an upload from a pipe can't be resumed: its bytes come only once", "leave --resume out")
    observer.advise(_AGAIN)
    try:
        yield
    except TransferError as error:
        if "--resume" not in error.hint:
            raise
        hint = _AGAIN
        if isinstance(error, UploadExists):
            discard = command_line("cancel", str(request.target))
            hint = f"if no other transfer is at work there, discard it with {discard}"
        raise type(error)(error.message, hint) from error
