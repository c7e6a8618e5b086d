"""Control calls that are denied: what a transfer can do without, and which right is missing for what it can't."""

from __future__ import annotations

from botocore.exceptions import ClientError

from s3am_cloud.adapters.s3.answers import code_of, named_client, status_of
from s3am_cloud.adapters.s3.codes import refuses_credentials
from s3am_cloud.errors import AccessDenied

# AccessDenied, and what an answer without a body says instead.
DENIED = {"AccessDenied", "403"}
# Codes by which stores answer 400 to operations that they do not have.
_LACKING = {"400", "InvalidRequest", "InvalidArgument", "NotImplemented", "UnsupportedOperation", "MethodNotAllowed"}


def without_right(right: str, error: ClientError, what: str) -> AccessDenied:
    return AccessDenied(named_client(error, f"{what} can't be listed").message, f"get the right {right}")


def is_optional(error: ClientError) -> bool:
    """Whether a store without the operation, or a user without the right to it, was refused."""
    code, status = code_of(error), status_of(error)
    return not refuses_credentials(code) and (
        status in {403, 405, 501} or (status == 400 and code in _LACKING) or (status == 404 and code in {"404", ""})
    )
