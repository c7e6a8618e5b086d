"""What Lambda gives to a handler beside the event."""

from __future__ import annotations

import io
import itertools
from typing import cast

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from s3am_cloud.handlers.runtime import Runtime
from s3am_cloud.ports.transfer import Ports

_requests = itertools.count(1)


class Context:
    """Of a function with half a GiB of memory; every invocation has a request id of its own."""

    function_name = "a-function"
    memory_limit_in_mb = "512"

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.aws_request_id = f"request-{next(_requests)}"

    def get_remaining_time_in_millis(self) -> int:
        return int(self._seconds * 1000)


def context(seconds: float = 900) -> LambdaContext:
    """An invocation with so much time left."""
    return cast(LambdaContext, Context(seconds))


def lambda_world(ports: Ports, log: io.StringIO) -> Runtime:
    """What a handler has kept from earlier invocations; it logs to `log`."""
    return Runtime(ports, Logger(service=f"tests-{id(log)}", stream=log), "work", lambda job: ports)
