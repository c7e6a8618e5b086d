"""The installed command, run as a user runs it, in an environment of the test's own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from support.fork_server import ForkedRun, ForkServer

PROGRAM = Path(sys.executable).with_name("s3am-cloud")
_KEPT = ("PATH", "LANG", "TMPDIR", "no_proxy", "NO_PROXY")
_DEADLINE = 60.0
Found = TypeVar("Found")


@dataclass(frozen=True)
class Result:
    """How a run of the command ended."""

    returncode: int
    stdout: str
    stderr: str

    @property
    def document(self) -> dict[str, Any]:
        """What `--json` printed: AssertionError unless stdout is one JSON object on one line and nothing else."""
        assert self.stdout.count("\n") == 1
        assert self.stdout.endswith("\n")
        found = json.loads(self.stdout)
        assert isinstance(found, dict)
        return found

    @property
    def error_line(self) -> str:
        """The line that tells of the error, which is the last one and has a hint."""
        line = self.stderr.rstrip("\n").rpartition("\n")[2]
        assert line.startswith("s3am-cloud: "), self.stderr
        assert ". Hint: " in line
        assert line.endswith(".")
        assert "Traceback" not in self.stderr
        return line

    def ended(self, code: int) -> "Result":
        """This result; AssertionError, with all that was said, unless it ended with this code."""
        assert self.returncode == code, f"exit code {self.returncode}\n{self.stdout}\n{self.stderr}"
        return self


class Running:
    """A run that goes on, in a process group of its own."""

    def __init__(self, process: subprocess.Popen[str] | ForkedRun) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    def signal_group(self, number: signal.Signals) -> None:
        """What a terminal does on Ctrl-C, or the kernel when memory is short: every process of it gets the signal."""
        os.killpg(self._process.pid, number)

    def ended(self, within: float) -> bool:
        """Whether it has ended, or does within the given seconds; for runs that say little."""
        try:
            self._process.wait(within)
        except subprocess.TimeoutExpired:
            return False
        return True

    def result(self, timeout: float = _DEADLINE) -> Result:
        """Wait for its end."""
        stdout, stderr = self._process.communicate(timeout=timeout)
        return Result(self._process.wait(), stdout, stderr)

    def end(self) -> None:
        """Kill what is left of the group."""
        for pid in group(self._process.pid):
            os.kill(pid, signal.SIGKILL)
        self._process.wait()
        if isinstance(self._process, ForkedRun):
            self._process.close()

    def workers(self) -> list[int]:
        """Its worker processes, without the helper that multiprocessing starts to track shared resources."""
        others = [pid for pid in group(self.pid) if pid != self.pid]
        return [pid for pid in others if "resource_tracker" not in _command_line(pid)]


class Command:
    """Runs the command; every run sees these variables and nothing else of the tests' own environment.

    Runs are forks of `server` where there is one, unless they ask for something that only a start shows.
    """

    def __init__(
        self, home: Path, variables: Mapping[str, str], program: Path = PROGRAM, server: ForkServer | None = None
    ) -> None:
        self.home, self._program, self._server = home, program, server
        self.state = home / "state"
        self._environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        self._environment |= {"HOME": str(home), "S3AM_CLOUD_STATE_HOME": str(self.state)}
        self._environment |= {"AWS_EC2_METADATA_DISABLED": "true", **variables}

    def start(self, *arguments: str | Path, before: Sequence[str] = (), **variables: str) -> Running:
        """Start it, by way of the command `before`; an empty variable is one that is not set."""
        environment = {name: value for name, value in (self._environment | variables).items() if value}
        if self._server is not None and not before and not any(map(_read_at_start, variables)):
            return Running(self._server.start([str(word) for word in arguments], self.home, environment))
        return Running(
            subprocess.Popen(
                [*before, self._program, *arguments],
                env=environment,
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        )

    def run(self, *arguments: str | Path, before: Sequence[str] = (), **variables: str) -> Result:
        """Run it to its end."""
        running = self.start(*arguments, before=before, **variables)
        try:
            return running.result()
        finally:
            running.end()

    @property
    def environment(self) -> dict[str, str]:
        """The variables that every run sees."""
        return dict(self._environment)

    def records(self) -> list[str]:
        """The files of its state folder."""
        return sorted(str(path.relative_to(self.state)) for path in self.state.rglob("*") if path.is_file())


def _read_at_start(variable: str) -> bool:
    """Whether the interpreter looks at it only once."""
    return variable.startswith(("PYTHON", "LC_", "LANG"))


def eventually(look: Callable[[], Found | None], what: str, seconds: float = 30.0) -> Found:
    """What `look` finds, as soon as it is something true; AssertionError after the given seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"waited {seconds:.0f} s in vain for {what}")


def group(leader: int) -> list[int]:
    """The living processes of a process group (Linux)."""
    return [pid for pid, state, of in _processes() if of == leader and state not in "ZX"]


def peak_memory(leader: int) -> dict[int, int]:
    """The most resident memory, in bytes, that each process of a group has had so far (Linux)."""
    found = {}
    for pid in group(leader):
        try:
            status = Path(f"/proc/{pid}/status").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        size = status.partition("VmHWM:")[2].split()
        if size:  # none where it ends at this moment
            found[pid] = int(size[0]) * 1024
    return found


def private_memory(leader: int) -> int:
    """The memory, in bytes, that the processes of a group have each for themselves at this moment, together (Linux)."""
    return sum(map(_private, group(leader)))


def _private(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) * 1024


def _processes() -> Iterator[tuple[int, str, int]]:
    """Id, state and process group of every process."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            yield int(folder.name), fields[0], int(fields[2])


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
