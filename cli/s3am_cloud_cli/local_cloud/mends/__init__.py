"""What the emulator lacks and the stack needs, mended in the emulator's process and nowhere else.

Every mend is a module with one function `mend`, and a docstring that states the gap. It replaces functions of the
emulator by name, so the emulator's version is pinned exactly; for each a test fails once the gap is gone upstream,
and the mend is then to be removed. Code that runs on AWS knows nothing of any of this.
"""

from __future__ import annotations

from pathlib import Path

from s3am_cloud_cli.local_cloud.mends import (
    checksum_speed,
    distributed_map,
    full_object_checksums,
    function_processes,
    log_events,
    machine_timeout,
    part_rules,
    retry_delays,
    schedules,
    stopped_executions,
    throttles,
)


def apply(code_folder: Path) -> None:
    """Mend the emulator that this process will serve. `code_folder` keeps the functions' unpacked code."""
    checksum_speed.mend()
    full_object_checksums.mend()
    part_rules.mend()
    function_processes.mend(code_folder)
    log_events.mend()
    stopped_executions.mend()
    distributed_map.mend()
    retry_delays.mend()
    schedules.mend()
    machine_timeout.mend()
    throttles.mend()
