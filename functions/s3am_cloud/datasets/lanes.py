"""Threads that copy: one for whole objects over one loop, some for items that need a transfer of their own.

They take work from queues of bounded length, and put what has ended into one queue, which the run reads. libcurl and
the network do most of the work outside of Python's lock.
"""

from __future__ import annotations

import queue
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from typing import Generic, NamedTuple, TypeVar

from s3am_cloud.datasets.candidates import Candidate
from s3am_cloud.datasets.single import Done, Task
from s3am_cloud.datasets.turns_by_host import TurnsByHost, host_of
from s3am_cloud.limits import HOSTS_AT_ONCE, OBJECT_CONNECTIONS
from s3am_cloud.ports.objects import LookWanted, ObjectLooks, Settled, WholeMover

Whole = TypeVar("Whole")
Work = TypeVar("Work")
Ended = Settled | Done | BaseException
_TURN_SECONDS = 0.1


class Stopped(Exception):
    """The run ends before this item did. Nobody outside meets this."""


class ByteCount:
    """Bytes that all lanes have transferred; a byte that is sent again is taken back first."""

    def __init__(self) -> None:
        self._lock, self._moved = threading.Lock(), 0

    def __call__(self, count: int) -> None:
        with self._lock:
            self._moved += count

    @property
    def moved(self) -> int:
        return self._moved


class _Numbered(NamedTuple, Generic[Whole]):
    """What is to be copied as a whole: its number, and its host where that is a web server."""

    number: int
    host: str
    whole: Whole


class Lanes(Generic[Whole]):
    """All threads of one run. `close` stops them, whatever they do."""

    def __init__(
        self,
        mover: WholeMover[Whole],
        copy_one: Callable[[Task], Done],
        singles: int,
        looks: ObjectLooks | None = None,
    ) -> None:
        """With `looks` many objects are looked at together, before they are compared one by one. Of each host at most
        `singles` items are copied at once by themselves."""
        self.whole: queue.SimpleQueue[_Numbered[Whole] | None] = queue.SimpleQueue()
        # Of the hosts of web servers: what is out, by its numbers, and what waits for that.
        self._hosts, self._out = dict[int, str](), Counter[str]()
        self._parked: dict[str, deque[_Numbered[Whole]]] = {}
        self.single: TurnsByHost[Task] = TurnsByHost(lambda task: host_of(task.candidate.source), singles)
        self.ended: queue.SimpleQueue[Ended] = queue.SimpleQueue()
        self.stop = threading.Event()
        self._mover, self._copy_one = mover, copy_one
        # Whole objects that the mover has taken and not yet settled.
        self._on_their_way = 0
        self._looks, self._looking = looks, dict[int, Task]()
        self._to_compare: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        targets = [self._move, *[self._copy] * (singles * HOSTS_AT_ONCE), *([self._look] if looks is not None else [])]
        self._threads = [threading.Thread(target=target, name="s3am-cloud item", daemon=True) for target in targets]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def finish(self) -> None:
        """There will be no more work."""
        self.whole.put(None)
        self._to_compare.put(None)
        self.single.end()

    def close(self) -> None:
        self.stop.set()
        self.single.drop()
        self.finish()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()

    def move(self, one: Candidate, whole: Whole) -> None:
        """To be copied with many others over one loop; of each web server at most OBJECT_CONNECTIONS at once."""
        self.whole.put(_Numbered(one.number, host_of(one.source), whole))

    def compare(self, task: Task) -> None:
        """To be copied only where the object is not the same."""
        if self._looks is None:
            self.single.put(task)
        else:
            self._to_compare.put(task)

    def _move(self) -> None:
        try:
            for settled in self._mover.copy(self._objects(), self.stop.is_set):
                self._on_their_way -= 1
                self._out[self._hosts.pop(settled.number, "")] -= 1
                self.ended.put(settled)
        except BaseException as error:  # whatever ends the thread ends the run
            self.ended.put(error)

    def _objects(self) -> Iterator[Whole | None]:
        for wanted in self._waiting(self.whole, lambda: self._on_their_way > 0):
            yield from self._ready()
            if wanted is None:
                yield None
            elif self._out[wanted.host] < OBJECT_CONNECTIONS or not wanted.host:
                yield self._taken(wanted)
            else:
                self._parked.setdefault(wanted.host, deque()).append(wanted)
        while self._parked and not self.stop.is_set():
            yield from self._ready()
            yield None

    def _ready(self) -> Iterator[Whole]:
        """What has waited for others of its host."""
        for host, waiting in list(self._parked.items()):
            while waiting and self._out[host] < OBJECT_CONNECTIONS:
                yield self._taken(waiting.popleft())
            if not waiting:
                del self._parked[host]

    def _taken(self, wanted: _Numbered[Whole]) -> Whole:
        self._on_their_way += 1
        if wanted.host:
            self._hosts[wanted.number] = wanted.host
            self._out[wanted.host] += 1
        return wanted.whole

    def _look(self) -> None:
        assert self._looks is not None
        try:
            for looked in self._looks.look(self._to_look_at(), self.stop.is_set):
                self.single.put(self._looking.pop(looked.number)._replace(there=looked.info))
        except BaseException as error:  # whatever ends the thread ends the run
            self.ended.put(error)

    def _to_look_at(self) -> Iterator[LookWanted | None]:
        for task in self._waiting(self._to_compare, lambda: bool(self._looking)):
            if task is None:
                yield None
                continue
            self._looking[task.candidate.number] = task
            yield LookWanted(number=task.candidate.number, target=task.candidate.stored)

    def _waiting(self, work: queue.SimpleQueue[Work | None], is_busy: Callable[[], bool]) -> Iterator[Work | None]:
        """None where there is no work at the moment: what is on its way must not wait for it. While there is nothing
        on its way, the next one is waited for here."""
        while not self.stop.is_set():
            try:
                wanted = work.get(block=not is_busy(), timeout=_TURN_SECONDS)
            except queue.Empty:
                yield None
                continue
            if wanted is None:
                return
            yield wanted

    def _copy(self) -> None:
        while (task := self.single.get()) is not None and not self.stop.is_set():
            try:
                done = self._copy_one(task)
            except Stopped:
                return
            except BaseException as error:  # whatever ends the thread ends the run
                self.ended.put(error)
                return
            finally:
                self.single.done(task)
            self.ended.put(done)
