"""`s3am-cloud destroy`."""

from __future__ import annotations

import click

from s3am_cloud_cli import options
from s3am_cloud_cli.options import AwsOptions
from s3am_cloud_cli.output import Console


@click.command(short_help="Remove the stack from AWS.")
@click.option("--abort-uploads", is_flag=True, help="Abort the unfinished uploads of its jobs first.")
@click.option("--yes", is_flag=True, help="Remove it without asking.")
@options.stack
@options.aws
@options.output
@click.pass_obj
def destroy(console: Console, abort_uploads: bool, yes: bool, stack: str | None, aws: AwsOptions) -> None:
    """Remove the stack with its work bucket and the records of its jobs; what would go is shown first.

    Transferred objects stay, whatever bucket they are in. Running jobs are stopped. Unfinished uploads cost until they
    are aborted: --abort-uploads does so for those that the records name.
    """
    from s3am_cloud_cli.deployment.synthesis import require_extra

    require_extra()
    from s3am_cloud_cli.deployment.destroy import destroy as destroy_stack
    from s3am_cloud_cli.deployment.destroy import removal_text
    from s3am_cloud_cli.settings import s3_settings
    from s3am_cloud_infra.names import DEFAULT_STACK

    done = destroy_stack(s3_settings(aws), stack or DEFAULT_STACK, abort_uploads, yes, console)
    if aws.local and done.removed:
        from s3am_cloud_cli import local_cloud

        local_cloud.note_deployed(done.stack, {})
    console.result(done, removal_text(done))
