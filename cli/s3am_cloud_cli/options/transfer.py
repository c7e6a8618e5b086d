"""Options that several commands share: each is defined once, and comes to its command in a value with its fellows."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args

import click

from s3am_cloud import names
from s3am_cloud.errors import Usage
from s3am_cloud.limits import JOB_KEEP_DAYS, LEAST_RATE, LEAST_RATE_SECONDS, MAX_KEEP_DAYS, STALL_SECONDS
from s3am_cloud.request import Sse
from s3am_cloud_client import Options, Patience

# Powers of 1024, as S3AM counts: 64MB are 64 MiB.
_FACTORS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_TIME = re.compile(r"(\d{1,4})\s*([hd])", re.IGNORECASE)
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)i?B?", re.IGNORECASE)


class Size(click.ParamType[int]):
    """A number of bytes: 5242880, 64MB, 64M, 64MiB, 1.5GB."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        match = _SIZE.fullmatch(str(value).strip())
        if match is None:
            self.fail(f"{value!r} is not a size such as 64MB", param, ctx)
        return round(float(match[1]) * _FACTORS[match[2].upper()])


class Hours(click.ParamType[int]):
    """A time in whole hours: 12h, 7d."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        match = _TIME.fullmatch(str(value).strip())
        if match is None:
            self.fail(f"{value!r} is not a time such as 12h or 7d", param, ctx)
        hours = int(match[1]) * (24 if match[2].lower() == "d" else 1)
        if not 1 <= hours <= 24 * MAX_KEEP_DAYS:
            self.fail(f"{value!r} is not from 1h to {MAX_KEEP_DAYS}d", param, ctx)
        return hours


def together(*decorators: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Several options as one decorator, shown by --help in this order."""

    def decorate(function: Any) -> Any:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


