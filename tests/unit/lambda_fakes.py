"""What Lambda gives to a handler beside the event."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterable, Iterator
from typing import cast

import msgspec
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from s3am_cloud.errors import SourceBusy
from s3am_cloud.handlers.runtime import Runtime
from s3am_cloud.model import MovedPart, Part, PinnedSource
from s3am_cloud.ports.pace import ShouldStop, never_stop
from s3am_cloud.ports.transfer import Mover, Movers, Ports, Progress, Sink
from support.fakes import World

_requests = itertools.count(1)


class Context:
    """Of a function with half a GiB of memory; every invocation has a request id of its own."""

    memory_limit_in_mb = "512"

    def __init__(self, seconds: float, name: str) -> None:
        self._seconds, self.function_name = seconds, name
        self.aws_request_id = f"request-{next(_requests)}"

    def get_remaining_time_in_millis(self) -> int:
        return int(self._seconds * 1000)


def context(seconds: float = 900, name: str = "a-function") -> LambdaContext:
    """An invocation of this function with so much time left."""
    return cast(LambdaContext, Context(seconds, name))


class Clumsy:
    """Movers that take ten seconds and one more try for each part, and fail at part `until`."""

    def __init__(self, movers: Movers, world: World, until: int = 99) -> None:
        self._movers, self._world, self._until = movers, world, until

    def __call__(
        self, origin: PinnedSource, sink: Sink, slots: int, progress: Progress, first: int | None = None
    ) -> Mover:
        self._mover = self._movers(origin, sink, slots, progress, first)
        return self

    def move(self, parts: Iterable[Part], should_stop: ShouldStop = never_stop) -> Iterator[MovedPart]:
        for part in self._mover.move(self._reached(parts), should_stop):
            self._world.clock.sleep(10)
            yield msgspec.structs.replace(part, retries=1)

    def _reached(self, parts: Iterable[Part]) -> Iterator[Part]:
        for part in parts:
            if part.number == self._until:
                raise SourceBusy("https://host/data.bin is busy")
            yield part


def lambda_world(ports: Ports, log: io.StringIO) -> Runtime:
    """What a handler has kept from earlier invocations; it logs to `log`."""
    return Runtime(ports, Logger(service=f"tests-{id(log)}", stream=log), "work", lambda job: ports)
