"""What a dataset costs, once it is known what it consists of."""

from __future__ import annotations

from s3am_cloud.amounts import price_text
from s3am_cloud.costs.datasets import DatasetWork, forecast_dataset
from s3am_cloud.costs.forecast import Forecast, source_reads
from s3am_cloud.costs.surcharge import Terms
from s3am_cloud.datasets.units import Crew, ItemFile
from s3am_cloud.errors import TooExpensive
from s3am_cloud.jobs.dataset.plan import DatasetPlan
from s3am_cloud.limits import ITEMS_WITHOUT_LISTING, SMALL_OBJECT
from s3am_cloud.model import Job, has_secrets
from s3am_cloud.transfer.part_sizes import free_part

# What one plain request brings, or one copy inside S3.
_PLAIN = {"http", "https", "s3"}


def forecast_of_dataset(job: Job, plan: DatasetPlan) -> Forecast:
    """Of all items that are not at their destinations in the right size; those of unknown size count as empty."""
    regions, storage_class = job.regions, job.request.attributes.storage_class
    terms = Terms(sent_from=regions.mover, destination=regions.destination, storage_class=storage_class)
    work = work_of(plan, plan.crew or Crew(workers=1, slots=1), job.request.part_size)
    return forecast_dataset(work, terms, by_event=job.event is not None, sealed=has_secrets(job))


def work_of(plan: DatasetPlan, crew: Crew, part_size: int | None) -> DatasetWork:
    whole = [file for file in plan.files if file.size_class in {"small", "medium", "unsized"}]
    parted = [file for file in plan.files if file.size_class in {"multipart", "large"}]
    count = max(0, sum(file.items for file in whole) - plan.present)
    plain, schemes = set(plan.schemes) <= _PLAIN, set(plan.schemes)
    copies = schemes == {"s3"}
    uploads = sum(file.items for file in parted)
    listed = plan.items if plan.items > ITEMS_WITHOUT_LISTING or "s3" in schemes else 0
    return DatasetWork(
        puts=count if plain else 0,
        singles=0 if plain else count,
        looks=0 if plain else min(count, sum(file.items for file in whole if not (copies and _is_small(file)))),
        uploads=uploads,
        parts=sum(_parts(file, part_size, copies) for file in parted),
        bytes=max(0, plan.bytes - plan.present_bytes),
        # Copies of whole items keep their tags, and nobody reads these.
        reads=count * ("s3" in schemes) + uploads * source_reads("s3" if "s3" in schemes else ""),
        listed=listed,
        files=len(plan.files),
        units=plan.units,
        workers=crew.workers,
        turns=plan.turns + 1,
    )


def enforce_max_cost_of_dataset(job: Job, plan: DatasetPlan) -> None:
    """Raises TooExpensive where the forecast is above what the request bears."""
    most = job.request.max_cost
    if most is None:
        return
    found = forecast_of_dataset(job, plan)
    if found.dollars > most:
        raise TooExpensive(
            f"the {plan.items:,} items would cost about {price_text(found.dollars)} in the cloud, more than "
            f"{price_text(most)}"
        )


def _is_small(file: ItemFile) -> bool:
    return file.bytes <= file.items * SMALL_OBJECT


def _parts(file: ItemFile, part_size: int | None, copies: bool) -> int:
    """By the mean size of its items."""
    size = file.bytes // max(1, file.items)
    return file.items * -(-size // (part_size or free_part(size, None, copies)))
