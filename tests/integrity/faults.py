"""What a line of the fault matrix is."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from integrity.case_env import CONTENT, CaseEnv
from servers.content import Content

Driver = Literal["upload", "download", "cloud"]
OBJECT = "object"
"""The outcome in which the whole right content is at the destination. Every other one is a named error."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Fault:
    """One fault, on the way from one kind of source, and what comes of it by each driver that can meet it.

    `arrange` sets it up and gives the source's URL. `contents` are what the destination may hold in the end. `slots`
    limits the number of the transfer's connections, where it has to be known what moves when.
    """

    name: str
    source: str
    arrange: Callable[[CaseEnv], str]
    outcome: dict[Driver, str]
    content: Content = CONTENT
    becomes: Content | None = None
    """What the object is, where that is not `content`: its source was another one before a byte moved."""
    slots: int = 8
    patience: int = 20
    """Seconds of silence after which a connection is given up."""
    said: str = ""
    overwrite: bool = False
    resume: bool = False
    expect: str | None = None
    at_once: bool = False
    """Whether nothing at all has been begun at the destination when it fails."""
    most_sent: int | None = None
    """The bytes that the HTTP source may have sent in all, where that shows that nothing is moved twice."""
    most_asked: int | None = None
    """The requests that the HTTP source may have had."""


@dataclass(frozen=True, eq=False)
class Case:
    """A fault and a driver."""

    fault: Fault
    driver: Driver

    @property
    def expected(self) -> str:
        return self.fault.outcome[self.driver]

    @property
    def id(self) -> str:
        return f"{self.fault.name} - {self.fault.source} - {self.driver}"


@dataclass(frozen=True)
class Ended:
    """How a transfer ended: `told` is all that its user reads of it."""

    outcome: str
    told: str
    message: str = ""
    proof: str | None = None
    retries: int | None = None
    records: list[str] = field(default_factory=list)


def both(outcome: str) -> dict[Driver, str]:
    """The same by the command and in the cloud."""
    return {"upload": outcome, "cloud": outcome}


def here(outcome: str) -> dict[Driver, str]:
    """By the command alone: the cloud reads no local file."""
    return {"upload": outcome}


def there(outcome: str) -> dict[Driver, str]:
    return {"cloud": outcome}


def down(outcome: str) -> dict[Driver, str]:
    return {"download": outcome}
