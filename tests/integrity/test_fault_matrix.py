"""Every fault ends in the right object, or in the error that the table names: by the command, down, and in the cloud.

Of every case, whatever its outcome: the object is byte for byte what it must be and S3 holds the CRC64NVME of the
whole, or there is none (or somebody else's, as it was); it does not hang; and what it leaves is told.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from queue import SimpleQueue
from typing import TYPE_CHECKING

import pytest
from botocore.retries.standard import ExponentialBackoff

from integrity.case_env import case_env_of
from integrity.dialect_faults import DIALECTS
from integrity.disk_faults import DOWNLOADS_TO_DISK
from integrity.drivers import run
from integrity.endless_faults import ENDLESS
from integrity.faults import OBJECT, Case, Ended
from integrity.file_faults import FILES
from integrity.forked_runs import ForkedRuns
from integrity.http_faults import HTTP
from integrity.store_faults import STORE
from servers.strict_s3 import StrictS3
from support.prefetch import Prefetch

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FAULTS = [*HTTP, *FILES, *STORE, *DOWNLOADS_TO_DISK, *ENDLESS, *DIALECTS]
CASES = [Case(fault, driver) for fault in FAULTS for driver in fault.outcome]
Outcomes = Prefetch[Case, Ended]
_AT_ONCE = 3


@pytest.fixture(scope="module")
def outcomes(
    request: pytest.FixtureRequest,
    strict_s3: StrictS3,
    s3_client: "S3Client",
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Outcomes]:
    """The cases that were chosen, a few of them at a time."""

    free: SimpleQueue[ForkedRuns] = SimpleQueue()

    def work(case: Case) -> Ended:
        forked = free.get()
        try:
            with case_env_of(strict_s3, s3_client, forked, tmp_path_factory.mktemp("user"), case.fault.content) as site:
                return run(case, site)
        finally:
            free.put(forked)

    with pytest.MonkeyPatch.context() as patch, ExitStack() as forked_runs:
        for _ in range(_AT_ONCE):
            free.put(forked_runs.enter_context(closing(ForkedRuns())))
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, strict_s3.environment()[name])
        # boto3's waits, in this process: the command's own are made short by its environment.
        patch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0.01)
        # It notes each test in the environment, and takes that out again while threads read all that is there.
        patch.setattr("_pytest.runner._update_current_test_var", lambda item, when: None)
        ahead = Prefetch(_chosen(request.session), work, _AT_ONCE)
        yield ahead
        ahead.close()


def _chosen(session: pytest.Session) -> list[Case]:
    """The cases of those tests only that are to run."""
    functions = [item for item in session.items if isinstance(item, pytest.Function) and hasattr(item, "callspec")]
    return [case for item in functions if isinstance(case := item.callspec.params.get("case"), Case)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_fault_ends_in_the_right_object_or_in_its_named_error(
    case: Case, outcomes: Outcomes, record_property: Callable[[str, object], None]
) -> None:
    for name, value in (("fault", case.fault.name), ("source", case.fault.source), ("driver", case.driver)):
        record_property(name, value)
    ended = outcomes.of(case)
    record_property("outcome", ended.outcome)
    assert ended.outcome == case.expected, ended.message
    assert case.fault.said in ended.message or ended.outcome == OBJECT


def test_the_matrix_has_forty_faults_of_each_driver_and_no_case_twice() -> None:
    assert len({case.id for case in CASES}) == len(CASES)
    assert {driver: len([case for case in CASES if case.driver == driver]) > 40 for driver in ("upload", "cloud")} == {
        "upload": True,
        "cloud": True,
    }
