"""What commands share: sizes as they are written and read, the shares of slots, and the help."""

from __future__ import annotations

import importlib
import io

import click
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3am_cloud.amounts import size_text
from s3am_cloud.errors import Interrupted, JobFailed, SourceBusy
from s3am_cloud.limits import BYTES_WORTH_A_PROCESS, MIB
from s3am_cloud.model import Part
from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.main import COMMANDS, Commands, cli, run
from s3am_cloud_cli.options.transfer import Size, exclusive
from s3am_cloud_client.inprocess.shared_concurrency import share
from s3am_cloud_client.inprocess.workers import worthwhile_processes


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("5242880", 5242880),
        ("64MB", 64 * MIB),
        ("64M", 64 * MIB),
        ("64MiB", 64 * MIB),
        ("64mb", 64 * MIB),
        ("64 MB", 64 * MIB),
        (" 64MB ", 64 * MIB),
        ("1.5GB", 1536 * MIB),
        ("5G", 5120 * MIB),
        ("1K", 1024),
        ("0", 0),
    ],
)
def test_a_size_counts_in_powers_of_1024_as_s3am_does(text: str, size: int) -> None:
    assert Size().convert(text, None, None) == size


@pytest.mark.parametrize("text", ["", "MB", "-5", "5 5", "5XB", "1e6", "5MBs", "0x10", "5,000"])
def test_what_is_no_size_is_wrong_usage(text: str) -> None:
    with pytest.raises(click.BadParameter, match="not a size"):
        Size().convert(text, None, None)


@given(st.integers(0, 10**15))
def test_a_size_that_is_a_number_already_stays_it(size: int) -> None:
    assert Size().convert(size, None, None) == size == Size().convert(str(size), None, None)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (64 * MIB, "64.0 MiB"),
        (5 << 30, "5.0 GiB"),
        (3 << 40, "3.0 TiB"),
        (5000 << 40, "5000.0 TiB"),
    ],
)
def test_a_size_is_shown_in_the_largest_unit_that_fits(size: int, text: str) -> None:
    assert size_text(size) == text


def test_options_that_exclude_each_other_are_wrong_usage_together_only() -> None:
    exclusive(resume=True, force=False)
    exclusive(resume=False, force=False)
    with pytest.raises(click.UsageError, match="--resume and --force exclude each other"):
        exclusive(resume=True, force=True)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_listed_help_of_a_command_is_its_own(name: str) -> None:
    command = getattr(
        importlib.import_module(f"s3am_cloud_cli.commands.{name.replace('-', '_')}"), name.replace("-", "_")
    )
    assert isinstance(command, click.Command)
    assert command.get_short_help_str(limit=200).rstrip(".") == COMMANDS[name].rstrip(".")


def test_the_command_knows_no_other_names() -> None:
    context = click.Context(cli)
    assert isinstance(cli, Commands)
    assert cli.get_command(context, "main") is None
    assert cli.list_commands(context) == list(COMMANDS)


@given(st.integers(1, 200), st.integers(1, 32))
def test_slots_are_shared_out_evenly_and_none_is_lost(slots: int, count: int) -> None:
    shares = share(slots, min(slots, count))
    assert sum(shares) == slots
    assert max(shares) - min(shares) <= 1
    assert min(shares) >= 1


@given(st.integers(1, 30), st.integers(1, 16), st.integers(1, 16), st.integers(0, 2 * BYTES_WORTH_A_PROCESS))
def test_processes_are_as_many_as_are_worth_their_start(parts: int, slots: int, cores: int, length: int) -> None:
    todo = [Part(number, 0, length) for number in range(1, parts + 1)]
    count = worthwhile_processes(todo, slots, cores)
    assert 1 <= count <= min(slots, cores, parts)
    assert count == 1 or count * BYTES_WORTH_A_PROCESS <= parts * length


def console(**flags: bool) -> tuple[Console, io.StringIO, io.StringIO]:
    out, err = io.StringIO(), io.StringIO()
    return Console(json=flags.get("json", False), out=out, err=err), out, err


def test_an_error_is_one_line_on_stderr_with_its_hint_and_exit_code() -> None:
    made, out, err = console()
    assert made.fail(JobFailed("worn out.", "rest")) == 24
    assert err.getvalue() == "s3am-cloud: worn out. Hint: rest.\n"
    assert out.getvalue() == ""


@pytest.mark.parametrize(("error", "retryable"), [(SourceBusy("busy"), True), (Interrupted("stop"), True)])
def test_an_error_as_json_is_one_document_on_stdout(error: SourceBusy | Interrupted, retryable: bool) -> None:
    made, out, err = console(json=True)
    assert made.fail(error) == error.code
    reported = msgspec.json.decode(out.getvalue())["error"]
    assert set(reported) == {"code", "name", "retryable", "message", "hint"}
    assert (reported["code"], reported["name"], reported["retryable"]) == (error.code, type(error).__name__, retryable)
    assert err.getvalue().count("\n") == 1


def test_an_error_that_is_in_a_document_is_not_reported_again() -> None:
    made, out, _ = console(json=True)
    assert made.fail(made.reported(JobFailed("worn out"))) == 24
    assert out.getvalue() == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("upload", "--tag=https://ann:hunter2@host/x\x01", "a", "s3://b/k"),
        ("upload", "--tag", "https://ann:hunter2@host/x\x01", "a", "s3://b/k"),
        ("upload", "--frob=https://host/x?token=hunter2", "a", "s3://b/k"),
        ("upload", "--part-size=x https://host/?token=hunter2", "a", "s3://b/k"),
        ("https://ann:hunter2@host/x",),
        ("status", "a", "FTP://ann:hunter2@host/'x'"),
    ],
)
def test_wrong_usage_repeats_no_url_wherever_it_stands(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    assert "hunter2" not in "".join(capsys.readouterr())
