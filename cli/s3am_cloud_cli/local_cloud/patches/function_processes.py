"""Gap: a Python function's error reaches its caller as `Runtime.HandlerError`, whatever was raised.

So `Retry` by error name never matches. AWS reports `errorType` as the name of the exception's class, with
`errorMessage`, `requestId` and `stackTrace` (Lambda developer guide, "Python function errors"); a crash of the process
is `Runtime.ExitError`. The process is thrown away with every error besides, where AWS keeps it warm, and each new
process unpacks the whole code anew.

Patched: processes of our own that report errors as AWS does, live on after an error, share one unpacked copy of the
code, and see only the standard library and what the function brings along. They may fetch from this machine, which
functions on AWS refuse to do. As on AWS they have temporary credentials, whose session token says whose they are.
"""

from __future__ import annotations

import collections
import hashlib
import io
import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from pathlib import Path
from typing import IO, Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from s3am_cloud.names import PRIVATE_SOURCES_VARIABLE
from s3am_cloud_cli.local_cloud import function_worker
from s3am_cloud_cli.local_cloud.audit_log import session_token

INIT_SECONDS = 60.0  # AWS gives 10; two cores that compile a fresh asset may take longer
LOG_LINES = 10_000
LOG_SECONDS = 0.5
KEPT_CODE = 4  # unpacked assets: each 60 MB

# The embedded cloud's sources are on loopback; the functions refuse private addresses unless this allows them.
LOCAL_ENVIRONMENT = {PRIVATE_SOURCES_VARIABLE: "1"}

Answer = dict[str, Any]


class FunctionProcess(lambda_runtime.Worker):  # type: ignore[misc]
    """A warm execution environment. The emulator leases it to one invocation at a time."""

    def __init__(self, name: str, config: dict[str, Any], code_zip: bytes, code_folder: Path) -> None:
        super().__init__(name, config, code_zip)
        self._proc: Any = None
        self._code_folder = code_folder
        self._answers: queue.SimpleQueue[Answer | None] = queue.SimpleQueue()
        self._log: collections.deque[str] = collections.deque(maxlen=LOG_LINES)
        self._log_ended = threading.Event()

    def _spawn(self) -> None:
        code = unpack(self.code_zip, self._code_folder)
        self._answers, self._log_ended = queue.SimpleQueue(), threading.Event()
        self._proc = subprocess.Popen(
            [sys.executable, "-I", "-S", function_worker.__file__],
            cwd=code,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            env=process_environment(self.config, code),
        )
        for read, stream in ((self._read_answers, self._proc.stdout), (self._read_log, self._proc.stderr)):
            threading.Thread(target=read, args=(stream, self._answers, self._log_ended), daemon=True).start()
        self._send({"code": str(code), "handler": self.config.get("Handler", "")})

    def invoke(self, event: object, request_id: str, **details: Any) -> Answer:
        with self._lock:
            cold = self._proc is None or self._proc.poll() is not None
            if cold:
                self._spawn()
            self._cold = False
            answer = self._ready() if cold else None
            answer = answer or self._run(event, request_id, details.get("invoked_function_arn") or "")
            return answer | {"cold_start": cold, "log": self._collected_log()}

    def _ready(self) -> Answer | None:
        """None once the code is loaded; else why not."""
        answer = self._await(INIT_SECONDS, "initialisation")
        return None if answer["status"] == "ready" else self._discard(answer)

    def _run(self, event: object, request_id: str, arn: str) -> Answer:
        seconds = float(self.config.get("Timeout", 3))
        self._log_ended.clear()
        self._send({"event": event, "request_id": request_id, "arn": arn, "seconds": seconds})
        answer = self._await(seconds, request_id)
        return answer if answer.get("keep", True) else self._discard(answer)

    def _await(self, seconds: float, what: str) -> Answer:
        try:
            answer = self._answers.get(timeout=seconds)
        except queue.Empty:
            message = f"RequestId: {what} Error: Task timed out after {seconds:.2f} seconds"
            return {"status": "error", "type": "Sandbox.Timedout", "error": message, "keep": False}
        if answer is not None:
            return answer
        status = self._proc.wait()
        message = f"RequestId: {what} Error: Runtime exited with error: exit status {status}"
        return {"status": "error", "type": "Runtime.ExitError", "error": message, "keep": False}

    def _discard(self, answer: Answer) -> Answer:
        process = self._proc
        self._proc = None
        process.kill()
        process.wait()
        return answer

    def _send(self, message: dict[str, object]) -> None:
        try:
            self._proc.stdin.write(json.dumps(message) + "\n")
            self._proc.stdin.flush()
        except BrokenPipeError:
            return  # it is gone: the missing answer says so

    def _collected_log(self) -> str:
        self._log_ended.wait(LOG_SECONDS)
        lines = [self._log.popleft() for _ in range(len(self._log))]
        return "\n".join(lines)

    @staticmethod
    def _read_answers(stream: IO[str], answers: queue.SimpleQueue[Answer | None], _: threading.Event) -> None:
        for line in stream:
            answers.put(json.loads(line))
        answers.put(None)

    def _read_log(self, stream: IO[str], _: queue.SimpleQueue[Answer | None], ended: threading.Event) -> None:
        for line in stream:
            if line.startswith(function_worker.LOG_END):
                ended.set()
            else:
                self._log.append(line.rstrip("\n"))
        ended.set()


