"""A run of uploads, put together: its lanes and their adapters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from s3am_cloud.adapters.clock import SystemClock
from s3am_cloud.adapters.curl.objects.bodies import probe_file
from s3am_cloud.adapters.curl.objects.looks import CurlObjectLooks
from s3am_cloud.adapters.curl.objects.mover import CurlObjectMover, ObjectRoute
from s3am_cloud.adapters.files.item_list import SqliteItemList
from s3am_cloud.adapters.s3.store import S3Store
from s3am_cloud.adapters.s3.trees import S3Tree
from s3am_cloud.datasets.candidates import Candidate
from s3am_cloud.datasets.directions import Direction
from s3am_cloud.datasets.failures import OF_ALL_UPLOADS
from s3am_cloud.datasets.lanes import Lanes
from s3am_cloud.datasets.outcomes import Outcome
from s3am_cloud.datasets.single import Done, Task, copy_one
from s3am_cloud.datasets.uploading import Uploading
from s3am_cloud.integrity.provenance import Provenance
from s3am_cloud.items import Item
from s3am_cloud.limits import HOSTS_AT_ONCE, LOOK_CONNECTIONS, OBJECT_CONNECTIONS, SINGLE_LANES
from s3am_cloud.model import Attributes, SourceInfo, TransferRequest
from s3am_cloud.ports.objects import WholeObject
from s3am_cloud.ports.pace import within
from s3am_cloud.ports.transfer import Ports
from s3am_cloud.urls import S3Url
from s3am_cloud_client.inprocess.dataset.existing import note_existing
from s3am_cloud_client.inprocess.dataset.item_servers import ItemServers
from s3am_cloud_client.inprocess.dataset.items_run import RunContext
from s3am_cloud_client.inprocess.dataset.lane_observer import LaneObserver
from s3am_cloud_client.inprocess.driver import run_upload
from s3am_cloud_client.inprocess.ports import curl_settings, local_ports
from s3am_cloud_client.inprocess.record_store import records
from s3am_cloud_client.observer import Observer
from s3am_cloud_client.remote.job_ids import new_id

if TYPE_CHECKING:
    from s3am_cloud_client.options import DatasetOptions, UploadOptions


class UploadSide:
    """The `Side` of uploads below `destination`."""

    def __init__(
        self,
        destination: S3Url,
        options: UploadOptions,
        dataset: DatasetOptions,
        observer: Observer,
        servers: ItemServers,
    ) -> None:
        self._destination, self._options, self._observer = destination, options, observer
        self._servers = servers
        self._overwrites = dataset.exists == "overwrite"
        self._clock = SystemClock()
        self.direction: Direction[WholeObject] = Uploading(probe_file, options.source_digest)
        self.errors_of_all = OF_ALL_UPLOADS

    def prepare(self, items: SqliteItemList) -> Iterable[Outcome]:
        if not self._overwrites:
            access = self._options.destination_access()
            store, listing = S3Store(access, self._clock, self._observer.note), S3Tree(access, self._clock)
            note_existing(items, self._destination, store, listing, self._observer)
        return ()

    def lanes(self, run: RunContext) -> Lanes[WholeObject]:
        options, access = self._options, self._options.destination_access()
        access.require_credentials()
        reach = options.reach(self._servers.logins(), shared=True)
        carried = Carried(new_id(self._clock), options, run.candidate)
        settings = curl_settings(access, reach)
        jobs = records(access, options.stack, self._observer)

        def copy(task: Task) -> Done:
            observer = LaneObserver(lanes.stop, self._observer.note, run.moved)
            return copy_here(
                task, options, local_ports(access, options.source_access(), reach, jobs, observer), observer
            )

        lanes: Lanes[WholeObject] = Lanes(
            CurlObjectMover(
                ObjectRoute(access, settings, carried, options.source_access()),
                within(reach.rate_limit, OBJECT_CONNECTIONS * HOSTS_AT_ONCE),
                self._clock,
                run.moved,
            ),
            copy,
            SINGLE_LANES,
            CurlObjectLooks(access, settings, LOOK_CONNECTIONS, self._clock),
        )
        return lanes


def copy_here(task: Task, options: UploadOptions, ports: Ports, observer: Observer) -> Done:
    """One item by the transfer of a single object, in this process."""

    def request(item: Item) -> TransferRequest:
        return options.request(item.source, item.destination)

    return copy_one(task, request, ports, lambda whole: run_upload(whole, ports, observer))


class Carried:
    """What the objects of one run carry besides their bytes: what the user gave, and where they came from."""

    def __init__(self, run: str, options: UploadOptions, candidate: Callable[[int], Candidate]) -> None:
        self._candidate, self._provenance = candidate, Provenance(run, options.request("source", "s3://bucket/key"))

    def __call__(self, number: int, info: SourceInfo) -> Attributes:
        one = self._candidate(number)
        return self._provenance.of(one.source, one.stored, info)
