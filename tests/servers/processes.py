"""Child processes of the tests, which end with the tests however these end."""

import os
import signal
import socket
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

_GUARD = 'exec 3<&0; (read -r _ <&3; kill -KILL 0) & exec "$@" 3<&- </dev/null'
"""Runs a command whose process group is killed as soon as the shell's standard input is closed: a pipe from the tests,
which the kernel closes even where the tests were killed and could not tidy up."""


def free_ports(count: int) -> list[int]:
    """Different TCP ports of 127.0.0.1 that nobody listened on a moment ago."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


class GuardedProcess:
    """A command in a process group of its own, killed by `kill` or by the end of this process, whatever comes first."""

    def __init__(self, command: Sequence[str], *, cwd: Path, log: Path, env: dict[str, str] | None = None) -> None:
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", _GUARD, "guard", *command],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                env=env,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The command's process id, which is its group's too."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether the command has ended by itself."""
        return self._process.poll() is not None

    def kill(self) -> None:
        """Kill the whole group and wait for it."""
        # The guard stays in the group for as long as its pipe is open, so the group's id is never somebody else's.
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
