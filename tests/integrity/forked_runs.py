"""Runs of the command with the hooks of this suite, one at a time, each of which may be killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from pathlib import Path

from support.command import Result
from support.fork_server import ForkServer

_SECONDS = 100.0


class ForkedRuns:
    """For one run at a time."""

    def __init__(self) -> None:
        self._server = ForkServer("integrity.hooks:apply")
        self._pid: int | None = None

    def run(self, arguments: list[str], folder: Path, variables: Mapping[str, str]) -> Result:
        """The command's run to its end."""
        run = self._server.start(arguments, folder, variables)
        self._pid = run.pid
        try:
            out, err = run.communicate(_SECONDS)
        finally:
            self._pid = None
            run.close()
        return Result(run.wait(), out, err)

    def kill(self) -> None:
        """The run of this moment ends by SIGKILL."""
        if self._pid is not None:
            os.kill(self._pid, signal.SIGKILL)

    def close(self) -> None:
        """The end of the process that runs are forked from."""
        self._server.close()
