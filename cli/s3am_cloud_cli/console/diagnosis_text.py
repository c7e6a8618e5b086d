"""What `doctor` found, as people read it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from s3am_cloud_client.results import Diagnosis, Finding

_MARKS = {"ok": "ok", "warning": "WARNING", "problem": "PROBLEM", "unknown": "unknown"}


def diagnosis_text(found: Diagnosis) -> list[str]:
    return [line for finding in found.findings for line in _lines(finding)] + ["", _summary(found)]


def _lines(finding: Finding) -> Iterator[str]:
    yield f"{_MARKS[finding.state]:<8} {finding.check}, {finding.subject}: {finding.message}"
    if finding.fix is not None:
        yield f"{'':<8} fix: {finding.fix}"


def _summary(found: Diagnosis) -> str:
    counts = ((found.problems, "problem"), (found.warnings, "warning"))
    said = [f"{count} {name}{'' if count == 1 else 's'}" for count, name in counts if count]
    if found.unknown:
        said.append(f"{found.unknown} that could not be checked")
    return ", ".join(said) if said else "all is well"
