"""The contracts of the state machine, and of those who hear how its jobs end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import msgspec

from s3am_cloud.events import Event


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """A run of the state machine. `status` is Step Functions' own word."""

    arn: str
    name: str
    status: str
    started: datetime | None = None
    stopped: datetime | None = None
    job: str | None = None
    event: Event | None = None


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Why an execution failed: the error's name as a handler raised it, and its message."""

    name: str
    message: str


class Executions(Protocol):
    """The state machine of a stack. Calls raise NoStack, AccessDenied, StoreBusy or StoreUnavailable."""

    def failure(self, arn: str) -> Failure | None:
        """What made the execution fail: below its Map Run, where it says itself only that too many units failed."""


class Outcomes(Protocol):
    """Announces how a transfer ended."""

    def announce(self, detail_type: str, detail: Mapping[str, object]) -> None: ...