def patch(code_folder: Path) -> None:
    code_folder.mkdir(parents=True, exist_ok=True)
    forget_old_code(code_folder)
    other_runtimes = lambda_runtime._worker_class_for

    def worker_class_for(config: dict[str, Any]) -> Any:
        if not str(config.get("Runtime", "")).startswith("python"):
            return other_runtimes(config)
        return lambda name, settings, code: FunctionProcess(name, settings, code, code_folder)

    lambda_runtime._worker_class_for = worker_class_for
    lambda_svc._execute_function_warm = execute


def execute(function: dict[str, Any], event: object, request_id: str) -> Answer:
    """One invocation, with its outcome as the emulator's callers expect it and its error as AWS words it."""
    config = function.get("config") or function
    lambda_svc._ensure_reaper_thread()
    worker, _ = lambda_runtime.acquire_worker(
        config["FunctionName"], config, function["code_zip"], qualifier=config.get("Version", "$LATEST")
    )
    try:
        answer = worker.invoke(event, request_id, invoked_function_arn=config.get("FunctionArn", ""))
    finally:
        lambda_runtime.release_worker(worker)
    if answer["status"] == "ok":
        return {"body": answer["result"], "log": answer["log"]}
    body = {
        "errorMessage": answer["error"],
        "errorType": answer.get("type", "Lambda.Unknown"),
        "requestId": request_id,
        "stackTrace": answer.get("stack", []),
    }
    log = "\n".join(filter(None, [answer["log"], answer.get("trace") or answer["error"]]))
    return {"body": body, "error": True, "log": log}


def process_environment(config: dict[str, Any], code: Path) -> dict[str, str]:
    """The environment variables of a function (Lambda developer guide, "Defined runtime environment variables")."""
    own = (config.get("Environment") or {}).get("Variables") or {}
    _, region = lambda_runtime._account_region_from_function_config(config)
    name = config.get("FunctionName", "")
    defined = {
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{config.get('Runtime', 'python3.13')}",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": config.get("Version", "$LATEST"),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config.get("MemorySize", 128)),
        "AWS_LAMBDA_LOG_GROUP_NAME": (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": f"{time.strftime('%Y/%m/%d')}/[$LATEST]{os.urandom(16).hex()}",
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        "LAMBDA_TASK_ROOT": str(code),
    }
    free = {key: str(value) for key, value in own.items() if key not in lambda_runtime._RESERVED_RUNTIME_ENV_VARS}
    # The owner's key, as the emulator answers to no other; the session token says which function it is.
    credentials = {
        **lambda_runtime.execution_credentials(config),
        "AWS_ACCESS_KEY_ID": os.environ["AWS_ACCESS_KEY_ID"],
        "AWS_SESSION_TOKEN": session_token(name),
    }
    return {**os.environ, **free, **defined, **credentials, **LOCAL_ENVIRONMENT}


def unpack(code_zip: bytes, folder: Path) -> Path:
    """The folder with this code, unpacked once for all processes; compiled modules stay there from run to run."""
    place = folder / hashlib.sha256(code_zip).hexdigest()[:32]
    if place.is_dir():
        return place
    with tempfile.TemporaryDirectory(dir=folder, prefix="new-") as temporary:
        fresh = Path(temporary) / "code"
        with zipfile.ZipFile(io.BytesIO(code_zip)) as archive:
            archive.extractall(fresh)
        try:
            fresh.rename(place)
        except OSError:
            if not place.is_dir():  # otherwise another process was faster, with the same
                raise
    return place


def forget_old_code(folder: Path) -> None:
    kept = sorted(folder.iterdir(), key=lambda place: place.stat().st_mtime, reverse=True)
    for place in kept[KEPT_CODE:]:
        shutil.rmtree(place, ignore_errors=True)
