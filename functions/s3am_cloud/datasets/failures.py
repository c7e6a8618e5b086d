"""When a run ends early: many failures, or one that every other item would meet as well."""

from __future__ import annotations

import re

from s3am_cloud.datasets.outcomes import Outcome
from s3am_cloud.errors import Usage
from s3am_cloud.limits import FAILURES_ALLOWED, SAME_FAILURES

_SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)%")
# Errors of the disk or of the credentials, and not of an item.
OF_ALL = frozenset({"NoCredentials", "DiskFull", "DiskFailed"})
# Uploads have one bucket as destination; downloads have a file each, and one that can't be made says nothing of others.
OF_ALL_UPLOADS = OF_ALL | {"BadDestination"}

# What another source of the same content may not meet.
OF_ONE_SOURCE = frozenset({"AccessDenied", "BadSource", "SourceNotFound", "SourceTooLarge"})
OF_ONE_SOURCE |= {"SourceBusy", "SourceChanged", "SourceUnavailable", "NotAsExpected", "NotAsStated", "PartTooSlow"}


def failures_allowed(most: int | str | None, items: int) -> int | None:
    """`most` is a number, or a share of all items such as "5%". Raises Usage for another text."""
    if not isinstance(most, str):
        return most
    share = _SHARE.fullmatch(most)
    if share is None:
        raise Usage(f"{most!r} is neither a number of failures nor a share such as 5%", "write 100, or 5%")
    return int(items * float(share[1]) / 100)


class FailureRule:
    """Counts outcomes. `most` is what the user allows; None for the default: FAILURES_ALLOWED failed items that are
    more than half of those finished. A run whose first SAME_FAILURES items all fail in the same way ends as well."""

    def __init__(self, most: int | None = None, of_all: frozenset[str] = OF_ALL_UPLOADS) -> None:
        """`of_all` are the names of errors that end the run at once."""
        self._most, self._of_all_names = most, of_all
        self._failed = self._finished = 0
        self._names: set[str] = set()
        self._of_all = False

    def note(self, outcome: Outcome) -> None:
        if outcome.state == "not-reached":
            return
        self._finished += 1
        if outcome.error is not None:
            self._failed += 1
            self._names.add(outcome.error.name)
            self._of_all = self._of_all or outcome.error.name in self._of_all_names

    @property
    def ends_the_run(self) -> bool:
        if self._of_all:
            return True
        if self._most is not None:
            return self._failed > self._most
        if self._failed == self._finished >= SAME_FAILURES and len(self._names) == 1:
            return True
        return self._failed >= FAILURES_ALLOWED and 2 * self._failed > self._finished
