"""Gap: a task whose function is throttled fails as `Lambda.Unknown`, as if it had crashed.

On AWS it fails as `Lambda.TooManyRequestsException`, which a machine retries far longer than a crash (Step Functions
developer guide, "Handling errors", "Lambda service exceptions").
"""

from __future__ import annotations

from typing import Any

from ministack.services import lambda_svc

NAME = "Lambda.TooManyRequestsException"


def patch() -> None:
    respond = lambda_svc._throttle_response

    def throttled(*arguments: Any, **named: Any) -> dict[str, Any]:
        answer: dict[str, Any] = respond(*arguments, **named)
        # A task takes its error's name from here; whoever invokes the function itself looks elsewhere.
        answer["body"]["errorType"] = NAME
        return answer

    lambda_svc._throttle_response = throttled
