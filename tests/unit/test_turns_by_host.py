"""Hosts take turns: the work of one waits for its own, and for no other's."""

from __future__ import annotations

import threading

from s3am_cloud.datasets.turns_by_host import TurnsByHost, host_of
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
    assert sorted(found, key=str) == [None, "a2"] or found == ["a2", None]


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


def test_files_and_objects_in_s3_are_of_one_host() -> None:
    assert {host_of(parse_source(url)) for url in ("/a", "s3://b/k", "s3://c/k")} == {""}
    assert host_of(parse_source("https://host/x")) != host_of(parse_source("http://host/x"))
