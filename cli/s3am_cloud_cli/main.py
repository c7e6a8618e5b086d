"""The command's entry: finds the command, runs it, and is the one place that exits."""

from __future__ import annotations

import gc
import importlib
import re
import sys
from collections.abc import Sequence

import click

from s3am_cloud import __version__
from s3am_cloud.errors import DONE, Interrupted, TransferError, Unexpected, Usage, exit_codes
from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.console.streams import prepare_streams
from s3am_cloud_cli.environment import drop_empty_variables, ensure_utf8_names, spell_http_proxy
from s3am_cloud_client.inprocess.stopping import ignore_stops
from s3am_cloud_client.inprocess.system_errors import named_system_error

_URL = re.compile(r"\b(?!s3:)([a-z][a-z0-9+.-]*)://\S*?(?='?(?:\s|$))", re.IGNORECASE)
_ALLOCATIONS_BETWEEN_COLLECTIONS = 100_000

# The short help stands here as well, so that listing the commands imports none of them; a test compares the two.
COMMANDS = {
    "upload": "Copy files, folders or URLs into S3 from this machine.",
    "download": "Copy objects from S3 into local files, or one to standard output.",
    "submit": "Copy URLs into S3 in the cloud; this machine can be switched off.",
    "plan": "Show what submit would take, in time and dollars; nothing is written.",
    "status": "Show a job's progress or result.",
    "watch": "Follow a job in the cloud to its end.",
    "resume": "Continue a job that failed, from any machine.",
    "jobs": "List the jobs in the cloud, the newest first.",
    "logs": "Show what the cloud's functions logged about a job.",
    "events": "List the events that made no job, and send one again.",
    "schema": "Print the JSON Schema of requests, or of outcome events.",
    "ls": "List objects, or unfinished uploads with their age and cost.",
    "verify": "Print the checksum of an object's content, and compare it.",
    "receipt": "Show where an object came from, and how it was verified.",
    "cancel": "Stop a job, or discard the unfinished uploads of an object.",
    "generate-sse-key": "Make a key for encryption with SSE-C.",
    "doctor": "Check credentials, region, stack, buckets and sources, and say how to fix what is wrong.",
    "deploy": "Deploy the stack to AWS, or update it.",
    "template": "Write the stack as a CloudFormation template, to be deployed without the CDK.",
    "destroy": "Remove the stack from AWS.",
    "local": "The embedded cloud: the real stack on this machine, no AWS account needed.",
    "demo": "See a transfer from end to end on the embedded cloud.",
}


class Commands(click.Group):
    """Imports a command's module only when that command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        module = importlib.import_module(f"s3am_cloud_cli.commands.{name}")
        command: click.Command = getattr(module, name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), meaning) for code, meaning in exit_codes().items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="s3am-cloud")
def cli() -> None:
    """Fast, parallel, verified transfer of large objects into, within and out of Amazon S3.

    \b
      s3am-cloud upload genome.bam s3://bucket/genome.bam
      s3am-cloud upload https://host/run42.tar s3://bucket/runs/
      s3am-cloud download s3://bucket/genome.bam .
      s3am-cloud submit --wait https://host/run42.tar s3://bucket/runs/
      s3am-cloud demo
    """


def run(arguments: Sequence[str]) -> int:
    """Runs the command and returns its exit code; whatever goes wrong is reported in one line with a hint."""
    drop_empty_variables()
    spell_http_proxy()
    console = Console(
        json="--json" in arguments,
        debug="--debug" in arguments,
        verbose="--verbose" in arguments,
    )
    try:
        code = cli.main(args=list(arguments), prog_name="s3am-cloud", standalone_mode=False, obj=console)
    except click.exceptions.NoArgsIsHelpError as error:
        console.note(error.format_message().splitlines())
        return Usage.code
    except click.ClickException as error:
        usage = Usage(_without_urls(error.format_message(), arguments), _usage_hint(error))
    except (KeyboardInterrupt, click.exceptions.Abort):
        return _failed(Interrupted("interrupted", console.resume_hint), arguments, console)
    except TransferError as error:
        return _failed(error, arguments, console)
    except Exception as error:
        return _failed(named_system_error(error) or _unexpected(error, console), arguments, console)
    else:
        return code if isinstance(code, int) else DONE
    # Reported here, as a trace would repeat the arguments as they were.
    return console.fail(usage)


def _failed(error: TransferError, arguments: Sequence[str], console: Console) -> int:
    from s3am_cloud_cli.console.hints import fit_hint

    fit_hint(error, cli, arguments)
    return console.fail(error)


def _unexpected(error: Exception, console: Console) -> Unexpected:
    return Unexpected(f"{type(error).__name__}: {error}" if console.debug else type(error).__name__)


def _without_urls(message: str, arguments: Sequence[str]) -> str:
    """The message without the URLs that it repeats, whole or as a part of an argument: they may hold passwords."""
    for word in arguments:
        scheme, colon, _ = word.partition("://")
        if colon and scheme != "s3":
            message = message.replace(word, f"{scheme}://...")
    return _URL.sub(r"\1://...", message)


def _usage_hint(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    return f"see {context.command_path} --help" if context else Usage.hint


def main() -> None:
    ensure_utf8_names()
    prepare_streams()
    # What is imported and read at the start stays; looking through it for garbage takes a tenth of the start.
    gc.set_threshold(_ALLOCATIONS_BETWEEN_COLLECTIONS)
    code = run(sys.argv[1:])
    ignore_stops()  # Python would end with a trace of its own
    sys.exit(code)
