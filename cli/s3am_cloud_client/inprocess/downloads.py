"""Downloads into files on this machine."""

from __future__ import annotations

from pathlib import Path

from s3am_cloud.adapters.files.partial_file import PartialFile
from s3am_cloud.errors import PartialDownloadExists, SourceChanged
from s3am_cloud.model import Receipt
from s3am_cloud.ports.transfer import Ports
from s3am_cloud.transfer.download import DownloadRequest, download
from s3am_cloud_client.observer import Observer


def run_download(request: DownloadRequest, path: Path, ports: Ports, observer: Observer) -> Receipt:
    """Copies the object into a file. An interrupted download stays beside it under another name."""
    partial = PartialFile(path, observer.note)
    observer.advise("continue with --download-exists resume, or discard what was downloaded with discard")
    with observer.progress(path.name, 0) as meter:
        try:
            return download(request, partial, ports, meter, lambda plan: meter.expect(plan.size))
        except SourceChanged as error:
            _note_partial(partial, observer)
            raise SourceChanged(error.message, "download it again with --download-exists discard") from error
        except PartialDownloadExists:
            raise  # its hint says what to do; where another download is at work that is to wait
        except BaseException:  # whatever ends the run, what it leaves takes room
            _note_partial(partial, observer)
            raise


def _note_partial(partial: PartialFile, observer: Observer) -> None:
    """Says what an unfinished download has left on the disk, if it has."""
    if partial.left:
        observer.note(
            f"An unfinished download is left in {partial.path}: continue with --download-exists resume, or discard "
            "it with --download-exists discard"
        )
