"""Trouble on every way of a job: between the functions and S3, between them and the source, and in Lambda itself."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from s3am_cloud import names
from s3am_cloud_cli.local_cloud import LocalCloud, aws
from servers.faults import Fault, IgnoreRanges, Reset, Stall, Status, Truncate
from servers.http_model import Request
from servers.proxy import FaultyProxy
from servers.proxy_rules import (
    COMPLETE_UPLOAD,
    CREATE_UPLOAD,
    ERROR_IN_200,
    GET_OBJECT,
    HEAD,
    INTERNAL_ERROR,
    LIST_PARTS,
    PUT_OBJECT,
    REQUEST_TIMEOUT,
    SLOW_DOWN,
    UPLOAD_PART,
    Action,
    CutReply,
    Delay,
    LoseReply,
    Match,
    ProxiedRequest,
    ResetBefore,
)

MIB = 1024 * 1024


class Dice:
    """Says now and then yes, the same way for the same seed; counts by name what it has said yes to."""

    def __init__(self, seed: int, share: float) -> None:
        self._random, self._share = random.Random(seed), share
        self._lock = threading.Lock()
        self.hits: Counter[str] = Counter()
        self.asked = 0

    def falls(self, what: str, of: int) -> bool:
        """Yes for this share of the questions, where a question is put in `of` kinds, one after the other."""
        with self._lock:
            self.asked += 1
            hit = self._random.random() < self._share / of
            self.hits[what] += hit
            return hit


@dataclass(frozen=True)
class Seldom(Match):
    """Requests of a kind, now and then."""

    dice: Dice = field(kw_only=True)
    what: str = field(kw_only=True)
    of: int = field(kw_only=True)

    def matches(self, request: ProxiedRequest) -> bool:
        return super().matches(request) and self.dice.falls(self.what, self.of)


_PASSING: Mapping[str, Action] = {
    "503 SlowDown": SLOW_DOWN,
    "500 InternalError": INTERNAL_ERROR,
    "reset before": ResetBefore(),
}
_OF_S3: tuple[tuple[str, Match, Mapping[str, Action]], ...] = (
    (
        "UploadPart",
        UPLOAD_PART,
        {
            **_PASSING,
            "400 RequestTimeout": REQUEST_TIMEOUT,
            "reply lost": LoseReply(),
            "reset after": CutReply(after=0),
        },
    ),
    ("Complete", COMPLETE_UPLOAD, {**_PASSING, "error in 200": ERROR_IN_200, "reply lost": LoseReply()}),
    ("Create", CREATE_UPLOAD, _PASSING),
    ("ListParts", LIST_PARTS, {**_PASSING, "reply lost": LoseReply()}),
    ("Head", HEAD, _PASSING),
    ("GetObject", GET_OBJECT, {**_PASSING, "reply lost": LoseReply(), "reply cut": CutReply(after=20)}),
    ("PutObject", PUT_OBJECT, {**_PASSING, "reply lost": LoseReply()}),
)


def of_s3(proxy: FaultyProxy, dice: Dice) -> None:
    """Every kind of request to S3 fails now and then, in every way that it can."""
    for kind, match, actions in _OF_S3:
        for name, action in actions.items():
            what = f"{kind}: {name}"
            seldom = Seldom(match.method, match.query, match.without, dice=dice, what=what, of=len(actions))
            proxy.add(seldom, action, times=None)


def of_source(dice: Dice) -> list[Fault]:
    """A source that fails now and then in every way that passes, and in one that does not."""

    def seldom(what: str) -> Any:
        def where(request: Request) -> bool:
            return dice.falls(f"source: {what}", 7)

        return where

    return [
        Status(status=503, where=seldom("503")),
        Status(status=429, retry_after="1", where=seldom("429 with Retry-After")),
        Status(status=500, where=seldom("500")),
        Reset(after=MIB, where=seldom("reset")),
        Truncate(after=2 * MIB, where=seldom("truncated")),
        Stall(after=MIB, seconds=1.5, where=seldom("stalled")),
        IgnoreRanges(where=seldom("200 for a range")),
    ]


class Functions:
    """The stack's functions as they are deployed on the embedded cloud, to be set up otherwise for a while."""

    def __init__(self, cloud: LocalCloud) -> None:
        self._cloud = cloud
        self._lambda = aws.client("lambda", cloud)
        [stack] = aws.client("cloudformation", cloud).describe_stacks(StackName=cloud.stack)["Stacks"]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        self.worker, self.control = outputs[names.WORKER_NAME], outputs[names.CONTROL_NAME]

    @contextmanager
    def reach_s3_by(self, endpoint_url: str) -> Iterator[None]:
        """By Lambda's own setting: a function's environment variable is stronger than the embedded cloud's."""
        before = {name: self._variables(name) for name in (self.worker, self.control)}
        try:
            for name, variables in before.items():
                self._set(name, Environment={"Variables": {**variables, "AWS_ENDPOINT_URL_S3": endpoint_url}})
            yield
        finally:
            for name, variables in before.items():
                self._set(name, Environment={"Variables": variables})

    @contextmanager
    def throttled(self, until: Callable[[], bool]) -> Iterator[None]:
        """More invocations of the worker than one at once are refused, as Lambda refuses them, until that is so."""
        self._lambda.put_function_concurrency(FunctionName=self.worker, ReservedConcurrentExecutions=1)
        over = threading.Event()

        def lift() -> None:
            while not (until() or over.wait(0.1)):
                pass
            self._lambda.delete_function_concurrency(FunctionName=self.worker)

        thread = threading.Thread(target=lift, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(10)

    @contextmanager
    def in_time(self, seconds: int) -> Iterator[None]:
        """Gives `control` so long for a task."""
        before = self._lambda.get_function_configuration(FunctionName=self.control)["Timeout"]
        self._set(self.control, Timeout=seconds)
        try:
            yield
        finally:
            self._set(self.control, Timeout=before)

    def crash_one(self, dice: random.Random) -> bool:
        """Kills a process of the worker's, as the kernel does where memory is short; False where none runs."""
        found = list(self._processes(self.worker))
        if found:
            os.kill(dice.choice(found), signal.SIGKILL)
        return bool(found)

    def _processes(self, function: str) -> Iterator[int]:
        wanted = f"AWS_LAMBDA_FUNCTION_NAME={function}\0".encode()
        for place in Path(f"/proc/{self._cloud.pid}/task").glob("*/children"):
            for pid in place.read_text().split():
                try:
                    if wanted in Path(f"/proc/{pid}/environ").read_bytes():
                        yield int(pid)
                except (FileNotFoundError, ProcessLookupError):
                    continue

    def _variables(self, name: str) -> dict[str, str]:
        found: dict[str, str] = self._lambda.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        return found

    def _set(self, name: str, **settings: Any) -> None:
        self._lambda.update_function_configuration(FunctionName=name, **settings)


@contextmanager
def crashes(functions: Functions, every: float, most: int, seed: int) -> Iterator[Counter[str]]:
    """Workers crash while they run, a given number of them at a given interval; counts them."""
    over, count, dice = threading.Event(), Counter[str](), random.Random(seed)

    def crash() -> None:
        while count["crashed"] < most and not over.wait(every):
            count["crashed"] += functions.crash_one(dice)

    thread = threading.Thread(target=crash, daemon=True)
    thread.start()
    try:
        yield count
    finally:
        over.set()
        thread.join(10)


SLOW_CREATE = Delay(9.0)
"""Longer than the functions get in `Functions.in_time` of the stress run."""
