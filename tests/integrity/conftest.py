"""The table of the fault matrix, printed at the end of a run that was asked for these tests by name."""

from collections import defaultdict

import pytest

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
