"""What `deploy` and `template` say of the stack: its parameters. Who adds one adds a line here and in `Wanted`.

And the terms on which stacks are deployed and removed.
"""

from __future__ import annotations

import re

import click

from s3am_cloud_cli.deployment.parameters import Wanted
from s3am_cloud_cli.deployment.toolkit import Terms
from s3am_cloud_cli.options.transfer import as_value, pairs

_QUALIFIER = re.compile(r"[a-z0-9]{1,10}")


def _checked_qualifier(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """As the CDK's own template asks for it: it becomes a part of a bucket's name."""
    if value is not None and not _QUALIFIER.fullmatch(value):
        raise click.BadParameter("give up to ten small letters and digits", context, parameter)
    return value


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
    click.option(
        "--subnet",
        metavar="ID",
        multiple=True,
        help="Subnet that the functions are in, as behind a NAT gateway whose address a partner allows; more than once "
        "for more. 'none': Lambda's own network.",
    ),
    click.option(
        "--security-group",
        metavar="ID",
        multiple=True,
        help="Security group of the functions in these subnets; more than once for more.",
    ),
    click.option(
        "--permissions-boundary",
        metavar="POLICY",
        help="Managed policy, by name or ARN, that bounds all roles of the stack; 'none' for none.",
    ),
)

_who = (
    click.option(
        "--qualifier", metavar="NAME", callback=_checked_qualifier, help="Qualifier of the CDK's bootstrap to use."
    ),
    click.option("--role-arn", metavar="ARN", help="Role that CloudFormation acts as."),
)

terms = as_value(
    "terms",
    Terms,
    *_who,
    click.option(
        "--tag",
        "tags",
        metavar="KEY=VALUE",
        multiple=True,
        callback=pairs,
        help="Tag of the stack and of all that is in it; can be repeated.",
    ),
)
removal_terms = as_value("terms", Terms, *_who)
