"""A job's life as its users see it: joined, told of, watched, cancelled, failed, gone on with from another machine."""

from __future__ import annotations

import fcntl
import os
import pty
import shlex
import signal
import struct
import subprocess
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from s3am_cloud_cli import local_cloud as embedded
from s3am_cloud_cli.local_cloud import LocalCloud
from servers.content import Pattern, crc64nvme
from servers.faults import Slow, Status
from servers.faulty_http import FaultyHttp
from support.command import PROGRAM, Command, Result, eventually
from support.fork_server import ForkServer

MIB = 1024 * 1024
FOUR_PARTS = Pattern(19 * MIB)


@pytest.fixture
def elsewhere(local_cloud: LocalCloud, tmp_path: Path, fork_server: ForkServer) -> Command:
    """The command on another machine: it has the stack, and nothing that was kept here."""
    home = tmp_path / "elsewhere"
    home.mkdir()
    state = os.environ["S3AM_CLOUD_STATE_HOME"]
    return Command(home, {**embedded.environment(local_cloud), "S3AM_CLOUD_STATE_HOME": state}, server=fork_server)


def submit(command: Command, url: str, target: str, *options: str) -> Result:
    return command.run("submit", "--json", "--part-size", "5MB", *options, url, target)


def failed(command: Command, server: FaultyHttp, target: str, *options: str) -> str:
    """The id of a job, with a password in its source's URL, that ended after some of its parts."""
    server.add("/file", FOUR_PARTS, Status(status=403, retry_after=None, skip=3))
    url = server.url("/file", login="ann:hunter2")
    ended = submit(command, url, target, "--wait", *options).ended(14)
    assert "hunter2" not in ended.stdout + ended.stderr
    job: str = ended.document["job"]
    return job


