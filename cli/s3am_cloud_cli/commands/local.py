"""`s3am-cloud local`: the embedded cloud."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from s3am_cloud.errors import NoStack
from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.options.transfer import ingest, output

if TYPE_CHECKING:
    from s3am_cloud_cli.local_cloud import LocalCloud


@click.group()
def local() -> None:
    """The embedded cloud: the real stack on this machine, no AWS account needed."""


@local.command()
@ingest
@output
@click.pass_obj
def up(console: Console, ingest: Path | None) -> None:
    """Start it and deploy the stack, unless it runs already.

    Without --ingest one that runs keeps the routes and schedules that it has.
    """
    from s3am_cloud.ingest.file import read_ingest
    from s3am_cloud_cli import local_cloud

    comes_in = None if ingest is None else read_ingest(ingest)
    _show(console, local_cloud.up(on_step=console.note, ingest=comes_in))


@local.command()
@output
@click.pass_obj
def down(console: Console) -> None:
    """End it, with all that it holds."""
    from s3am_cloud_cli import local_cloud

    was_running = local_cloud.down()
    text = "The embedded cloud is down." if was_running else "The embedded cloud was not running."
    console.result({"running": False, "was_running": was_running}, text)


@local.command()
@output
@click.pass_obj
def status(console: Console) -> int:
    """Show where it is; exit code 1 when it is not running."""
    from s3am_cloud_cli import local_cloud

    cloud = local_cloud.current()
    if cloud is None:
        console.result({"running": False}, "The embedded cloud is not running; s3am-cloud local up starts it.")
        return 1
    _show(console, cloud)
    return 0


@local.command()
@output
@click.pass_obj
def env(console: Console) -> None:
    """Print what points any AWS client at it: eval "$(s3am-cloud local env)"."""
    from s3am_cloud_cli import local_cloud

    cloud = local_cloud.current()
    if cloud is None:
        raise NoStack("the embedded cloud is not running", "start it with s3am-cloud local up")
    variables = local_cloud.environment(cloud)
    exports = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    console.result(variables, exports)


def _show(console: Console, cloud: LocalCloud) -> None:
    """Without the secret, which `local env` prints for those who evaluate it."""
    fields = cloud.public()
    console.result(fields, [f"{name:<18} {value}" for name, value in fields.items()])
