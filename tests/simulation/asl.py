"""What Step Functions does with the machine's definition: the states that are entered, and when an error is retried."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

import msgspec

Json = Any
Answers = Mapping[str, Mapping[str, object]]


def states() -> Json:
    return json.loads(files("s3am_cloud_infra").joinpath("state_machine.asl.json").read_text())["States"]


def child_states() -> Json:
    return states()["Transfer"]["ItemProcessor"]["States"]


def path(states: Json, start: str, data: Mapping[str, object], answers: Answers) -> Iterator[str]:
    """The states that are entered from `start` on; `answers` are what tasks add to the data."""
    name: str | None = start
    data = dict(data)
    while name is not None:
        yield name
        state = states[name]
        data |= answers.get(name, {})
        name = following(state, data)


def following(state: Json, data: Mapping[str, object]) -> str | None:
    """The state that comes after this one, by its choices where it has any."""
    for choice in state.get("Choices", []):
        if holds(choice, data):
            return str(choice["Next"])
    found = state.get("Default", state.get("Next"))
    return None if found is None else str(found)


def holds(choice: Json, data: Mapping[str, object]) -> bool:
    if "And" in choice:
        return all(holds(one, data) for one in choice["And"])
    name = choice["Variable"].removeprefix("$.")
    if "IsPresent" in choice:
        return (name in data) is choice["IsPresent"]
    return name in data and data[name] is choice["BooleanEquals"]


class Retrier(msgspec.Struct, frozen=True, rename="pascal"):
    """One entry of a state's `Retry`."""

    error_equals: list[str]
    interval_seconds: float
    backoff_rate: float
    max_delay_seconds: float
    max_attempts: int
    jitter_strategy: str

    def delay(self, attempt: int, dice: float) -> float | None:
        """Seconds until the next try after that many, None for none; `dice` is from 0 to 1."""
        if attempt >= self.max_attempts:
            return None
        bound: float = min(self.max_delay_seconds, self.interval_seconds * self.backoff_rate**attempt)
        return bound * dice if self.jitter_strategy == "FULL" else bound


def retriers(state: Json) -> list[Retrier]:
    return [msgspec.convert(one, Retrier) for one in state["Retry"]]


def start() -> str:
    return str(json.loads(files("s3am_cloud_infra").joinpath("state_machine.asl.json").read_text())["StartAt"])
