"""Options that several commands share: each is defined once."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import click

if TYPE_CHECKING:
    from s3am_cloud.model import Exists, TransferRequest

# Powers of 1024, as S3AM counts: 64MB are 64 MiB.
_FACTORS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
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


def together(*decorators: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Several options as one decorator, shown by --help in this order."""

    def decorate(function: Any) -> Any:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


def _ignored(context: click.Context, parameter: click.Parameter, value: object) -> None:
    """`main` has read the flag already: errors of parsing are told the same way."""


output = together(
    click.option("--json", is_flag=True, expose_value=False, callback=_ignored, help="One JSON document on stdout."),
    click.option("--verbose", is_flag=True, expose_value=False, callback=_ignored, help="Say more of what is done."),
    click.option("--debug", is_flag=True, expose_value=False, callback=_ignored, help="Show where errors come from."),
)

aws = together(
    click.option("--profile", metavar="NAME", help="AWS profile; otherwise AWS_PROFILE or the default one."),
    click.option("--region", metavar="NAME", help="AWS region; a bucket's own region is found by itself."),
    click.option("--endpoint-url", metavar="URL", help="Another S3 than Amazon's; otherwise AWS_ENDPOINT_URL[_S3]."),
    click.option("--local", is_flag=True, help="Use the embedded cloud (see s3am-cloud local up)."),
)

stack = click.option(
    "--stack", metavar="NAME", envvar="S3AM_CLOUD_STACK", show_envvar=True, help="Name of the stack (S3amCloud)."
)

slots = together(
    click.option(
        "--download-slots",
        type=click.IntRange(1),
        metavar="N",
        help="Connections to the source that move parts at once.",
    ),
    click.option("--upload-slots", type=click.IntRange(1), metavar="N", help="Connections to S3 at once."),
)

part_size = click.option(
    "--part-size",
    type=Size(),
    metavar="SIZE",
    help="Size of a part, 5MB to 5GB; chosen so that 10,000 parts suffice when left out.",
)

transfer = together(
    click.option("--exists", type=click.Choice(["overwrite", "skip"]), help="What to do where the object exists."),
    click.option("--resume", is_flag=True, help="Continue an unfinished upload."),
    click.option("--force", is_flag=True, help="Discard unfinished uploads of the object first."),
    part_size,
    slots,
)


def exclusive(**flags: bool) -> None:
    """Raises UsageError where more than one of these is set."""
    given = [f"--{name.replace('_', '-')}" for name, value in flags.items() if value]
    if len(given) > 1:
        raise click.UsageError(f"{' and '.join(given)} exclude each other")


def transfer_request(
    source: str,
    destination: str,
    exists: str | None,
    resume: bool,
    force: bool,
    part_size: int | None,
    download_slots: int | None,
    upload_slots: int | None,
) -> TransferRequest:
    """The request that `upload` and `submit` make of their arguments."""
    from s3am_cloud.model import TransferRequest

    return TransferRequest(
        source=source,
        destination=destination,
        exists=cast("Exists | None", exists),
        resume=resume,
        force=force,
        part_size=part_size,
        download_slots=download_slots,
        upload_slots=upload_slots,
    )
