"""Gaps of the emulator that the stack needs filled, one module each, applied in the emulator's process only.

Every patch is a module with one function `patch`, and a docstring that states the gap. It replaces functions of the
emulator by name, so the emulator's version is pinned exactly; for each a test fails once the gap is gone upstream,
and the patch is then to be removed. Code that runs on AWS knows nothing of any of this.

checksum_speed         CRC64NVME and CRC32C are computed in Python, at 10 MB/s.
distributed_map        A Distributed Map ignores MaxConcurrencyPath, and runs on after it failed.
executions             What several patches know about executions.
full_object_checksums  A multipart upload's checksum is always COMPOSITE.
function_processes     A Python function's error arrives as `Runtime.HandlerError`.
log_events             Lines of FilterLogEvents have no `eventId`.
machine_timeout        TimeoutSeconds of a state machine is ignored.
part_rules             Parts below 5 MiB and out of order are accepted.
retry_delays           MaxDelaySeconds and JitterStrategy are ignored.
s3_requests            What several patches read from an S3 request.
schedules              Placeholders in a schedule's input are not filled in.
stopped_executions     StopExecution stops nothing.
throttles              A throttled function fails as `Lambda.Unknown`.
"""

from __future__ import annotations

from pathlib import Path

from s3am_cloud_cli.local_cloud.patches import (
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
    """Patch the emulator that this process will serve. `code_folder` keeps the functions' unpacked code."""
    checksum_speed.patch()
    full_object_checksums.patch()
    part_rules.patch()
    function_processes.patch(code_folder)
    log_events.patch()
    stopped_executions.patch()
    distributed_map.patch()
    retry_delays.patch()
    schedules.patch()
    machine_timeout.patch()
    throttles.patch()
