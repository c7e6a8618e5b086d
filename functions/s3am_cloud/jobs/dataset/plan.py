"""How far a dataset is prepared, and what it then consists of: a note beside the job's record."""

from __future__ import annotations

import msgspec

from s3am_cloud.datasets.units import Crew, ItemFile
from s3am_cloud.decoders import Decoder
from s3am_cloud.errors import JobFailedForGood
from s3am_cloud.model import SourceInfo
from s3am_cloud.ports.dataset_files import DatasetFiles

NOTE = "plan"


class Cursor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where the next turn begins: at which source (the list comes after all of them), after which name of its prefix
    or which line of the list."""

    source: int = 0
    after: str | None = None
    lines: int = 0


class DatasetPlan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`items` counts all of the dataset's; `outside` are those among them that ended before the first unit, as they
    were rejected or left out. The others are in `files`.

    `present` items, of `present_bytes` in all, are at their destinations in the size of their source.

    `given` are the items that a template has numbered. `list_info` is the version of the list that the first turn has
    read, and `listed_after` the object up to which the destination has been looked at.
    """

    cursor: Cursor = Cursor()
    items: int = 0
    outside: int = 0
    given: int = 0
    turns: int = 0
    files: tuple[ItemFile, ...] = ()
    schemes: tuple[str, ...] = ()
    list_info: SourceInfo | None = None
    gathered: bool = False
    is_listed: bool = False
    listed_after: str | None = None
    present: int = 0
    present_bytes: int = 0
    crew: Crew | None = None
    units: int = 0

    @property
    def bytes(self) -> int:
        """Of the items whose size is known."""
        return sum(file.bytes for file in self.files)

    @property
    def large(self) -> int:
        """Items that are jobs of their own."""
        return sum(file.items for file in self.files if file.size_class == "large")


_decode: Decoder[DatasetPlan] = Decoder(DatasetPlan)


def load_plan(job_id: str, files: DatasetFiles) -> DatasetPlan:
    """As far as it has been made. Raises JobFailedForGood where it can't be read."""
    data = files.note(job_id, NOTE)
    try:
        return DatasetPlan() if data is None else _decode(data)
    except msgspec.DecodeError as error:
        raise JobFailedForGood(f"the plan of job {job_id} can't be read: {error}") from error


def save_plan(job_id: str, plan: DatasetPlan, files: DatasetFiles) -> None:
    files.write_note(job_id, NOTE, msgspec.json.encode(plan))
