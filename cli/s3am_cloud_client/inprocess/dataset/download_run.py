"""A run of downloads, put together: its lanes and their adapters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from s3am_cloud.adapters.clock import SystemClock
from s3am_cloud.adapters.curl.objects.saver import CurlFileMover
from s3am_cloud.adapters.files.below import FoldersBelow
from s3am_cloud.adapters.files.item_list import SqliteItemList
from s3am_cloud.adapters.files.name_folding import same_name
from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.datasets.directions import Direction
from s3am_cloud.datasets.failures import OF_ALL
from s3am_cloud.datasets.lanes import Lanes
from s3am_cloud.datasets.outcomes import Outcome
from s3am_cloud.datasets.single import Done, Task, failed
from s3am_cloud.errors import BadDestination
from s3am_cloud.limits import OBJECT_CONNECTIONS, SINGLE_LANES
from s3am_cloud.ports.objects import WholeFile
from s3am_cloud.ports.pace import within
from s3am_cloud_client.inprocess.dataset.downloading import Downloading
from s3am_cloud_client.inprocess.dataset.fetching import fetch_one
from s3am_cloud_client.inprocess.dataset.items_run import RunContext
from s3am_cloud_client.inprocess.dataset.lane_observer import LaneObserver
from s3am_cloud_client.inprocess.ports import curl_settings, local_ports
from s3am_cloud_client.observer import Observer

if TYPE_CHECKING:
    from s3am_cloud_client.options import DownloadOptions


class DownloadSide:
    """The `Side` of downloads into `folder`, an absolute path."""

    def __init__(self, folder: str, options: DownloadOptions, access: S3Access, observer: Observer) -> None:
        self._options, self._access, self._observer = options, access, observer
        self._reach = options.reach()
        self._folders = FoldersBelow(folder)
        self.direction: Direction[WholeFile] = Downloading(self._folders)
        self.errors_of_all = OF_ALL

    def prepare(self, items: SqliteItemList) -> Iterable[Outcome]:
        """Those whose names can't be files beside the others fail."""
        return list(clashing(items, same_name(Path(self._folders.root or "/"))))

    def lanes(self, run: RunContext) -> Lanes[WholeFile]:
        access, reach = self._access, self._reach
        access.require_credentials()

        def fetch(task: Task) -> Done:
            observer = LaneObserver(lanes.stop, self._observer.note, run.moved)
            request = self._options.request(task.candidate.stored, overwrite=task.replace)
            return fetch_one(task, request, local_ports(access, reach=reach, observer=observer), observer)

        connections = within(reach.rate_limit, OBJECT_CONNECTIONS)
        mover = CurlFileMover(access, curl_settings(access, reach), connections, SystemClock(), run.moved)
        lanes: Lanes[WholeFile] = Lanes(mover, fetch, SINGLE_LANES)
        return lanes


def clashing(items: SqliteItemList, one_file: Callable[[str], str] | None) -> Iterator[Outcome]:
    """Those that can't be files beside the others; `one_file` gives names that are one file there the same text."""
    seen = set()
    for listed, other in list(items.clashes(one_file)):
        if listed.number in seen:
            continue
        seen.add(listed.number)
        name = listed.item.destination
        is_folder = other.startswith(f"{name}/")
        why = f"can't be a file: it is the folder of {other}" if is_folder else f"and {other} are one file here"
        error = BadDestination(f"{name} {why}", "use --name, or --exclude one of them")
        items.outcome(listed.number, "failed")
        yield failed(listed, error)
