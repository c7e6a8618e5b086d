"""Runs over many items, as the commands show them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

import s3am_cloud_client
from s3am_cloud.item_counts import error_of_counts
from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.console.summary_text import Again, failures_text, outcome_text, receipt_lines, summary_text
from s3am_cloud_cli.options.repeating import again
from s3am_cloud_client import DatasetOptions, DownloadOptions, Transfers, UploadOptions, run_folder

if TYPE_CHECKING:
    from s3am_cloud_client.results import Outcome


def upload_items(
    console: Console, sources: Sequence[str], destination: str, dataset: DatasetOptions, options: UploadOptions
) -> None:
    """Copies them, prints the summary, and raises what its exit code stands for."""
    uploads = s3am_cloud_client.upload_many(
        sources, destination, options=options, dataset=_reported(dataset), observer=console
    )
    _shown(console, uploads, again(destination))


def update_item(
    console: Console, source: str, destination: str, dataset: DatasetOptions, options: UploadOptions
) -> None:
    """Copies one source to its own key, unless the object there is the same."""
    folder, _, name = destination.rpartition("/")
    own = msgspec.structs.replace(dataset, name=name.replace("{", "{{").replace("}", "}}"))
    upload_items(console, [source], f"{folder}/", own, options)


def download_items(
    console: Console, sources: Sequence[str], folder: str, dataset: DatasetOptions, options: DownloadOptions
) -> None:
    """The same the other way."""
    downloads = s3am_cloud_client.download_many(
        sources, folder, options=options, dataset=_reported(dataset), observer=console
    )
    _shown(console, downloads, again(folder))


def _reported(dataset: DatasetOptions) -> DatasetOptions:
    return dataset if dataset.report_dir is not None else msgspec.structs.replace(dataset, report_dir=run_folder())


def _shown(console: Console, transfers: Transfers, repeat: Again) -> None:
    last: list[Outcome] = []
    try:
        for outcome in transfers:
            last = [outcome]
            console.item(outcome, outcome.state, outcome_text)
    except KeyboardInterrupt:
        console.note(summary_text(transfers.summary, repeat))
        console.advise("the same command copies what is missing")
        raise
    summary = transfers.summary
    if console.quiet and not console.json:
        console.problem(failures_text(summary, repeat))
    receipt = receipt_lines(last[0]) if last and summary.counts.items == 1 else []
    console.summary(summary, [*receipt, *summary_text(summary, repeat)])
    error = error_of_counts(summary.counts)
    if error is not None:
        raise console.reported(error)
