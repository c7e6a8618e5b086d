"""How many workers run at once: two parameters of the stack.

The number limits what a job plans. Reserved, it limits all jobs together, so that a burst of events leaves the rest of
the account's concurrency in the region to others; it is then kept free for workers, too. An account whose quota is too
small to reserve any of it has the first alone.
"""

from __future__ import annotations

from aws_cdk import CfnCondition, CfnParameter, Fn
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from s3am_cloud import names
from s3am_cloud.limits import CONTROL_CONCURRENCY, JANITOR_CONCURRENCY

_RESERVED = "WorkersAreReserved"


class Workers:
    """The parameters of one stack. `environment` has the function that plans know them."""

    def __init__(self, scope: Construct) -> None:
        most = CfnParameter(
            scope,
            names.MAX_WORKERS,
            type="Number",
            default=0,
            min_value=0,
            description="How many workers may run at once; 0 for any number",
        )
        reserve = CfnParameter(
            scope,
            names.RESERVE_WORKERS,
            default="yes",
            allowed_values=["yes", "no"],
            description="Whether Lambda reserves that concurrency, and some for the other functions, which limits all "
            "jobs together; no: it limits single jobs",
        )
        limited = Fn.condition_not(Fn.condition_equals(most, "0"))
        CfnCondition(
            scope,
            _RESERVED,
            expression=Fn.condition_and(limited, Fn.condition_equals(reserve, "yes")),
        )
        self.environment = {names.MAX_WORKERS_VARIABLE: most.value_as_string}

    def reserve(self, worker: lambda_.Function, control: lambda_.Function, janitor: lambda_.Function) -> None:
        """Has Lambda reserve concurrency for the functions where the parameters say so."""
        for function, most in (
            (worker, {"Ref": names.MAX_WORKERS}),
            (control, CONTROL_CONCURRENCY),
            (janitor, JANITOR_CONCURRENCY),
        ):
            raw = function.node.default_child
            assert isinstance(raw, lambda_.CfnFunction)
            raw.add_property_override(
                "ReservedConcurrentExecutions", {"Fn::If": [_RESERVED, most, {"Ref": "AWS::NoValue"}]}
            )
