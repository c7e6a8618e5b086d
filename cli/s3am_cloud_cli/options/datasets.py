"""Options of datasets: which items are wanted, what they are called, and what becomes of the run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from s3am_cloud_cli.options.repeating import RepeatableCommand
from s3am_cloud_cli.options.transfer import as_value, together
from s3am_cloud_client import DatasetOptions

_RULES = "--rule"
_KINDS = {"--include": "include", "--exclude": "exclude"}
# As `datasets/manifests` has them; a test compares the two, as reading them there would slow every start.
FORMATS = ("auto", "jsonl", "csv", "ena", "gdc", "sts", "checksums", "urls", "inventory", "metalink")
_SHARE = re.compile(r"\d{1,3}(?:\.\d{1,6})?%")
_AGE = re.compile(r"(\d{1,6}(?:\.\d+)?)\s*([smhd]?)", re.IGNORECASE)
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


class Age(click.ParamType[float]):
    """A time in seconds: 90, 90s, 10m, 2h, 1d."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        match = _AGE.fullmatch(str(value).strip())
        if match is None:
            self.fail(f"{value!r} is not a time such as 10m or 2h", param, ctx)
        return float(match[1]) * _SECONDS[match[2].lower()]


class Failures(click.ParamType[int | str]):
    """A number of items, or a share of them: 100, 5%."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        text = str(value).strip()
        if _SHARE.fullmatch(text):
            return text
        if not (text.isascii() and text.isdecimal()):
            self.fail(f"{value!r} is neither a number of items nor a share of them such as 5%", param, ctx)
        return int(text)


class ItemCommand(RepeatableCommand):
    """A command with `--include` and `--exclude`. Their order among each other counts, which click does not keep of two
    options: both become one."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, _in_one_list(args))


def _in_one_list(arguments: Sequence[str]) -> list[str]:
    found, rest = list[str](), iter(arguments)
    for word in rest:
        name, equals, value = word.partition("=")
        if word == "--":
            return [*found, word, *rest]
        if name not in _KINDS:
            found.append(word)
            continue
        glob = value if equals else next(rest, None)
        # Without a value it stays as it is, for click to complain about.
        found += [word] if glob is None else [_RULES, f"{_KINDS[name]}:{glob}"]
    return found


def _rules(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((kind, glob) for kind, _, glob in (value.partition(":") for value in values))


exists = click.option(
    "--exists",
    type=click.Choice(["fail", "skip", "overwrite", "update"]),
    help="What to do if an object exists. Of several items, those that are the same are skipped by default and others "
    "fail; update replaces these.",
)

file_exists = click.option(
    "--exists",
    type=click.Choice(["fail", "skip", "overwrite", "update"]),
    help="What to do if a file exists. Of several items, those that are the same are skipped by default and others "
    "fail; update replaces these.",
)

_listed = (
    click.option(
        "--manifest",
        metavar="FILE",
        help="List of items, in any known format: a file, a URL, or - for standard input.",
    ),
    click.option(
        "--manifest-format",
        type=click.Choice(FORMATS),
        default="auto",
        help="Format of the manifest; detected by default.",
    ),
    click.option("--base", metavar="URL", help="What relative names in the manifest are below."),
    click.option(
        "--name",
        metavar="TEMPLATE",
        help="Name of each item: {name} {stem} {ext} {dir} {path} {host} {date} {n} and columns of the manifest.",
    ),
    click.option(_RULES, "filters", multiple=True, hidden=True, callback=_rules),
    click.option("--min-age", type=Age(), metavar="TIME", help="Leave out what was modified since, such as 10m."),
    click.option(
        "--max-failures",
        type=Failures(),
        metavar="N|N%",
        help="Stop after more failed items than this, or than this share of all; by default after 100, if they are "
        "over half of those finished.",
    ),
)

dataset = as_value(
    "dataset",
    DatasetOptions,
    *_listed,
    click.option(
        "--follow/--no-follow", default=True, help="Follow symbolic links in folders (the default), or leave them out."
    ),
    click.option(
        "--report-dir",
        type=click.Path(path_type=Path, file_okay=False),
        metavar="DIR",
        help="Folder for the run's files; otherwise one in the state folder.",
    ),
)

# Of a job in the cloud, which reads no local files and keeps its report beside its record.
cloud_dataset = as_value("dataset", DatasetOptions, *_listed)

globs = together(
    click.option(
        "--include", metavar="GLOB", expose_value=False, help="Take what matches, such as '*.bam'; may be repeated."
    ),
    click.option(
        "--exclude",
        metavar="GLOB",
        expose_value=False,
        help="Leave out what matches; of --include and --exclude, the first that matches decides.",
    ),
)

dry_run = click.option(
    "--dry-run", is_flag=True, help="List what would be done with each item, with sizes and totals, and do nothing."
)
