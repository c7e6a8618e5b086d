"""How items ended, as lines of a dataset's files of results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from s3am_cloud.datasets.outcomes import ItemResult, Outcome
from s3am_cloud.decoders import Decoder
from s3am_cloud.errors import JobFailedForGood
from s3am_cloud.ports.dataset_files import DatasetFiles, ResultCounts, Results

_decode: Decoder[ItemResult] = Decoder(ItemResult)


def outcome_in(result: ItemResult) -> Outcome:
    """As the report has it."""
    return Outcome(**{name: getattr(result, name) for name in Outcome.__struct_fields__})


def counts_of(results: Iterable[Outcome]) -> ResultCounts:
    counted = dict.fromkeys(ResultCounts.__struct_fields__, 0)
    for one in results:
        counted[one.state] += 1
        if one.state != "failed":
            counted["bytes"] += one.size or 0
    return ResultCounts(**counted)


def write_results(
    dataset_id: str, round_number: int, name: str, results: list[ItemResult], files: DatasetFiles
) -> ResultCounts:
    """Writes how these items ended, all of them at once; without any nothing is written."""
    counts = counts_of(results)
    if results:
        files.write_results(dataset_id, round_number, name, counts, map(msgspec.json.encode, results))
    return counts


def read_results(found: Results, files: DatasetFiles) -> Iterator[ItemResult]:
    """Raises JobFailedForGood for what is none."""
    for line in files.read_results(found):
        try:
            yield _decode(line)
        except msgspec.DecodeError as error:
            raise JobFailedForGood(f"{found.key} can't be read: {error}") from error
