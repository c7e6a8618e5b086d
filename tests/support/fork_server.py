"""Runs of the command as forks of a process that has imported it, which spares each run half a second of start-up.

Each run is a process of its own, in a session of its own, with its own environment, folder and streams, that can be
sent signals and ends as any Python process does. What a fork can't show is the start itself: the interpreter's
settings, what is imported when, and limits of the process. Such runs are started as a user starts them.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

_MESSAGE_BYTES = 1 << 20
_READ_BYTES = 1 << 16
_TESTS = Path(__file__).parents[1]
_IMPORTED = (
    *(
        "s3am_cloud_cli.main",
        "s3am_cloud_client.inprocess.driver",
        "s3am_cloud_client.inprocess.record_store",
        "s3am_cloud_cli.console.receipt_text",
    ),
    *("s3am_cloud_cli.options.settings", "s3am_cloud_cli.commands.upload", "s3am_cloud_cli.commands.download"),
    *("s3am_cloud.adapters.curl.movers", "botocore.retries.standard", "awscrt.checksums"),
)


def control_pair() -> tuple[socket.socket, socket.socket]:
    """On which a run's process id and its exit code come, one message each: a run may end before the first is read."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


class ForkedRun:
    """One run; the part of `subprocess.Popen` that tests use."""

    def __init__(self, control: socket.socket, stdout: int, stderr: int) -> None:
        self._control, self._pipes = control, {stdout: bytearray(), stderr: bytearray()}
        self.returncode: int | None = None
        self.pid = int(control.recv(64))

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, negative for a signal; subprocess.TimeoutExpired after `timeout` seconds."""
        if self.returncode is None:
            self._control.settimeout(timeout)
            try:
                self.returncode = int(self._control.recv(64))
            except TimeoutError:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0) from None
            self._control.close()
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """What it has written to stdout and to stderr, once both are closed and it has ended."""
        deadline = None if timeout is None else time.monotonic() + timeout
        with selectors.DefaultSelector() as waiting:
            for pipe in self._pipes:
                waiting.register(pipe, selectors.EVENT_READ)
            while waiting.get_map():
                left = None if deadline is None else deadline - time.monotonic()
                ready = waiting.select(left) if left is None or left > 0 else []
                if not ready:
                    raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
                for key, _ in ready:
                    if not self._read(key.fd):
                        waiting.unregister(key.fd)
        self.wait(None if deadline is None else max(0.1, deadline - time.monotonic()))
        stdout, stderr = (data.decode() for data in self._pipes.values())
        return stdout, stderr

    def close(self) -> None:
        """Leave its streams, so that it finds no reader."""
        for pipe in self._pipes:
            os.close(pipe)
        self._control.close()

    def _read(self, pipe: int) -> bool:
        data = os.read(pipe, _READ_BYTES)
        self._pipes[pipe] += data
        return bool(data)


class ForkServer:
    """A process that forks a run for each call of `start`. `prepare` ("module:function") is called in each."""

    def __init__(self, prepare: str = "") -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        path = os.pathsep.join([str(_TESTS), os.environ.get("PYTHONPATH", "")])
        with closing(theirs):
            self._process = subprocess.Popen(
                [sys.executable, "-m", "support.fork_server", str(theirs.fileno()), prepare],
                env={**os.environ, "PYTHONPATH": path},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
            )

    def start(self, arguments: Sequence[str], folder: Path, variables: Mapping[str, str]) -> ForkedRun:
        """A run of the command with these arguments, in this folder, with these variables and no others."""
        (out, their_out), (err, their_err) = os.pipe(), os.pipe()
        control, theirs = control_pair()
        asked = {"arguments": list(arguments), "folder": str(folder), "variables": dict(variables)}
        try:
            socket.send_fds(self._socket, [json.dumps(asked).encode()], [their_out, their_err, theirs.fileno()])
        finally:
            os.close(their_out)
            os.close(their_err)
            theirs.close()
        return ForkedRun(control, out, err)

    def close(self) -> None:
        """The end of the process that runs are forked from; runs go on."""
        self._socket.close()
        self._process.kill()
        self._process.wait()


class _Server:
    """The server's own life: it forks a run for each message, and reports its process id and its exit code."""

    def __init__(self, requests: socket.socket, prepare: Callable[[], object]) -> None:
        self._requests, self._prepare = requests, prepare
        self._controls: dict[int, socket.socket] = {}
        self._woken, wake = socket.socketpair()
        wake.setblocking(False)
        self._wake = wake

    def serve(self) -> Callable[[], None] | None:
        """In each fork, what is to be run there; None in the server, at its end."""
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._requests, selectors.EVENT_READ)
            waiting.register(self._woken, selectors.EVENT_READ)
            while True:
                for key, _ in waiting.select():
                    if key.fileobj is self._woken:
                        self._woken.recv(_MESSAGE_BYTES)
                        self._report_ended()
                        continue
                    message, descriptors, _, _ = socket.recv_fds(self._requests, _MESSAGE_BYTES, 3)
                    if not message:
                        return None
                    run = self._fork(json.loads(message), descriptors)
                    if run is not None:
                        return run

    def _fork(self, asked: dict[str, Any], descriptors: list[int]) -> Callable[[], None] | None:
        out, err, control = descriptors
        pid = os.fork()
        if pid == 0:
            self._leave()
            return lambda: _run(asked, out, err, self._prepare)
        os.close(out)
        os.close(err)
        self._controls[pid] = socket.socket(fileno=control)
        self._controls[pid].send(str(pid).encode())
        return None

    def _leave(self) -> None:
        """In a fork: nothing of the server's stays."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for one in (self._requests, self._woken, self._wake, *self._controls.values()):
            one.close()

    def _report_ended(self) -> None:
        while self._controls:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            with self._controls.pop(pid) as control:
                control.send(str(os.waitstatus_to_exitcode(status)).encode())


def _run(asked: dict[str, Any], out: int, err: int, prepare: Callable[[], object]) -> None:
    """The fork's life, as if it had just been started."""
    os.setsid()
    encoding = sys.stdout.encoding
    for descriptor, place in ((out, 1), (err, 2)):
        os.dup2(descriptor, place)
        os.close(descriptor)
    sys.stdout = os.fdopen(1, "w", encoding=encoding)
    sys.stderr = os.fdopen(2, "w", encoding=encoding)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["variables"])
    time.tzset()
    sys.argv = ["s3am-cloud", *asked["arguments"]]
    prepare()
    from s3am_cloud_cli.entry import main

    code: object = 1
    try:
        main()
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
    # Without taking the interpreter apart, which takes as long as a small run.
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)


def _main(descriptor: str, prepare: str) -> None:
    for name in _IMPORTED:
        importlib.import_module(name)
    import boto3

    boto3.Session(region_name="us-east-1").client("s3")
    module, _, function = prepare.partition(":")
    called = getattr(importlib.import_module(module), function) if module else lambda: None
    run = _Server(socket.socket(fileno=int(descriptor)), called).serve()
    if run is not None:
        run()


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2])
