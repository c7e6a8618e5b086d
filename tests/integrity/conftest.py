"""The table of the fault matrix, printed at the end of a run that was asked for these tests by name."""

import random
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from integrity.dataset_env import DatasetEnv, MakeEnv
from servers.strict_s3 import StrictS3

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DRIVERS = ("upload", "download", "cloud")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Fault, source, and what came of it by each driver, in Markdown."""
    if not any("integrity" in argument for argument in config.args):
        return
    rows: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for reports in terminalreporter.stats.values():
        for report in reports:
            found = dict(getattr(report, "user_properties", ()))
            if getattr(report, "when", "") == "call" and "driver" in found:
                said = str(found.get("outcome", "")) if report.passed else f"**wrong**: {found.get('outcome', '?')}"
                rows[str(found["fault"]), str(found["source"])][str(found["driver"])] = said
    if rows:
        terminalreporter.section(f"{len(rows)} faults")
        for line in _table(rows):
            terminalreporter.write_line(line)


def _table(rows: dict[tuple[str, str], dict[str, str]]) -> list[str]:
    head = ["| fault | source | upload | download | cloud |", "| --- | --- | --- | --- | --- |"]
    return head + [
        f"| {fault} | {source} | {' | '.join(by_driver.get(driver, '') for driver in DRIVERS)} |"
        for (fault, source), by_driver in rows.items()
    ]


@pytest.fixture(scope="module")
def make_env(strict_s3: StrictS3, s3_client: "S3Client", tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeEnv]:
    """Makes a dataset of a number of items, for this process to run with the rights of the strict server's user."""
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        for name, value in strict_s3.environment().items():
            patch.setenv(name, value)
        patch.setenv("S3AM_CLOUD_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        throw = random.random
        # Waits between tries have full jitter: these make them short, and change nothing else.
        patch.setattr("random.random", lambda: throw() / 200)
        yield lambda count: DatasetEnv(strict_s3, s3_client, tmp_path_factory.mktemp("dataset"), stack, count)
