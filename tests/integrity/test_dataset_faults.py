"""Whatever goes wrong with some items of a dataset, nothing wrong comes of it, nothing is lost, and counts add up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from integrity.dataset_env import EVERY, DatasetEnv, MakeEnv, Ran, nothing_wrong
from integrity.dataset_faults import COPIED, FAULTS, ItemFault, Way


@dataclass(frozen=True)
class Both:
    """A run in which every tenth item met a fault of its own, and the run of what had failed, without any fault."""

    faults: Mapping[str, str]
    first: Ran
    after_first: Mapping[str, bytes]
    again: Ran
    after_both: Mapping[str, bytes]
    env: DatasetEnv


@pytest.fixture(scope="module")
def runs(make_env: MakeEnv) -> Mapping[Way, Both]:
    return {way: _both(way, make_env) for way in ("upload", "download")}


def _both(way: Way, make_env: MakeEnv) -> Both:
    faults = [fault for fault in FAULTS if fault.way == way]
    env = make_env(EVERY * len(faults))
    names = [name for number, name in enumerate(env.contents) if number % EVERY == 0]
    if way == "upload":
        env.serve()
        run, found = env.upload, env.objects
    else:
        env.put_all()
        run, found = env.download, env.downloaded
    for fault, name in zip(faults, names, strict=True):
        fault.arrange(env, name)
    first, after_first = run(max_failures=100), found()
    env.repair()
    again = run(manifest=str(first.failed))
    return Both(
        dict(zip((fault.name for fault in faults), names, strict=True)), first, after_first, again, found(), env
    )


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.way} - {fault.name}")
def test_a_fault_of_an_item_is_its_own_and_repeated_alone(fault: ItemFault, runs: Mapping[Way, Both]) -> None:
    both = runs[fault.way]
    name = both.faults[fault.name]
    content = both.env.contents[name]
    outcome = both.first.outcomes[name]
    assert both.first.said([name]) == {fault.bad}, outcome
    assert both.after_first.get(name) == (content if fault.bad == COPIED else both.env.before.get(name))
    assert (name in both.again.outcomes) == (fault.bad != COPIED)
    if fault.bad != COPIED:
        assert both.again.said([name]) == {fault.then}, both.again.outcomes[name]
    assert both.after_both.get(name) == (content if fault.then == COPIED else both.env.before.get(name))


@pytest.mark.parametrize("way", ["upload", "download"])
def test_items_without_a_fault_are_copied_beside_those_that_fail(way: Way, runs: Mapping[Way, Both]) -> None:
    both = runs[way]
    good = set(both.env.contents) - set(both.faults.values())
    assert both.first.said(good) == {COPIED}
    nothing_wrong(both.after_first, both.env)
    nothing_wrong(both.after_both, both.env)
    assert set(both.after_first) >= good
