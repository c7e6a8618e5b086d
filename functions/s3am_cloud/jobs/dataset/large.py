"""Large items of a dataset, each a job of its own whose parts several workers transfer: what is left, and its end."""

from __future__ import annotations

import msgspec

from s3am_cloud.datasets.outcomes import ItemResult, result_of
from s3am_cloud.datasets.single import copied, failed
from s3am_cloud.decoders import Decoder
from s3am_cloud.errors import JobFailed, TransferError, UploadGone
from s3am_cloud.jobs.dataset.records import files_of, item_number, item_ports
from s3am_cloud.jobs.part_records import relied_on
from s3am_cloud.jobs.tasks import complete_job
from s3am_cloud.model import Job, Unit
from s3am_cloud.ports.dataset_files import DatasetFiles
from s3am_cloud.ports.item_list import Listed
from s3am_cloud.ports.transfer import Ports
from s3am_cloud.transfer.part_sizes import units
from s3am_cloud.transfer.remaining import missing

_decode_listed: Decoder[Listed] = Decoder(Listed)


class LargeEnd(msgspec.Struct, frozen=True):
    """What is left of a large item, and otherwise how it ended."""

    item: str
    left: tuple[Unit, ...] = ()
    result: ItemResult | None = None


def note_large(dataset_id: str, listed: Listed, files: DatasetFiles) -> None:
    """Keeps what was listed of an item: the record of its job has less."""
    files.write_note(dataset_id, _note(listed.number), msgspec.json.encode(listed))


def settle_large(dataset: Job, item_id: str, is_last: bool, ports: Ports) -> LargeEnd:
    """Completes the item whose parts are all there. Where `is_last`, one that lacks parts has failed.

    Repeating is quiet: an item that is complete has a report.
    """
    ports = item_ports(ports, dataset.id)
    job = ports.jobs.load(item_id)
    listed = _decode_listed(files_of(ports).note(dataset.id, _note(item_number(item_id))) or b"")
    try:
        left = () if _is_reported(item_id, ports) else _left(job, ports)
        if left and not is_last:
            return LargeEnd(item_id, left=left)
        if left:
            raise JobFailed(f"{job.source.display}: not all parts were transferred in the rounds that a job has")
        outcome = copied(listed, complete_job(item_id, ports))
        ports.jobs.forget(job)
    except TransferError as error:
        outcome = failed(listed, error)
    return LargeEnd(item_id, result=result_of(listed.number, outcome))


def _note(number: int) -> str:
    return f"large-{number}"


def _is_reported(item_id: str, ports: Ports) -> bool:
    before = ports.jobs.report(item_id)
    return before is not None and before.error is None


def _left(job: Job, ports: Ports) -> tuple[Unit, ...]:
    if job.plan is None:
        return ()
    try:
        lacking = missing(job.plan, relied_on(job, ports))
    except UploadGone:
        return ()  # it is complete already, or its completion reports why it can't be
    return tuple(units(job.plan, (part.number for part in lacking)))
