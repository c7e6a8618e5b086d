"""Ports that die at a certain call, as a process does by kill -9: nothing that is asked of them afterwards is done."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from s3am_cloud.ports.transfer import Ports


class Died(BaseException):
    """The process is gone: nobody catches this on the way."""


class CrashSchedule:
    """Ends at the step of this number, from 0, counted over all that it is given to; at None, never.

    Each call is two steps: before it is made, and when it has been done but nobody has heard of it.
    `meanwhile` is done, once, at the step of its own number.
    """

    def __init__(
        self, ends: int | None = None, meanwhile: Callable[[], None] | None = None, at: int | None = None
    ) -> None:
        self.steps, self.ended = 0, False
        self._ends, self._meanwhile, self._at = ends, meanwhile, at

    def again(self) -> None:
        """Another process takes over; the steps are counted on."""
        self.ended = False

    def step(self) -> None:
        if self._meanwhile is not None and self.steps == self._at:
            meanwhile, self._meanwhile = self._meanwhile, None
            meanwhile()
        if self.steps == self._ends:
            self.ended = True
        self.steps += 1
        if self.ended:
            raise Died

    def ports(self, real: Ports) -> Ports:
        """The same ports, as long as this life lasts."""
        mortal: Any = {name: CrashingPort(getattr(real, name), self) for name in ("source", "store", "jobs", "movers")}
        return msgspec.structs.replace(real, **mortal)


class CrashingPort:
    """Something whose every call is a step of a life; what it gives one by one are steps, too."""

    def __init__(self, real: Any, life: CrashSchedule) -> None:
        self._real, self._life = real, life

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._real, name)
        return self._mortal(real) if callable(real) else real

    def __call__(self, *arguments: Any) -> Any:
        return CrashingPort(self._real(*arguments), self._life)

    def _mortal(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            self._life.step()
            answer = real(*arguments, **named)
            if isinstance(answer, Iterator):
                return self._each(answer)
            self._life.step()
            return answer

        return call

    def _each(self, answers: Iterator[Any]) -> Iterator[Any]:
        for answer in answers:
            self._life.step()
            yield answer
