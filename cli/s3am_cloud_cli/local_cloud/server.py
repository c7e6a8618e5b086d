"""The emulator as a background process: start it, wait until it answers, end it with everything it started."""

from __future__ import annotations

import http.client
import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from s3am_cloud.adapters.files.private_files import open_private
from s3am_cloud_cli.local_cloud.failures import LocalCloudFailed, missing_extra
from s3am_cloud_cli.local_cloud.gate import HEALTH_PATH
from s3am_cloud_cli.local_cloud.state import Server, StateFolder

START_SECONDS = 25.0  # importing the emulator takes about 1 s on a quiet machine
TERM_SECONDS = 2.0
KILL_SECONDS = 5.0
PROCESSES = Path("/proc")  # Linux
LOG_BYTES = 4 * 1024 * 1024

# What the emulator and the functions on it may see of the user's environment. Above all no AWS_* setting: neither
# credentials nor a profile nor an endpoint of the user's may ever reach code that runs on the emulator.
PASSED_ON = frozenset(
    (
        *("PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TZ"),
        *("PYTHONPATH", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"),
        *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"),
    )
)


def start(folder: StateFolder) -> Server:
    """Start the emulator and wait until it answers.

    Raises:
        MissingExtra: the emulator is not installed.
        LocalCloudFailed: it ended at once, or did not answer in time; the message names its log.
    """
    if importlib.util.find_spec("ministack") is None:
        raise missing_extra("ministack")
    _rotate(folder.log_file)
    with os.fdopen(open_private(folder.log_file, os.O_WRONLY | os.O_APPEND | os.O_CREAT), "ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "s3am_cloud_cli.local_cloud.serve", str(folder.root)],
            env=clean_environment(os.environ, folder),
            cwd=folder.run_folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        server = _wait_until_ready(folder, process)
    except BaseException:
        _end_group(process.pid)
        raise
    process.returncode = 0  # it outlives us on purpose: no warning when this object goes
    return server


def stop(folder: StateFolder) -> bool:
    """End the server and every process that it started. False when none was running."""
    server = folder.server()
    if server is not None:
        _end_group(server.pid)
    return server is not None


def answers(server: Server, seconds: float = 2.0) -> bool:
    """Whether the emulator answers a health check."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=seconds)
    try:
        named = f"AWS4-HMAC-SHA256 Credential={server.access_key_id}/"
        connection.request("GET", HEALTH_PATH, headers={"Authorization": named})
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def clean_environment(environment: Mapping[str, str], folder: StateFolder) -> dict[str, str]:
    """The environment of the emulator: only what is harmless of the user's, and temporary files in the state folder."""
    clean = {name: value for name, value in environment.items() if name in PASSED_ON}
    spared = ",".join(filter(None, [environment.get("NO_PROXY") or environment.get("no_proxy"), "127.0.0.1,localhost"]))
    nothing = os.devnull
    return clean | {
        "NO_PROXY": spared,
        "no_proxy": spared,
        "TMPDIR": str(folder.run_folder),
        "AWS_CONFIG_FILE": nothing,
        "AWS_SHARED_CREDENTIALS_FILE": nothing,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONUNBUFFERED": "1",
    }


def _wait_until_ready(folder: StateFolder, process: subprocess.Popen[bytes]) -> Server:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise LocalCloudFailed(f"the emulator ended at once: {_last_line(folder.log_file)}", _see(folder))
        server = folder.server()
        if server is not None and answers(server):
            return server
        time.sleep(0.05)
    raise LocalCloudFailed(f"the emulator did not answer within {START_SECONDS:.0f} s", _see(folder))


def _end_group(leader: int) -> None:
    """End a process group: politely, then for certain. The functions' processes are in the emulator's group."""
    for number, seconds in ((signal.SIGTERM, TERM_SECONDS), (signal.SIGKILL, KILL_SECONDS)):
        try:
            os.killpg(leader, number)
        except ProcessLookupError:
            return
        if _is_gone(leader, seconds):
            return


def _is_gone(leader: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        _reap(leader)
        if not _lives(leader):
            return True
        time.sleep(0.02)
    return False


def _lives(group: int) -> bool:
    """Whether a process of the group still runs. One that only waits to be collected by its parent does not."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):  # macOS refuses to signal what waits to be collected
        return False
    return not PROCESSES.is_dir() or any(_state(place) not in ("Z", "X") for place in _members(group))


def _members(group: int) -> Iterator[Path]:
    for place in PROCESSES.glob("[0-9]*"):
        if _stat(place)[2:3] == [str(group)]:
            yield place


def _state(process: Path) -> str:
    return next(iter(_stat(process)), "X")


def _stat(process: Path) -> list[str]:
    """State, parent and group, and more, of a process; nothing when it has gone (proc(5), /proc/pid/stat)."""
    try:
        return (process / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _reap(pid: int) -> None:
    """Collect the process if it is our child, so that it does not stay in the process table."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it wrote nothing"


def _see(folder: StateFolder) -> str:
    return f"see {folder.log_file}"
