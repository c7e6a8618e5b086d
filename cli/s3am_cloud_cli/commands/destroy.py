"""`s3am-cloud destroy`."""

from __future__ import annotations

import click

from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.deployment.toolkit import Terms
from s3am_cloud_cli.options import transfer
from s3am_cloud_cli.options.deploy import removal_terms
from s3am_cloud_cli.options.transfer import AwsOptions


@click.command(short_help="Remove the stack from AWS.")
@click.option("--abort-uploads", is_flag=True, help="Abort the unfinished uploads of its jobs first.")
@click.option("--yes", is_flag=True, help="Remove it without asking.")
@removal_terms
@transfer.stack
@transfer.aws
@transfer.output
@click.pass_obj
def destroy(console: Console, abort_uploads: bool, yes: bool, terms: Terms, stack: str | None, aws: AwsOptions) -> None:
    """Remove the stack with its work bucket and the records of its jobs; what would go is shown first.

    Transferred objects stay, whatever bucket they are in. Running jobs are stopped. Unfinished uploads cost until they
    are aborted: --abort-uploads does so for those that the records name.
    """
    from s3am_cloud_cli.deployment.synthesis import require_extra

    require_extra()
    from s3am_cloud.names import DEFAULT_STACK
    from s3am_cloud_cli.deployment.destroy import Consent, removal_text
    from s3am_cloud_cli.deployment.destroy import destroy as destroy_stack
    from s3am_cloud_cli.options.settings import aws_of

    done = destroy_stack(aws_of(aws).settings(), stack or DEFAULT_STACK, Consent(abort_uploads, yes), terms, console)
    if aws.local and done.removed:
        from s3am_cloud_cli import local_cloud

        local_cloud.note_deployed(done.stack, {})
    console.result(done, removal_text(done))
