"""What `deploy` and `template` say of the stack: its parameters. Who adds one adds a line here and in `Wanted`."""

from __future__ import annotations

import click

from s3am_cloud_cli.deployment.parameters import Wanted
from s3am_cloud_cli.options.transfer import as_value

stack_parameters = as_value(
    "wanted",
    Wanted,
    click.option(
        "--source-bucket",
        metavar="NAME",
        multiple=True,
        help="Bucket that jobs may read from, or a pattern such as runs-*; more than once for more.",
    ),
    click.option(
        "--destination-bucket",
        metavar="NAME",
        multiple=True,
        help="Bucket that jobs may write to, or a pattern; more than once for more.",
    ),
    click.option(
        "--allow-account",
        metavar="ID",
        multiple=True,
        help="Another account whose buckets jobs may use; more than once for more. 'none': this account's only.",
    ),
    click.option(
        "--bucket-key",
        metavar="ARN",
        multiple=True,
        help="KMS key of buckets, or of secrets, that jobs may use; more than once for more. 'none': no such key.",
    ),
    click.option(
        "--allow-host",
        metavar="HOST",
        multiple=True,
        help="Host that jobs may fetch from, or *.DOMAIN, and no other; more than once for more. '*': every public "
        "one.",
    ),
    click.option(
        "--alarm-topic",
        metavar="ARN",
        help="SNS topic that gets a message for each failed job; 'none' for no messages.",
    ),
    click.option(
        "--request-bus",
        type=click.Choice(["stack", "default"]),
        help="Event bus on which others ask for transfers: the stack's own, or the account's default one.",
    ),
    click.option(
        "--max-workers",
        metavar="N",
        type=click.IntRange(0),
        help="How many workers may run at once, for all jobs together; 0 for any number. Default: a quarter of the "
        "region's Lambda quota for a new stack.",
    ),
)
