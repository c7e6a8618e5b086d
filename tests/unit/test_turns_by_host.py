"""Hosts take turns: the work of one waits for its own, and for no other's."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator

from s3am_cloud.datasets.candidates import Candidate, candidate
from s3am_cloud.datasets.lanes import Lanes
from s3am_cloud.datasets.outcomes import outcome_of
from s3am_cloud.datasets.single import Done
from s3am_cloud.datasets.turns_by_host import TurnsByHost, host_of
from s3am_cloud.items import Item
from s3am_cloud.limits import OBJECT_CONNECTIONS
from s3am_cloud.ports.item_list import Listed
from s3am_cloud.ports.objects import Settled, Unfit
from s3am_cloud.ports.pace import ShouldStop
from s3am_cloud.urls import parse_source


def turns(most: int | None, *work: str) -> TurnsByHost[str]:
    found: TurnsByHost[str] = TurnsByHost(lambda one: one[0], most)
    for one in work:
        found.put(one)
    return found


def test_a_slow_host_does_not_keep_others_waiting() -> None:
    queue = turns(2, "a1", "a2", "a3", "a4", "b1", "b2")
    assert [queue.get(0) for _ in range(5)] == ["a1", "b1", "a2", "b2", None]
    queue.done("a1")
    assert [queue.get(0), queue.get(0)] == ["a3", None]


def test_work_of_one_host_comes_in_its_order() -> None:
    queue = turns(None, "a1", "a2", "a3")
    queue.end()
    assert not queue.has_ended
    assert [queue.get() for _ in range(4)] == ["a1", "a2", "a3", None]
    assert queue.has_ended


def test_who_waits_is_woken_by_work_that_ends_and_by_the_end() -> None:
    queue = turns(1, "a1", "a2")
    assert queue.get() == "a1"
    found: list[str | None] = []
    threads = [threading.Thread(target=lambda: found.append(queue.get())) for _ in range(2)]
    for thread in threads:
        thread.start()
    queue.end()
    queue.done("a1")
    for thread in threads:
        thread.join(5)
    assert not any(thread.is_alive() for thread in threads)
    assert sorted(found, key=str) == [None, "a2"]


def test_nobody_waits_for_work_that_is_dropped() -> None:
    queue = turns(1, "a1", "a2")
    assert queue.get() == "a1"
    waiting = threading.Thread(target=queue.get)
    waiting.start()
    queue.drop()
    queue.put("a3")
    waiting.join(5)
    assert not waiting.is_alive()
    assert queue.get() is None


def _whole(number: int, url: str) -> Candidate:
    item = Item(source=url, destination=f"s3://b/{number}")
    return candidate(Listed(number=number, item=item, place=""))


class OneSlowHost:
    """A mover that never ends what is of the host `slow` before all else has ended."""

    def __init__(self) -> None:
        self.begun: list[int] = []

    def copy(self, objects: Iterable[int | None], should_stop: ShouldStop) -> Iterator[Settled]:
        slow: list[int] = []
        for number in objects:
            if number is None and slow:
                yield Unfit(number=slow.pop(0))
            elif number is not None:
                self.begun.append(number)
                if number >= 1000:
                    yield Unfit(number=number)
                else:
                    slow.append(number)
        for number in slow:
            yield Unfit(number=number)


def test_whole_objects_of_a_slow_server_leave_room_for_those_of_others() -> None:
    mover = OneSlowHost()
    lanes: Lanes[int] = Lanes(mover, lambda task: Done(1, outcome_of(task.candidate.listed.item, "copied")), 1)
    for number in range(100):
        lanes.move(_whole(number, "https://slow/x"), number)
    for number in range(1000, 1050):
        lanes.move(_whole(number, "https://fast/x"), number)
    for number in range(2000, 2050):
        lanes.move(_whole(number, "/a/file"), number)
    lanes.finish()
    lanes.start()
    ended = [lanes.ended.get(timeout=10) for _ in range(200)]
    lanes.close()
    assert not [one for one in ended if isinstance(one, BaseException)]
    assert mover.begun[:132] == [*range(OBJECT_CONNECTIONS), *range(1000, 1050), *range(2000, 2050)]
    assert sorted(mover.begun) == [*range(100), *range(1000, 1050), *range(2000, 2050)]


def test_files_and_objects_in_s3_are_of_one_host() -> None:
    assert {host_of(parse_source(url)) for url in ("/a", "s3://b/k", "s3://c/k")} == {""}
    assert host_of(parse_source("https://host/x")) != host_of(parse_source("http://host/x"))