def as_value(name: str, kind: Any, *decorators: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The options as one argument `name` of the command: a `kind` with a field for each of them."""
    fields = _names_of(decorators)

    def decorate(function: Any) -> Any:
        @functools.wraps(function)
        def with_value(*arguments: Any, **given: Any) -> Any:
            value = kind(**{field: given.pop(field) for field in fields})
            return function(*arguments, **given, **{name: value})

        return together(*decorators)(with_value)

    return decorate


def _names_of(decorators: Sequence[Callable[[Any], Any]]) -> list[str]:
    def command() -> None:
        """Takes the options, and is never called."""

    parameters: list[click.Parameter] = together(*decorators)(command).__click_params__
    return [parameter.name for parameter in parameters if parameter.name is not None]


def _ignored(context: click.Context, parameter: click.Parameter, value: object) -> None:
    """`main` has read the flag already, so that errors of parsing are reported the same way."""


output = together(
    click.option(
        "--json", is_flag=True, expose_value=False, callback=_ignored, help="Print one JSON document on stdout."
    ),
    click.option("--verbose", is_flag=True, expose_value=False, callback=_ignored, help="Show more detail."),
    click.option(
        "--debug", is_flag=True, expose_value=False, callback=_ignored, help="Show the traceback of an error."
    ),
)


class AwsOptions(NamedTuple):
    """Which AWS, as whom. `local` is the embedded cloud."""

    profile: str | None = None
    region: str | None = None
    endpoint_url: str | None = None
    local: bool = False


def exclusive(**flags: object) -> None:
    """Raises UsageError where more than one of these is given."""
    given = [f"--{name.replace('_', '-')}" for name, value in flags.items() if value]
    if len(given) > 1:
        raise click.UsageError(f"{' and '.join(given)} exclude each other")


def pairs(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    for value in values:
        if "=" not in value:
            raise click.BadParameter(f"{value!r} is not NAME=VALUE", context, parameter)
    return dict(value.split("=", 1) for value in values)


aws = as_value(
    "aws",
    AwsOptions,
    click.option("--profile", metavar="NAME", help="AWS profile; otherwise AWS_PROFILE or the default one."),
    click.option("--region", metavar="NAME", help="AWS region; the region of a bucket is looked up automatically."),
    click.option(
        "--endpoint-url", metavar="URL", help="Endpoint of an S3-compatible store; otherwise AWS_ENDPOINT_URL[_S3]."
    ),
    click.option("--local", is_flag=True, help="Use the embedded cloud (see s3am-cloud local up)."),
)

stack = click.option(
    "--stack", metavar="NAME", envvar=names.STACK_VARIABLE, show_envvar=True, help="Name of the stack (S3amCloud)."
)

ingest = click.option(
    "--ingest",
    metavar="FILE",
    type=click.Path(path_type=Path),
    envvar=names.INGEST_VARIABLE,
    show_envvar=True,
    help="File with routes and schedules, by which jobs start on events and by time.",
)

record_stack = click.option(
    "--stack",
    metavar="NAME",
    envvar=names.STACK_VARIABLE,
    show_envvar=True,
    help="Keep the job's record with this stack, so that submit --resume can continue it. Without this option "
    "it is kept with the default stack if there is one, else on this machine.",
)

planned_stack = click.option(
    "--stack",
    metavar="NAME",
    envvar=names.STACK_VARIABLE,
    show_envvar=True,
    help="Count with the workers of this stack, which deploy --max-workers limits.",
)

requester_pays = click.option(
    "--requester-pays", is_flag=True, help="Pay for requests to buckets of others that require it (requester pays)."
)

no_sign_request = click.option("--no-sign-request", is_flag=True, help="Read a public S3 source without credentials.")

netrc = click.option("--netrc", is_flag=True, help="Use the login in ~/.netrc for the source's host.")

secret = click.option(
    "--secret",
    metavar="NAME",
    help="Secret in Secrets Manager, s3am-cloud/..., with the job's keys and login: a JSON object (see the README).",
)

keep = click.option(
    "--keep",
    type=Hours(),
    metavar="TIME",
    help=f"How long a failed job can be resumed, 12h or 7d (default: {JOB_KEEP_DAYS}d); then its upload is discarded.",
)

download_slots = click.option(
    "--download-slots",
    type=click.IntRange(1),
    metavar="N",
    help="Connections to the source at a time; tuned automatically by default.",
)

upload_slots = click.option(
    "--upload-slots",
    type=click.IntRange(1),
    metavar="N",
    help="Connections to S3 at a time; tuned automatically by default.",
)


patience = as_value(
    "patience",
    Patience,
    click.option(
        "--stall-timeout",
        type=click.IntRange(1),
        metavar="SECONDS",
        default=STALL_SECONDS,
        show_default=True,
        help="Drop a connection after SECONDS without data, and continue its part over another.",
    ),
    click.option(
        "--least-rate",
        type=Size(),
        metavar="SIZE",
        default=LEAST_RATE,
        show_default="1KB",
        help=f"Drop a connection that brings fewer bytes a second over {LEAST_RATE_SECONDS} s; 0 accepts any rate.",
    ),
)

limit_rate = click.option(
    "--limit-rate",
    type=Size(),
    metavar="SIZE",
    help="Transfer no more bytes a second than this, such as 50MB, over all connections together.",
)


def _not_in_the_cloud(context: click.Context, parameter: click.Parameter, value: object) -> None:
    if value is not None:
        raise Usage(
            f"{parameter.opts[0]} is for transfers on this machine, and has no effect on workers in the cloud",
            "use s3am-cloud upload, or fewer connections with --download-slots",
        )


# Known, so that its error says more than that there is no such option.
no_limit_rate = click.option(
    "--limit-rate", metavar="SIZE", hidden=True, expose_value=False, callback=_not_in_the_cloud
)

part_size = click.option(
    "--part-size",
    type=Size(),
    metavar="SIZE",
    help="Size of a part, 5MB to 5GB; by default chosen so that 10,000 parts suffice.",
)

exists = click.option("--exists", type=click.Choice(["overwrite", "skip"]), help="What to do if the object exists.")

_transfer = (
    click.option("--resume", is_flag=True, help="Continue an unfinished upload."),
    click.option("--force", is_flag=True, help="Discard unfinished uploads of the object first."),
    part_size,
    download_slots,
    upload_slots,
    click.option(
        "--content-type",
        metavar="TYPE",
        help="Content type; otherwise the source's own, or by a local file's name.",
    ),
    click.option("--cache-control", metavar="TEXT", help="Cache-Control; otherwise the source object's own."),
    click.option(
        "--content-disposition", metavar="TEXT", help="Content-Disposition; otherwise the source object's own."
    ),
    click.option("--storage-class", metavar="NAME", help="S3 storage class, such as STANDARD_IA or GLACIER_IR."),
    click.option(
        "--sse",
        type=click.Choice(get_args(Sse)),
        help="Encryption by S3: with its own key (AES256) or a KMS key; by default the bucket's own.",
    ),
    click.option(
        "--sse-kms-key-id", metavar="KEY", help="KMS key of the object: an id, an ARN or alias/NAME; implies aws:kms."
    ),
    click.option("--bucket-key", is_flag=True, help="Use an S3 Bucket Key, for fewer requests to KMS."),
    click.option(
        "--metadata",
        metavar="NAME=VALUE",
        multiple=True,
        callback=pairs,
        help="Metadata, instead of the source object's; can be repeated.",
    ),
    click.option(
        "--tag",
        "tags",
        metavar="NAME=VALUE",
        multiple=True,
        callback=pairs,
        help="Tag, instead of the source object's; can be repeated.",
    ),
    click.option(
        "--expect",
        metavar="ALGORITHM:VALUE",
        help="Checksum that the content must have, such as sha256:HEX; else the transfer fails (exit code 21).",
    ),
    click.option("--keep-mismatch", is_flag=True, help="Keep the object in S3 if its checksum differs."),
    click.option(
        "--source-digest",
        metavar="auto|none|URL",
        help="Compare the content with a digest that its source states: auto looks in response headers and for files "
        "beside it (SRC_URL.sha256, .sha512, .sha1, .md5), URL is such a file, none ignores them. This reads the "
        "object once more in S3 (a local file: during its transfer); in the cloud that costs up to one cent, and "
        "60 GB are the limit. By default, headers are compared where that costs nothing, and up to 16 MiB.",
    ),
    click.option(
        "--ranges",
        type=click.Choice(["auto", "never", "always"]),
        default="auto",
        show_default=True,
        help="Read the source in parallel ranges: auto if an ETag or a date pins its version, else in one request; "
        "never, in one request, for what several machines serve with different ETags; always, even where nothing pins "
        "the version, which needs --expect or --source-digest as a second proof.",
    ),
    click.option(
        "--no-provenance",
        "provenance",
        is_flag=True,
        flag_value=False,
        default=True,
        help="Leave out the metadata that say where the object came from.",
    ),
)


def transfer(kind: type[Options]) -> Callable[[Any], Any]:
    """What a transfer into S3 takes, as the argument `transfer`, which is a `kind`; and `exists`."""
    return together(exists, transfer_alone(kind))


def transfer_alone(kind: type[Options]) -> Callable[[Any], Any]:
    """The same without `exists`."""
    return as_value("transfer", kind, *_transfer)
