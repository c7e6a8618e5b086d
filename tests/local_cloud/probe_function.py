"""The function that the tests put on the emulator: it does what its event says."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any


class SourceBusy(Exception):
    pass


def note(event: dict[str, Any], what: str) -> None:
    if "notes" in event:
        with open(event["notes"], "a") as file:
            file.write(json.dumps([what, time.time(), event.get("item")]) + "\n")


def handler(event: dict[str, Any], context: Any) -> dict[str, object]:
    note(event, "start")
    time.sleep(event.get("sleep", 0))
    note(event, "end")
    if "fail" in event and event.get("item", 0) == event.get("fail_item", 0):
        raise {"SourceBusy": SourceBusy, "ValueError": ValueError}[event["fail"]]("as asked")
    if "exit" in event:
        print("leaving", flush=True)
        os._exit(event["exit"])
    print("printed by the function")
    return {
        "pid": os.getpid(),
        "environment": dict(os.environ),
        "path": sys.path,
        "milliseconds": context.get_remaining_time_in_millis(),
        "request_id": context.aws_request_id,
        "code": os.getcwd(),
    }
