"""Cases of a table, worked on a few at a time ahead of their tests: a run is mostly the command's start, or waiting."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

Case = TypeVar("Case")
Outcome = TypeVar("Outcome")
_AT_ONCE = 4


class Prefetch(Generic[Case, Outcome]):
    """What came of each case; what a case raised is raised for its own test only."""

    def __init__(self, cases: Iterable[Case], work: Callable[[Case], Outcome], at_once: int = _AT_ONCE) -> None:
        self._pool = ThreadPoolExecutor(at_once)
        self._futures = {case: self._pool.submit(work, case) for case in cases}

    def of(self, case: Case) -> Outcome:
        """What came of it, once it has come."""
        return self._futures[case].result()

    def close(self) -> None:
        """Work on none that has not begun."""
        self._pool.shutdown(cancel_futures=True)
