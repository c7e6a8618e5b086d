"""What cfn-lint finds in a template. It takes seconds to import, so that only its tests do."""

from __future__ import annotations


def template_faults(text: str, *regions: str) -> list[str]:
    """Each fault in a line, for these regions or for cfn-lint's own."""
    from cfnlint.api import ManualArgs, lint

    # W3005: the CDK names dependencies that references imply.
    config = (
        ManualArgs(ignore_checks=["W3005"], regions=list(regions)) if regions else ManualArgs(ignore_checks=["W3005"])
    )
    return [str(fault) for fault in lint(text.replace("${Partition}", "aws"), config=config)]
