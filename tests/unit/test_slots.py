"""Where the user says how many connections there are to be, there are as many; elsewhere their number is found out."""

from __future__ import annotations

import io
from pathlib import Path

import msgspec
import pytest

from s3am_cloud.adapters.curl.transport.concurrency import LocalLimit, growth
from s3am_cloud.adapters.files.partial_file import PartialFile
from s3am_cloud.concurrency import AdaptiveConcurrency
from s3am_cloud.jobs.unit_worker import run_unit
from s3am_cloud.limits import FEW_PARTS, FIRST_CONNECTIONS, MIB, MOST_CONNECTIONS, WORKER_SLOTS
from s3am_cloud.model import PinnedSource, TransferRequest, Unit
from s3am_cloud.ports.transfer import Mover, Movers, Ports, Progress, Sink
from s3am_cloud.transfer.download import DownloadRequest, download
from s3am_cloud_cli.console.output import Console
from s3am_cloud_client.inprocess.driver import run_upload
from s3am_cloud_client.inprocess.shared_concurrency import Coordinator, SharedCounters
from support.fakes import PART, SOURCE, TARGET, FakeClock, World, request

MANY = FEW_PARTS + 2


class Asked:
    """Movers that remember with how many slots, and how many at first, they were asked for."""

    def __init__(self, movers: Movers) -> None:
        self._movers = movers
        self.slots: int | None = None
        self.first: int | None = None

    def __call__(
        self, origin: PinnedSource, sink: Sink, slots: int, progress: Progress, first: int | None = None
    ) -> Mover:
        self.slots, self.first = slots, first
        return self._movers(origin, sink, slots, progress, first)


@pytest.fixture
def world() -> World:
    made = World()
    made.source.put(SOURCE, bytes(MANY * PART))
    return made


def asking(world: World) -> tuple[Ports, Asked]:
    asked = Asked(world.ports.movers)
    return msgspec.structs.replace(world.ports, movers=asked), asked


def requested(download: int | None = None, upload: int | None = None, resume: bool = False) -> TransferRequest:
    return msgspec.structs.replace(request(resume=resume), download_slots=download, upload_slots=upload)


def upload(wanted: TransferRequest, ports: Ports) -> None:
    run_upload(wanted, ports, Console(out=io.StringIO(), err=io.StringIO()))


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("S3AM_CLOUD_STATE_HOME", str(tmp_path))


@pytest.mark.parametrize(
    ("download", "upload", "slots"), [(None, None, None), (5, None, 5), (None, 13, 13), (5, 13, 5), (0, None, 0)]
)
def test_the_smaller_of_two_wishes_counts(download: int | None, upload: int | None, slots: int | None) -> None:
    assert requested(download, upload).slots == slots


def test_an_upload_without_options_begins_with_few_connections(world: World) -> None:
    """An upload without options begins with few connections and may have many."""
    ports, asked = asking(world)
    upload(requested(), ports)
    assert (asked.slots, asked.first) == (MOST_CONNECTIONS, FIRST_CONNECTIONS)


def test_few_parts_begin_all_at_once(world: World) -> None:
    world.source.put(SOURCE, bytes(3 * PART))
    ports, asked = asking(world)
    upload(requested(), ports)
    assert asked.first == 3


@pytest.mark.parametrize("slots", [1, 7, 13, 40])
def test_an_upload_has_exactly_the_connections_that_were_wished_for(world: World, slots: int) -> None:
    ports, asked = asking(world)
    upload(requested(slots), ports)
    assert (asked.slots, asked.first) == (slots, None)


def test_a_wish_counts_for_an_upload_that_was_begun_with_another(world: World) -> None:
    world.begin(requested(2), 1)
    ports, asked = asking(world)
    upload(requested(11, resume=True), ports)
    assert (asked.slots, asked.first) == (11, None)


