"""Bring the embedded cloud up and down, and say how to reach it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from s3am_cloud import names
from s3am_cloud.ingest.rules import Ingest
from s3am_cloud_cli.local_cloud import aws, build, server
from s3am_cloud_cli.local_cloud.deploy import deploy
from s3am_cloud_cli.local_cloud.failures import LocalCloudFailed
from s3am_cloud_cli.local_cloud.state import LocalCloud, Record, Server, StateFolder

if TYPE_CHECKING:
    from s3am_cloud_infra.synth import Synthesized

STACK = names.DEFAULT_STACK
ANSWER_SECONDS = 10.0  # an emulator that takes in a large part may answer late

Step = Callable[[str], None]


def up(*, on_step: Step, ingest: Ingest | None = None) -> LocalCloud:
    """The embedded cloud, started and with the stack deployed, unless it is so already.

    A running cloud whose stack was built from other sources is updated in place. `on_step` gets to know what is being
    done, in a few words. Without `ingest` a running one keeps the routes and schedules that it has. Waits for another
    `up` or `down` that is at work.

    Raises:
        MissingExtra: the emulator, the CDK or uv is not installed.
        LocalCloudFailed: something did not start, build or deploy; what this call started is ended again.
    """
    build.require_extras()
    folder = StateFolder()
    with folder.exclusive():
        record = folder.record()
        running = _usable(folder, record)
        comes_in = (record.ingest if running and record else Ingest()) if ingest is None else ingest
        wanted = build.fingerprint(STACK, comes_in)
        if running is not None and record is not None and record.fingerprint == wanted:
            return record.cloud
        built = build.build(STACK, comes_in, wanted, folder.log_file.with_name("synthesis.log"), on_step)
        if running is not None:
            cloud = _described(running, deploy(built, running, on_step))
        else:
            cloud = _start(folder, built, on_step)
        folder.write_record(Record(cloud=cloud, fingerprint=wanted, ingest=comes_in))
        return cloud


def down() -> bool:
    """End the embedded cloud with every process of it, and forget what was in it. False when none was running."""
    folder = StateFolder()
    if not folder.root.is_dir():
        return False
    with folder.exclusive():
        was_running = server.stop(folder)
        folder.clear()
    return was_running


def current() -> LocalCloud | None:
    """The running embedded cloud, if there is one with the stack deployed."""
    folder = StateFolder()
    found, record = folder.server(), folder.record()
    if found is None or record is None or record.cloud.pid != found.pid:
        return None
    return record.cloud


def note_deployed(stack: str, outputs: Mapping[str, str], ingest: Ingest | None = None) -> None:
    """Keeps the record true where something else than `up` deployed the stack on the running cloud.

    Without outputs the stack was removed. The next `up` deploys it anew in either case.
    """
    folder = StateFolder()
    record = folder.record()
    if record is None or stack != STACK:
        return
    found = folder.server()
    cloud = _described(found, dict(outputs)) if outputs and found is not None else record.cloud
    folder.write_record(Record(cloud=cloud, fingerprint="", ingest=ingest or Ingest()))


def environment(cloud: LocalCloud) -> dict[str, str]:
    """The environment variables with which any AWS client, and this command, addresses the embedded cloud."""
    return {
        "AWS_ENDPOINT_URL": cloud.endpoint_url,
        "AWS_REGION": cloud.region,
        "AWS_DEFAULT_REGION": cloud.region,
        "AWS_ACCESS_KEY_ID": cloud.access_key_id,
        "AWS_SECRET_ACCESS_KEY": cloud.secret_access_key,
        names.STACK_VARIABLE: cloud.stack,
    }


def _usable(folder: StateFolder, record: Record | None) -> Server | None:
    """The running server, if it answers and was brought all the way up."""
    found = folder.server()
    if found is None or record is None or record.cloud.pid != found.pid:
        return None
    return found if server.answers(found, ANSWER_SECONDS) else None


def _start(folder: StateFolder, built: Synthesized, on_step: Step) -> LocalCloud:
    """A fresh server in place of whatever is left of an older one, with the stack on it."""
    server.stop(folder)
    folder.clear()
    folder.create()
    on_step("starting the emulator")
    started = server.start(folder)
    try:
        return _described(started, deploy(built, started, on_step))
    except BaseException:
        server.stop(folder)
        folder.clear()
        raise


def _described(running: Server, outputs: dict[str, str]) -> LocalCloud:
    try:
        return LocalCloud(
            endpoint_url=running.endpoint_url,
            region=aws.REGION,
            access_key_id=running.access_key_id,
            secret_access_key=running.secret_access_key,
            stack=STACK,
            state_machine_arn=outputs[names.STATE_MACHINE_ARN],
            work_bucket=outputs[names.WORK_BUCKET],
            event_bus=outputs[names.EVENT_BUS],
            pid=running.pid,
        )
    except KeyError as missing:
        raise LocalCloudFailed(f"the deployed stack has no output {missing}") from missing
