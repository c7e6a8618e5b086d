"""What a check found, and how all of it is summed up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

State = Literal["ok", "warning", "problem", "unknown"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One finding of the check `check` on `subject`.

    `problem`: transfers fail. `warning`: some transfers fail, or cost more than need be. `unknown`: it could not be
    checked; `permission` is the action that the check takes. `fix` is the one command or setting that helps.
    """

    check: str
    subject: str
    state: State
    message: str
    fix: str | None = None
    permission: str | None = None


Findings = Iterator[Finding]


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """All findings in the order of the checks, and how many there are of each kind but `ok`."""

    state: State
    problems: int
    warnings: int
    unknown: int
    findings: tuple[Finding, ...]


def diagnosis(findings: Iterable[Finding]) -> Diagnosis:
    found = tuple(findings)
    counts = {state: sum(each.state == state for each in found) for state in ("problem", "warning", "unknown")}
    state: State = "ok"
    for candidate in ("unknown", "warning", "problem"):
        if counts[candidate]:
            state = candidate
    return Diagnosis(
        state=state,
        problems=counts["problem"],
        warnings=counts["warning"],
        unknown=counts["unknown"],
        findings=found,
    )


class Report(msgspec.Struct, frozen=True):
    """Makes the findings of one check on one subject."""

    check: str
    subject: str

    def ok(self, message: str) -> Finding:
        return Finding(check=self.check, subject=self.subject, state="ok", message=message)

    def warning(self, message: str, fix: str | None = None, permission: str | None = None) -> Finding:
        return Finding(
            check=self.check, subject=self.subject, state="warning", message=message, fix=fix, permission=permission
        )

    def problem(self, message: str, fix: str | None = None, permission: str | None = None) -> Finding:
        return Finding(
            check=self.check, subject=self.subject, state="problem", message=message, fix=fix, permission=permission
        )

    def unknown(self, message: str, fix: str | None = None, permission: str | None = None) -> Finding:
        return Finding(
            check=self.check, subject=self.subject, state="unknown", message=message, fix=fix, permission=permission
        )