@pytest.mark.parametrize(("wished", "first"), [(None, FIRST_CONNECTIONS), (6, None)])
def test_a_worker_in_the_cloud_finds_out_how_many_of_its_slots_are_of_use(
    world: World, wished: int | None, first: int | None
) -> None:
    job = world.prepare(requested(wished))
    assert job.plan is not None
    ports, asked = asking(world)
    assert run_unit(job, Unit(0, 1, MANY), lambda: 900.0, ports) is None
    assert (asked.slots, asked.first) == (job.plan.slots, first)


@pytest.mark.parametrize(("connections", "slots", "first"), [(None, MOST_CONNECTIONS, FIRST_CONNECTIONS), (6, 6, None)])
def test_a_download_likewise(
    world: World, tmp_path: Path, connections: int | None, slots: int, first: int | None
) -> None:
    world.source.put(str(TARGET), bytes(MANY * PART))
    ports, asked = asking(world)
    wanted = DownloadRequest(source=TARGET, connections=connections, part_size=PART)
    download(wanted, PartialFile(tmp_path / "x"), ports, lambda count: None, lambda plan: None)
    assert (asked.slots, asked.first) == (slots, first)


@pytest.mark.parametrize(("copies", "begins"), [(True, WORKER_SLOTS), (False, FIRST_CONNECTIONS)])
def test_copies_inside_s3_do_not_begin_with_few(copies: bool, begins: int) -> None:
    grown = growth(FIRST_CONNECTIONS, 32, copies)
    assert grown is not None
    assert grown.limit == begins
    assert growth(None, 32, copies) is None


def test_a_movers_limit_grows_with_what_it_moves_and_shrinks_if_refused() -> None:
    """A mover's limit grows with what it moves, and shrinks when it is refused."""
    clock, told = FakeClock(), list[int]()

    def hear(count: int) -> None:
        told.append(count)

    places = LocalLimit(AdaptiveConcurrency(4, 8), clock, hear)
    for _ in range(3):
        places.count(9 * MIB)
        clock.seconds += 1
        places.look(1, False)
    assert (places.now, places.moved(), told) == (8, 27 * MIB, [9 * MIB] * 3)
    places.refused(clock.seconds)
    assert places.now == 4


def test_places_do_not_grow_when_no_part_waits_for_one() -> None:
    clock = FakeClock()
    places = LocalLimit(AdaptiveConcurrency(4, 8), clock, lambda count: None)
    for _ in range(9):
        places.count(9 * MIB)
        clock.seconds += 1
        places.look(1, True)
        assert places.now == 4


@pytest.fixture
def board() -> SharedCounters:
    import multiprocessing

    return SharedCounters(multiprocessing.get_context("spawn"), [2, 2])


def test_processes_share_places_by_what_they_move_together(board: SharedCounters) -> None:
    clock = FakeClock()
    foreman = Coordinator(board, AdaptiveConcurrency(4, 7), clock)
    for _ in range(3):
        board.moved[1] += 9 * MIB
        clock.seconds += 1
        foreman.look(all_begun=False)
    assert list(board.limits) == [4, 3]


def test_a_process_that_was_refused_takes_places_from_all_and_only_once(board: SharedCounters) -> None:
    clock = FakeClock()
    clock.seconds = 9.0
    foreman = Coordinator(board, AdaptiveConcurrency(4, 7), clock)
    board.refused[1] = 8.0
    foreman.look(all_begun=True)
    foreman.look(all_begun=True)
    assert list(board.limits) == [1, 1]
    board.refused[0] = 9.5
    foreman.look(all_begun=True)
    assert list(board.limits) == [1, 0]


def test_the_places_of_a_process_that_is_done_are_the_others(board: SharedCounters) -> None:
    foreman = Coordinator(board, AdaptiveConcurrency(1, 7), FakeClock())
    foreman.look(all_begun=True)
    assert list(board.limits) == [1, 0]
    foreman.left(0)
    assert board.limits[1] == 1
