"""What a user sees of a run while it lasts: --progress, --quiet, --log-file, --json-lines."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from s3am_cloud.errors import BadDestination
from s3am_cloud_cli.console.output import Console, ProgressKind
from s3am_cloud_cli.options.transfer import together


def _show(context: click.Context, parameter: click.Parameter, value: ProgressKind) -> None:
    context.ensure_object(Console).progress_kind = value


def _be_quiet(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    context.ensure_object(Console).quiet = value


def _log(context: click.Context, parameter: click.Parameter, value: Path | None) -> None:
    if value is not None:
        try:
            context.ensure_object(Console).log_to(value)
        except OSError as error:
            raise BadDestination(f"{value} can't be written: {error.strerror}", "name another --log-file") from error


def _line_by_line(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    context.ensure_object(Console).json_lines = value


json_lines = click.option(
    "--json-lines",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_line_by_line,
    help="Print a line of JSON for each item.",
)

# Eager: what another option complains about is shown in the same way.
showing = together(
    click.option(
        "--progress",
        type=click.Choice(get_args(ProgressKind)),
        default="auto",
        show_default=True,
        is_eager=True,
        expose_value=False,
        callback=_show,
        help="How progress is shown on stderr: as a bar, as a line every 30 s, as a JSON object every 30 s (then each "
        "line on stderr is one), or not; auto is a bar on a terminal and lines elsewhere.",
    ),
    click.option(
        "--quiet",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_be_quiet,
        help="Print errors only, and what --json and --json-lines ask for.",
    ),
    click.option(
        "--log-file",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        is_eager=True,
        expose_value=False,
        callback=_log,
        help="Add a line to FILE, with the time, for each note, each error, and how each item ended.",
    ),
)
