"""How a dataset in the cloud is listed, noted and cut into units, in turns of one invocation each."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from functools import partial

import msgspec
import pytest

from s3am_cloud.adapters.memory.dataset_files import memory_dataset_files
from s3am_cloud.adapters.memory.jobs import MemoryJobs
from s3am_cloud.adapters.memory.transfer import MemoryStore
from s3am_cloud.datasets.outcomes import ItemResult
from s3am_cloud.errors import AccessDenied, BadManifest, JobFailedForGood, TooExpensive
from s3am_cloud.jobs.dataset.plan import DatasetPlan, load_plan
from s3am_cloud.jobs.dataset.prepare import prepare_dataset
from s3am_cloud.limits import GIB, ITEM_FILE, ITEMS_WITHOUT_LISTING, LIST_PAGE, MAX_UNIT_ITEM, MIB
from s3am_cloud.model import Job
from s3am_cloud.ports.dataset_files import DatasetFiles, ItemUnit
from s3am_cloud.ports.item_list import Existing, Listed
from s3am_cloud.ports.transfer import Ports
from s3am_cloud.ports.trees import Entry, Found, every_folder
from s3am_cloud.request import Dataset, TransferRequest
from s3am_cloud.urls import S3Url, SourceUrl
from support.fakes import World

PREFIX = "s3://source/in/"
DESTINATION = "s3://bucket/out/"


class Tree:
    """An `ObjectTree` of names and sizes; `listings` are where each listing began."""

    def __init__(self, sizes: dict[str, int], existing: dict[str, int] | None = None) -> None:
        self.sizes, self.objects = dict(sorted(sizes.items())), existing or {}
        self.listings: list[str | None] = []
        self.may_list = True

    def entries(
        self, url: SourceUrl, enters: Callable[[str], bool] = every_folder, after: str | None = None
    ) -> Iterator[Found]:
        self.listings.append(after)
        for name, size in self.sizes.items():
            if url.url == PREFIX and (after is None or name > after):
                yield Entry(source=url.url + name, name=name, size=size, modified=1.0, etag=f'"{name}"')

    def existing(self, prefix: S3Url, after: str | None = None) -> Iterator[Existing]:
        if not self.may_list:
            raise AccessDenied("no right to list")
        for name, size in sorted(self.objects.items()):
            if after is None or name > after:
                yield Existing(destination=f"{prefix}{name}", size=size)


def world_of(tree: Tree) -> tuple[Ports, DatasetFiles]:
    world = World()
    files = memory_dataset_files(world.clock)
    return msgspec.structs.replace(world.ports, dataset_files=files, tree=tree), files


def job_of(dataset: Dataset, **options: object) -> Job:
    source = dataset.sources[0] if dataset.sources else dataset.manifest or "https://list/urls.txt"
    request = msgspec.convert(
        {"source": source, "destination": DESTINATION, "dataset": msgspec.to_builtins(dataset), **options},
        TransferRequest,
    )
    return Job(id="job", created="2026-01-02T03:04:05.000+00:00", request=request)


def plenty() -> float:
    return 900.0


def prepared(job: Job, ports: Ports) -> DatasetPlan:
    plan = prepare_dataset(job, ports, plenty)
    assert plan is not None
    return plan


def items(files: DatasetFiles) -> list[Listed]:
    plan = load_plan("job", files)
    return sorted((one for file in plan.files for one in files.items("job", file.file)), key=lambda one: one.number)


def results(files: DatasetFiles) -> list[ItemResult]:
    return [
        msgspec.json.decode(line, type=ItemResult)
        for found in files.results("job")
        for line in files.read_results(found)
    ]


def listed(content: str, files: DatasetFiles, **options: object) -> Dataset:
    digest = hashlib.sha256(content.encode()).hexdigest()
    files.write_manifest(digest, io.BytesIO(content.encode()))
    return msgspec.convert({"manifest_digest": digest, "manifest_name": "urls.txt", **options}, Dataset)


def test_each_item_is_in_one_unit_once() -> None:
    ports, files = world_of(Tree({f"{at:05d}": at * 1000 for at in range(3000)}))
    plan = prepared(job_of(Dataset(sources=(PREFIX,))), ports)
    numbers = list[int]()
    for unit in files.units("job", 1):
        assert isinstance(unit, ItemUnit)
        numbers += [one.number for one in files.items("job", unit.file, unit.first, unit.to)]
    assert sorted(numbers) == list(range(3000))
    assert plan.items == 3000
    assert plan.bytes == sum(at * 1000 for at in range(3000))


def test_a_file_has_one_size_class_the_largest_first_and_bounded_bytes() -> None:
    sizes = [100, 5 * MIB, 200 * MIB, MAX_UNIT_ITEM + 1, 50 * GIB, 7]
    ports, files = world_of(Tree({f"{'n' * 800}{at:05d}": sizes[at % 6] + at for at in range(12_000)}))
    plan = prepared(job_of(Dataset(sources=(PREFIX,))), ports)
    assert {file.size_class for file in plan.files} == {"small", "medium", "multipart", "large"}
    for file in plan.files:
        found = list(files.items("job", file.file))
        assert [one.item.size for one in found] == sorted((one.item.size or 0 for one in found), reverse=True)
        assert sum(len(msgspec.json.encode(one)) + 1 for one in found) <= ITEM_FILE + 2000
    assert len(plan.files) > 4


def test_what_exists_is_noted_by_one_listing() -> None:
    count = ITEMS_WITHOUT_LISTING + 1
    tree = Tree({f"{at}": 5 for at in range(count)}, existing={"3": 5, "7": 6, "another": 9})
    ports, files = world_of(tree)
    prepared(job_of(Dataset(sources=(PREFIX,))), ports)
    noted = {one.item.destination: one.existing.size for one in items(files) if one.existing is not None}
    assert noted == {f"{DESTINATION}3": 5, f"{DESTINATION}7": 6}


def test_of_a_few_items_each_is_looked_at_without_a_listing() -> None:
    """So that submitting a few items again skips them, however many objects are at their destination."""
    tree = Tree({f"{at}": 5 for at in range(3)})
    tree.may_list = False
    ports, files = world_of(tree)
    store = ports.store
    assert isinstance(store, MemoryStore)
    etag = store.put_object(S3Url("bucket", "out/1"), b"12345", overwrite=False)
    plan = prepared(job_of(Dataset(sources=(PREFIX,))), ports)
    [found] = [one.existing for one in items(files) if one.existing is not None]
    assert found == Existing(destination=f"{DESTINATION}1", size=5, etag=etag)
    assert plan.present == 1


@pytest.mark.parametrize("why", ["overwrite", "denied"])
def test_without_a_listing_nothing_is_noted_and_nothing_fails(why: str) -> None:
    tree = Tree({f"{at}": 5 for at in range(ITEMS_WITHOUT_LISTING + 1)}, existing={"3": 5})
    tree.may_list = why == "overwrite"
    ports, files = world_of(tree)
    exists = {"exists": "overwrite"} if why == "overwrite" else {}
    prepared(job_of(Dataset(sources=(PREFIX,)), **exists), ports)
    assert [one.number for one in items(files) if one.existing is not None] == []


def in_turns(job: Job, ports: Ports, pages: int) -> int:
    """Prepares the job with time for `pages` pages in each turn; returns the number of turns."""
    for turn in range(1, 100):
        if prepare_dataset(job, ports, partial(next, iter([900.0] * (pages - 1)), 1.0)) is not None:
            return turn
    raise AssertionError("it does not end")


def test_turns_make_the_same_plan_as_one() -> None:
    sizes = {f"{at:05d}": (at % 3) * MIB for at in range(5 * LIST_PAGE + 5)}
    dataset = Dataset(sources=("https://host/first", PREFIX), name="{n}/{name}")
    existing = {f"{at + 2}/{at:05d}": 1 for at in range(0, 5000, 7)}
    (at_once, one), (bit_by_bit, many) = world_of(Tree(sizes, existing)), world_of(Tree(sizes, existing))
    prepared(job_of(dataset), at_once)
    assert in_turns(job_of(dataset), bit_by_bit, pages=2) == 3
    assert items(many) == items(one)
    assert sum(item.existing is not None for item in items(many)) == len(existing)


def test_a_list_is_continued_after_its_last_line() -> None:
    tree = Tree({})
    ports, files = world_of(tree)
    content = "".join(f"https://host/{at}\n" for at in range(3 * LIST_PAGE + 1))
    assert in_turns(job_of(listed(content, files)), ports, pages=1) > 3
    assert [one.item.source for one in items(files)] == content.split()


def test_a_turn_that_dies_is_repeated_from_where_it_began() -> None:
    tree = Tree({f"{at:05d}": 5 for at in range(3 * LIST_PAGE)})
    ports, files = world_of(tree)
    job = job_of(Dataset(sources=(PREFIX,)))
    assert prepare_dataset(job, ports, lambda: 1.0) is None

    def dies() -> float:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        prepare_dataset(job, ports, dies)
    prepared(job, ports)
    assert [one.number for one in items(files)] == list(range(3 * LIST_PAGE))


def test_a_prepared_dataset_is_not_listed_again() -> None:
    tree = Tree({"a": 5})
    ports, _ = world_of(tree)
    job = job_of(Dataset(sources=(PREFIX,)))
    assert prepared(job, ports) == prepared(job, ports)
    assert tree.listings == [None]


def test_what_is_given_twice_counts_once_and_two_sources_are_an_error() -> None:
    ports, files = world_of(Tree({}))
    twice = "https://host/a\nhttps://host/b\nhttps://host/a\n"
    assert prepared(job_of(listed(twice, files)), ports).items == 2
    assert [one.item.source for one in items(files)] == ["https://host/a", "https://host/b"]
    ports, files = world_of(Tree({}))
    with pytest.raises(BadManifest, match=r"s3://bucket/out/a .*urls\.txt:1 and at urls\.txt:2"):
        prepared(job_of(listed("https://host/a\nhttps://other/a\n", files)), ports)


def test_rejected_and_left_out_items_end_before_the_first_round() -> None:
    ports, files = world_of(Tree({"../up": 1, "fine": 2}))
    dataset = Dataset(sources=(PREFIX, "s3://source/empty/"))
    plan = prepared(job_of(dataset), ports)
    found = results(files)
    assert plan.items == len(found) + len(items(files))
    assert {one.error.name for one in found if one.error} == {"BadDestination", "SourceNotFound"}
    assert plan.outside == len(found)


@pytest.mark.parametrize("content", ["data/a.bam\n", "/etc/passwd\n", "file:///etc/passwd\n"])
def test_a_list_in_the_cloud_names_no_local_file(content: str) -> None:
    ports, files = world_of(Tree({}))
    with pytest.raises(BadManifest, match=r"urls\.txt:1.*local path"):
        prepared(job_of(listed(content, files)), ports)


def test_a_list_that_is_gone_is_an_error_with_a_hint() -> None:
    ports, _ = world_of(Tree({}))
    with pytest.raises(JobFailedForGood) as caught:
        prepared(job_of(Dataset(manifest_digest="0" * 64)), ports)
    assert caught.value.hint == "submit the dataset again"


def test_a_dataset_above_its_cost_is_refused_before_it_has_units() -> None:
    ports, files = world_of(Tree({f"{at:05d}": 100_000 for at in range(2000)}))
    with pytest.raises(TooExpensive, match=r"2,000 items would cost about \$0\.0"):
        prepare_dataset(job_of(Dataset(sources=(PREFIX,)), max_cost=0.001), ports, plenty)
    assert list(files.units("job", 1)) == []
    prepared(job_of(Dataset(sources=(PREFIX,)), max_cost=1.0), ports)


def test_what_is_there_already_costs_next_to_nothing() -> None:
    """So that a dataset which is copied again every night is not refused for what its first copy cost."""
    sizes = {f"{at:05d}": 100_000 for at in range(2000)}
    ports, _ = world_of(Tree(sizes, existing=sizes))
    plan = prepared(job_of(Dataset(sources=(PREFIX,)), max_cost=0.005), ports)
    assert (plan.present, plan.present_bytes) == (2000, 200_000_000)


def test_an_item_that_reads_the_records_of_jobs_fails_alone() -> None:
    """The functions may read them, and who writes lists may not."""
    ports, files = world_of(Tree({}))
    ports = msgspec.structs.replace(ports, jobs=MemoryJobs("work"))
    content = "s3://work/jobs/other/job.json\ns3://source/fine\n"
    prepared(job_of(listed(content, files, manifest_format="urls")), ports)
    [failed] = results(files)
    assert failed.error is not None
    assert failed.error.name == "BadSource"
    assert [one.item.source for one in items(files)] == ["s3://source/fine"]
