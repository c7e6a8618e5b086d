"""The command that repeats what a run left undone: with the options that the run was given, and no secret."""

from __future__ import annotations

from collections.abc import Iterator

import click

from s3am_cloud_cli.console.summary_text import Again

_GIVEN = "s3am_cloud_cli.given"
# What says which items there are and what they are called, which the list of what failed says by itself, and how they
# are shown.
_OF_ITEMS = {"manifest", "manifest_format", "base", "name", "filters", "min_age", "follow", "report_dir"}
_SHOWN = {"json", "json_lines", "verbose", "debug", "quiet", "progress", "log_file"}
_SECRET = {"headers"}
_SECRET_ENDS = ("_key", "_key_base64")


class RepeatableCommand(click.Command):
    """A command that keeps its arguments as they were given."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[_GIVEN] = list(args)
        return super().parse_args(ctx, args)


def again(*destination: str) -> Again:
    """The command that runs now, for another list of items and the same destination."""
    context = click.get_current_context()
    shown, hidden = list[str](), list[str]()
    for option, values in _given(context):
        if _is_secret(option, values):
            hidden.append(option.opts[-1])
        else:
            shown += _words(option, values)
    return Again(context.info_name or "", tuple(shown), destination, tuple(hidden))


def _given(context: click.Context) -> Iterator[tuple[click.Option, list[object]]]:
    values, _, _ = context.command.make_parser(context).parse_args(list(context.meta.get(_GIVEN, [])))
    for option in context.command.params:
        name = option.name or ""
        if isinstance(option, click.Option) and name in values and name not in _OF_ITEMS | _SHOWN:
            found = values[name]
            yield option, list(found) if isinstance(found, list) else [found]


def _is_secret(option: click.Option, values: list[object]) -> bool:
    """A key, a header, or a URL that may hold a login or a signature."""
    name = option.name or ""
    urls = [str(value) for value in values if "://" in str(value) and not str(value).startswith("s3://")]
    return name in _SECRET or name.endswith(_SECRET_ENDS) or any("@" in url or "?" in url for url in urls)


def _words(option: click.Option, values: list[object]) -> Iterator[str]:
    for value in values:
        if option.is_flag:
            yield option.opts[-1] if value or not option.secondary_opts else option.secondary_opts[-1]
        else:
            yield from (option.opts[-1], str(value))
