"""`upload_many`: a dataset, on this machine, with an outcome for each item."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

from s3am_cloud.items import Placed
from s3am_cloud_client.observer import Observer, SilentObserver
from s3am_cloud_client.options import DatasetOptions, UploadOptions

if TYPE_CHECKING:
    from s3am_cloud.datasets.outcomes import Counts, Failures, Outcome, Summary
    from s3am_cloud_client.inprocess.dataset.report import RunFiles
    from s3am_cloud_client.inprocess.dataset.upload_run import UploadRun


_USUAL_UPLOAD = UploadOptions()
_USUAL_DATASET = DatasetOptions()


class Uploads:
    """A dataset on its way. Iterate it, once, for the outcome of each item as it ends; `summary` is how it went."""

    def __init__(self, run: UploadRun, files: RunFiles | None, resources: ExitStack) -> None:
        self._run, self._files, self._resources = run, files, resources
        self._summary: Summary | None = None

    def __iter__(self) -> Iterator[Outcome]:
        with self._resources:
            try:
                for outcome in self._run.outcomes():
                    if self._files is not None:
                        self._files.add(outcome)
                    yield outcome
            finally:
                self._summary = self._run.summary()
                if self._files is not None:
                    self._files.end(self._summary)

    @property
    def summary(self) -> Summary:
        """Of the items that have ended so far."""
        return self._summary or self._run.summary()

    @property
    def counts(self) -> Counts:
        return self.summary.counts

    @property
    def failures(self) -> tuple[Failures, ...]:
        """The errors that items failed with, each with its number of items."""
        return self.summary.failures


def upload_many(
    items: Iterable[Placed],
    *,
    options: UploadOptions = _USUAL_UPLOAD,
    dataset: DatasetOptions = _USUAL_DATASET,
    observer: Observer | None = None,
) -> Uploads:
    """Copy many files or URLs into S3. Nothing is copied before the result is iterated."""
    from s3am_cloud_client.inprocess.dataset.report import RunFiles
    from s3am_cloud_client.inprocess.dataset.upload_run import UploadRun

    resources = ExitStack()
    try:
        run = resources.enter_context(UploadRun(items, options, dataset, observer or SilentObserver()))
        files = resources.enter_context(RunFiles(dataset.report_dir)) if dataset.report_dir else None
    except BaseException:
        resources.close()
        raise
    return Uploads(run, files, resources)
