"""What a run over many items would do, as people read it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from s3am_cloud.amounts import size_text
from s3am_cloud.errors import ItemsFailed, JobFailedForGood
from s3am_cloud_cli.console.output import Console

if TYPE_CHECKING:
    from s3am_cloud_client.results import Planned

_ORDER = ("copy", "replace", "compare", "skip", "fail")


class _Total(msgspec.Struct):
    """Of the items with one action; `size` is of those whose size is known."""

    items: int = 0
    size: int = 0


class _Totals(msgspec.Struct):
    totals: dict[str, _Total] = msgspec.field(default_factory=lambda: {action: _Total() for action in _ORDER})


def show_preview(planned: Iterator[Planned], console: Console) -> None:
    """Raises what the exit code of the run would stand for, as far as it is known."""
    found = _Totals()

    def counted() -> Iterator[Planned]:
        for one in planned:
            total = found.totals[one.action]
            total.items, total.size = total.items + 1, total.size + (one.size or 0)
            yield one

    console.advise("nothing was done: run the command again")
    console.listing("items", counted(), _text, found)
    named = {action: total for action, total in found.totals.items() if total.items}
    said = ", ".join(f"{action} {total.items:,} ({size_text(total.size)})" for action, total in named.items())
    console.note(f"dry run: {said or 'nothing to do'}")
    failing = found.totals["fail"].items
    if failing:
        every = list(named) == ["fail"]
        kind = JobFailedForGood if every else ItemsFailed
        hint = "fix the causes, or leave these items out"
        raise console.reported(kind(f"{'all' if every else f'{failing:,}'} items would fail", hint))


def _text(one: Planned) -> str:
    size = "-" if one.size is None else size_text(one.size)
    why = f"{one.error.name}: {one.error.message}" if one.error is not None else one.reason
    line = f"{one.action:<8}{size:>10}  {one.source} -> {one.destination}"
    return f"{line}: {why}" if why else line
