"""Runs of the command as forks of a process that has imported it: a tenth of a second each, where a start takes half.

Each run is a process of its own, with its own environment, folder and output, and can be killed like any other.
"""

import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3

from integrity import hooks
from support.command import Result

MODULES = ("main", "local_run", "records", "receipts", "settings", "commands.upload", "commands.download")
_PROGRAM = "from integrity.nursery import serve; serve()"


class Nursery:
    """For one run at a time."""

    def __init__(self) -> None:
        path = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM],
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._folder = tempfile.TemporaryDirectory(prefix="nursery-")
        self._pid: int | None = None

    def run(self, arguments: list[str], folder: Path, variables: Mapping[str, str]) -> Result:
        """The command's run to its end."""
        out, err = Path(self._folder.name, "out"), Path(self._folder.name, "err")
        asked = {"arguments": arguments, "folder": str(folder), "variables": dict(variables)}
        self._tell({**asked, "out": str(out), "err": str(err)})
        self._pid = self._hear()
        code = self._hear()
        self._pid = None
        return Result(code, out.read_text(), err.read_text())

    def kill(self) -> None:
        """The run of this moment ends by SIGKILL."""
        if self._pid is not None:
            os.kill(self._pid, signal.SIGKILL)

    def close(self) -> None:
        """The end of the process that runs are forked from."""
        self._process.kill()
        self._process.communicate()
        self._folder.cleanup()

    def _tell(self, asked: Mapping[str, object]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()

    def _hear(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())


def serve() -> None:
    """The nursery's own life: a line in for each run; its process id, then its exit code, out."""
    for name in MODULES:
        importlib.import_module(f"s3am_cloud_cli.{name}")
    for name in ("botocore.retries.standard", "s3am_cloud.adapters.curl.movers", "awscrt.checksums"):
        importlib.import_module(name)
    boto3.client("s3", region_name="us-east-1")
    for line in sys.stdin:
        asked = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _run(asked)
        print(pid, flush=True)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        print(code, flush=True)


def _run(asked: dict[str, Any]) -> None:
    """The fork's life, as if it had just been started."""
    for place, descriptor in ((os.devnull, 0), (asked["out"], 1), (asked["err"], 2)):
        os.dup2(os.open(place, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), descriptor)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["variables"])
    sys.argv = ["s3am-cloud", *asked["arguments"]]
    hooks.apply()
    code: object = 1
    try:
        from s3am_cloud_cli.main import main

        main()
    except SystemExit as end:
        code = end.code
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 0 if code is None else 1)
