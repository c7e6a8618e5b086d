"""A dataset whose functions die at any of their writes, and are repeated: each item is copied once, nothing is left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from s3am_cloud.jobs.dataset import items, lacking
from servers.content import pattern
from support.dataset_world import DatasetWorld, target
from support.fakes import PART
from unit.test_dataset_unit import small_parts

NAMES = ["small", "parts", "large", "too"]


class Killed(BaseException):
    """The function's process is gone."""


class Death:
    """Kills at the write of this number, after it was done: the dead write nothing more."""

    def __init__(self, at: int) -> None:
        self._left, self.died, self.is_dead = at, False, False

    def after(self, write: Callable[..., Any]) -> Callable[..., Any]:
        def dying(*args: Any, **named: Any) -> Any:
            if self.is_dead:
                raise Killed
            done = write(*args, **named)
            self._left -= 1
            if self._left == -1:
                self.died = self.is_dead = True
                raise Killed
            return done

        return dying


class DyingWorld(DatasetWorld):
    """Whatever is killed is repeated, as Step Functions does."""

    def __init__(self, death: Death) -> None:
        super().__init__()
        self.death = death

    def work(self, unit: Any) -> None:
        try:
            super().work(unit)
        except Killed:
            self.death.is_dead = False
            super().work(unit)


def test_whatever_write_is_the_last_one_every_item_is_copied_once(monkeypatch: pytest.MonkeyPatch) -> None:
    small_parts(monkeypatch)
    for module in (items, lacking):
        monkeypatch.setattr(module, "MAX_UNIT_ITEM", 2 * PART)
    at, died = 0, True
    while died:
        death = Death(at)
        world = DyingWorld(death)
        sizes = {"small": 9, "parts": 2 * PART, "large": 3 * PART, "too": 5}
        for name, size in sizes.items():
            world.put_sources([name], pattern(size))
        world.list_items(NAMES)
        for place, name in (
            (world.documents, "write"),
            (world.store, "put_object"),
            (world.store, "create"),
            (world.store, "put_part"),
            (world.store, "complete"),
            (world.store, "abort"),
            (world.jobs, "save"),
        ):
            monkeypatch.setattr(place, name, death.after(getattr(place, name)))
        try:
            receipt = world.run()
        except Killed:
            death.is_dead = False
            receipt = world.run()
        assert receipt.counts is not None
        assert receipt.counts.copied == 4, (at, [one.error for one in world.results().values() if one.error])
        assert all(len(world.store.content(target(name))) == size for name, size in sizes.items())
        assert list(world.store.unfinished_below(target(""))) == [], at
        at, died = at + 1, death.died
    assert at > 15
