"""One execution environment of a Python function: the program that runs in a process of its own.

It speaks the emulator's protocol, one JSON document a line: first what to load, then one invocation after the other.
It runs on the standard library and the function's own code alone (`python -I -S`), as on AWS.
"""

from __future__ import annotations

import importlib
import json
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any, TextIO

Message = dict[str, Any]
Handler = Callable[[object, object], object]

LOG_END = "\x00end of the log of "


class Context:
    """What the handler gets beside the event (AWS Lambda developer guide, "Using the Lambda context object")."""

    def __init__(self, message: Message) -> None:
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.invoked_function_arn = message["arn"]
        self.aws_request_id = message["request_id"]
        self.identity = None
        self.client_context = None
        self._deadline = time.time() + message["seconds"]

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._deadline - time.time()) * 1000))


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever prints, in Python or below it, prints to the log
    messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
    threading.Thread(target=read_messages, args=(messages,), daemon=True).start()
    handler, failure = load(messages.get())
    reply(answers, failure or {"status": "ready"})
    while handler:
        message = messages.get()
        answer = invoke(handler, message)
        sys.stdout.flush()
        sys.stderr.flush()
        os.write(2, f"{LOG_END}{message['request_id']}\n".encode())
        reply(answers, answer)


def read_messages(messages: queue.SimpleQueue[Message]) -> None:
    """Hand on what the emulator sends; when it is gone, end, even in the middle of an invocation."""
    for line in sys.stdin:
        messages.put(json.loads(line))
    os._exit(0)


def load(message: Message) -> tuple[Handler | None, Message | None]:
    sys.path.insert(0, message["code"])
    module, _, name = message["handler"].rpartition(".")
    try:
        return getattr(importlib.import_module(module.replace("/", ".")), name), None
    except AttributeError as error:
        return None, failed(error, "Runtime.HandlerNotFound")
    except ImportError as error:
        return None, failed(error, "Runtime.ImportModuleError")
    except Exception as error:
        return None, failed(error)


def invoke(handler: Handler, message: Message) -> Message:
    try:
        result = handler(message["event"], Context(message))
    except Exception as error:
        return failed(error)
    try:
        json.dumps(result)
    except (TypeError, ValueError) as error:
        return failed(error, "Runtime.MarshalError")
    return {"status": "ok", "result": result}


def failed(error: Exception, kind: str | None = None) -> Message:
    """An error as Lambda reports it: under the name of the exception's class."""
    return {
        "status": "error",
        "type": kind or type(error).__name__,
        "error": str(error),
        "stack": traceback.format_list(traceback.extract_tb(error.__traceback__)),
        "trace": "".join(traceback.format_exception(error)),
    }


def reply(answers: TextIO, answer: Message) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
