"""What can go wrong with a deployment, as named errors."""

from __future__ import annotations

import re
from collections.abc import Sequence

from s3am_cloud.errors import AccessDenied, MissingExtra, TransferError, Unexpected

INSTALL = "pip install 's3am-cloud[deploy]'"

# What AWS says, by way of the CDK, to those who may not do something or are not known to it.
_DENIED = re.compile(
    r"AccessDenied|is not authorized to perform|ExpiredToken|InvalidClientTokenId|UnrecognizedClient"
    r"|security token .* is invalid|no credentials have been configured",
    re.IGNORECASE,
)
_ERROR_LINE = re.compile(r"❌|\b\w*(?:Error|Exception)\b")  # the CDK marks the end of a failed stack with ❌


class DeployFailed(Unexpected):
    """The CDK's command, or a tool that it needs, failed. What it said is above this error."""

    hint = "the CDK's output is above; fix the cause and try again"


def missing_extra(what: str) -> MissingExtra:
    return MissingExtra(f"deploying needs {what}", hint=INSTALL)


def cdk_failure(what: str, said: Sequence[str]) -> TransferError:
    """The named error for a run of the CDK's command that failed, from the lines that it printed."""
    lines = [line.strip() for line in said if line.strip()]
    reason = next((line for line in lines if _ERROR_LINE.search(line)), lines[-1] if lines else "it said nothing")
    kind = AccessDenied if any(_DENIED.search(line) for line in lines) else DeployFailed
    return kind(f"{what} failed: {reason.lstrip('❌ ')}")