def parts_there(s3: Any, bucket: str) -> int:
    """Bytes of the bucket's only unfinished upload."""
    [upload] = s3.list_multipart_uploads(Bucket=bucket)["Uploads"]
    listed = s3.list_parts(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"]).get("Parts", [])
    return sum(part["Size"] for part in listed)


def test_a_failed_job_is_resumed_from_another_machine_by_its_id_alone(
    command: Command, elsewhere: Command, http_server: FaultyHttp, s3: Any, destination: str
) -> None:
    job = failed(command, http_server, f"s3://{destination}/in/", "--metadata", "run=42", "--keep", "12h")
    assert parts_there(s3, destination) < FOUR_PARTS.size
    report = elsewhere.run("status", "--json", job).ended(0).document["receipt"]
    assert report["unfinished_upload"]
    assert report["expires"]

    fresh = http_server.add("/file", FOUR_PARTS) + "?X-Amz-Signature=anew"
    resumed = elsewhere.run("resume", "--wait", "--json", "--source", fresh, job).ended(0)
    assert resumed.document["job"] == f"{job}-r2"
    assert resumed.document["receipt"]["checksum"] == crc64nvme(FOUR_PARTS)
    # A part that arrived in S3 while the error ended its worker is in no record: it is compared, not copied. Requests
    # of that worker, which may still be on their way, have no signature.
    sent = [one.bytes_sent for one in http_server.requests_for("/file") if "anew" in one.query]
    assert 0 < sum(sent) <= FOUR_PARTS.size + 1024
    head = s3.head_object(Bucket=destination, Key="in/file")
    assert (head["Metadata"]["run"], head["ContentLength"]) == ("42", FOUR_PARTS.size)

    told = elsewhere.run("status", "--json", job).ended(0).document
    assert (told["status"], told["resumed_by"]) == ("failed", f"{job}-r2")
    assert elsewhere.run("status", "--json", f"{job}-r2").ended(0).document["resumes"] == job
    again = elsewhere.run("resume", "--json", job).ended(0)
    assert again.document["receipt"]["state"] == "succeeded"
    assert f"job {job}-r2 has succeeded" in again.stderr
    text = elsewhere.run("jobs", "--most", "2").ended(0).stdout.splitlines()
    assert [line.split()[:2] for line in text[1:]] == [[f"{job}-r2", "succeeded"], [job, "failed"]]
    assert f"http://127.0.0.1:{http_server.port}/file -> s3://{destination}/in/file" in text[2]


def test_a_resume_mixes_no_versions_and_continues_nothing_cancelled(
    command: Command, http_server: FaultyHttp, s3: Any, destination: str
) -> None:
    """Parts of two versions are not mixed by a resume and what is cancelled is not resumed."""
    target = f"s3://{destination}/file"
    job = failed(command, http_server, target)
    changed = http_server.add("/file", Pattern(19 * MIB, seed=1), etag='"second"')
    assert command.run("resume", "--wait", "--json", job).ended(20).document["job"] == f"{job}-r2"
    assert parts_there(s3, destination)

    done = command.run("cancel", "--json", job).ended(0).document
    assert (done["job"], done["state"], done["destination"]) == (f"{job}-r2", "cancelled", target)
    assert not s3.list_multipart_uploads(Bucket=destination).get("Uploads")
    command.run("cancel", job).ended(0)
    refused = command.run("resume", job).ended(25)
    assert f"s3am-cloud submit {shlex.join([changed, target])}" in refused.error_line
    command.run("cancel", "no-such-job").ended(2)
    command.run("resume", "no-such-job").ended(2)


def test_a_running_job_is_joined_by_the_same_and_refuses_another(
    command: Command,
    elsewhere: Command,
    http_server: FaultyHttp,
    s3: Any,
    destination: str,
    outcomes: Callable[[str], dict[str, Any]],
) -> None:
    """While a job runs the same request joins it, another is refused, and cancelling leaves nothing."""
    target = f"s3://{destination}/file"
    # The last part, of a MiB, is there long before the others.
    url = http_server.add("/file", Pattern(16 * MIB), Slow(bytes_per_second=MIB // 3))
    job = submit(command, url, target).ended(0).document["job"]

    joined = submit(elsewhere, url, target).ended(0)
    assert joined.document["job"] == job
    assert f"under way already, as job {job}" in joined.stderr
    assert elsewhere.run("resume", "--json", job).ended(0).document["job"] == job
    told = submit(elsewhere, http_server.add("/other", b"few"), target).ended(4)
    assert told.document["error"]["name"] == "DestinationBusy"
    assert f"s3am-cloud cancel {job}" in told.error_line

    watched = watch_on_a_terminal(elsewhere, job)
    assert "/4 parts" in watched
    assert "B/s" in watched
    assert "16.0 MiB" in watched
    assert f"s3am-cloud watch {job}" in watched
    status = elsewhere.run("status", "--json", job).ended(0).document
    assert (status["status"], status["parts"], status["destination"]) == ("running", 4, target)
    assert status["bytes_done"] is not None

    assert elsewhere.run("cancel", "--json", job).ended(0).document["state"] == "cancelled"
    assert not s3.list_multipart_uploads(Bucket=destination).get("Uploads")
    assert command.run("watch", "--json", job).ended(25).document["error"]["name"] == "JobCancelled"
    assert outcomes(job)["detail-type"] == "Transfer Cancelled"
    command.run("cancel", job).ended(0)
    assert not s3.list_objects_v2(Bucket=destination).get("Contents")


def watch_on_a_terminal(command: Command, job: str) -> str:
    """What `watch` shows on a terminal until there are parts in it, and then when it is interrupted by Ctrl-C."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 150, 0, 0))
    process = subprocess.Popen(
        [PROGRAM, "watch", job],
        env=command.environment,
        stdin=follower,
        stdout=follower,
        stderr=follower,
        start_new_session=True,
    )
    os.close(follower)
    shown = bytearray()

    def bar() -> bool:
        shown.extend(os.read(leader, 65536))
        return b" parts" in shown

    try:
        eventually(bar, "the bar of a job that is watched")
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(10) == 130
        shown.extend(_rest(leader))
    finally:
        process.kill()
        process.wait()
        os.close(leader)
    return shown.decode()


def _rest(leader: int) -> bytes:
    try:
        return os.read(leader, 65536)
    except OSError:  # Linux says EIO where nobody has the other side open any more
        return b""
