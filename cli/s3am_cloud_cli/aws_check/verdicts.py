"""What came of each claim, as data and as text."""

from __future__ import annotations

from typing import Literal

import msgspec

from s3am_cloud.amounts import price_text

State = Literal["holds", "fails", "skipped", "not reached"]


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """`message` says what was seen, or why the claim was not checked."""

    claim: str
    text: str
    state: State
    message: str
    seconds: float = 0.0


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """One run. `left` are the resources that could not be removed, each with the command that removes it."""

    account: str
    region: str
    stack: str
    dollars: float
    verdicts: tuple[Verdict, ...]
    left: tuple[str, ...] = ()
    interrupted: bool = False

    @property
    def failures(self) -> int:
        return sum(verdict.state == "fails" for verdict in self.verdicts)


def checked_text(checked: Checked) -> list[str]:
    width = max((len(verdict.state) for verdict in checked.verdicts), default=0)
    lines = [f"{verdict.state:<{width}}  {verdict.text}: {verdict.message}" for verdict in checked.verdicts]
    removed = (
        ["everything that was made is removed"]
        if not checked.left
        else [
            "these could not be removed, and cost money until they are:",
            *(f"  {line}" for line in checked.left),
        ]
    )
    counts = {state: sum(each.state == state for each in checked.verdicts) for state in ("holds", "fails", "skipped")}
    total = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    return [*lines, "", f"{total}; about {price_text(checked.dollars)}", *removed]
