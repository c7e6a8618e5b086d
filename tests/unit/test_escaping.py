"""The terminal is not theirs: nothing from outside is printed that a terminal would obey, and nothing forges a line."""

from __future__ import annotations

import io
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3am_cloud.adapters.records.executions import MapCounts
from s3am_cloud.command_lines import command_line, shell_word
from s3am_cloud.costs.quote import Cloud, DataSync, Extra, InProcess, Quote
from s3am_cloud.errors import ErrorReport, JobFailed, TransferError
from s3am_cloud.events import Event
from s3am_cloud.integrity.provenance_lookup import Provenance
from s3am_cloud.model import Receipt
from s3am_cloud_cli.console.escaping import escaped, escaped_layout
from s3am_cloud_cli.console.event_text import failed_text
from s3am_cloud_cli.console.follow_logs import line_text
from s3am_cloud_cli.console.hints import without_lacking
from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.console.quote_text import quote_text
from s3am_cloud_cli.console.receipt_text import cancelled_text, jobs_text, provenance_text, receipt_text, status_text
from s3am_cloud_cli.console.streams import LastingOutput
from s3am_cloud_cli.deployment.deploy import Deployment, deployment_text
from s3am_cloud_cli.deployment.destroy import Removal, removal_text
from s3am_cloud_client.remote.cancel import Cancelled
from s3am_cloud_client.remote.dead_letters import FailedEvent, FailedEvents
from s3am_cloud_client.remote.logs import LogLine
from s3am_cloud_client.remote.status import JobLine, JobStatus
from support.fakes import FakeClock

# A new title, a forged line, a name that is read backwards, C1's own way to begin a sequence, DEL, half a character.
HOSTILE = "\x1b]0;pwned\x07\r\ns3am-cloud: done\n\u202etxt.exe\u2066\x9b31m\x7f\u2028\u061c\udc9b\ufeff"
OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")


def printed(text: str | Sequence[str]) -> str:
    out = io.StringIO()
    Console(out=out, err=out).result({}, text)
    return out.getvalue()


def shown(text: str | Sequence[str], name: str) -> str:
    """What the console prints of it, which holds the name as `escaped` writes it; checked to be harmless."""
    said = printed(text)
    assert not OBEYED.search(said), ascii(said)
    assert escaped(name) in said
    assert not any(line.startswith("s3am-cloud: done") for line in said.splitlines())
    return said


def error(name: str) -> ErrorReport:
    return ErrorReport(code=24, name="JobFailed", retryable=True, message=name, hint=name)


def receipt(name: str, failed: bool = False) -> Receipt:
    return Receipt(
        state="failed" if failed else "succeeded",
        source=name,
        destination=name,
        size=1,
        parts=1,
        job=name,
        checksum=name,
        expected=name,
        source_digest=name,
        finished_by=name,
        unread_digest_files=(name,),
        unchecked_digests=(name,),
        proof="full-object",
        verdict="verified-in-transit",
        error=error(name) if failed else None,
    )


def status(name: str, failed: bool) -> JobStatus:
    return JobStatus(
        job=name,
        status=name,
        source=name,
        destination=name,
        size=1,
        units=MapCounts(total=1, succeeded=0, failed=0, running=1),
        started=name,
        resumes=name,
        resumed_by=name,
        receipt=receipt(name, failed),
    )


def known(name: str) -> Provenance:
    return Provenance(
        object=name,
        known_from="metadata",
        verdict=None,
        size=1,
        etag=name,
        job=name,
        source=name,
        source_version=name,
        source_digest=name,
        tool_version=name,
        differing=(name,),
    )


def quote(name: str) -> Quote:
    extra = Extra(cross_region=1.0, retrieval=1.0, storage_class=1.0)
    cloud = msgspec.convert({**dict.fromkeys(Cloud.__struct_fields__, 1), "extra": msgspec.to_builtins(extra)}, Cloud)
    here = msgspec.convert(
        {**dict.fromkeys(InProcess.__struct_fields__, 1), "extra": msgspec.to_builtins(extra)}, InProcess
    )
    return Quote(
        state="transfer", source=name, destination=name, cloud=cloud, in_process=here, datasync=DataSync(dollars=1.0)
    )


def deployment(name: str) -> Deployment:
    return Deployment(
        stack=name,
        account=name,
        region=name,
        changed=True,
        state_machine_arn=name,
        work_bucket=name,
        event_bus=name,
        source_buckets=[name],
        destination_buckets=[name],
        allowed_hosts=[name],
        max_workers=1,
    )


def removal(name: str) -> Removal:
    return Removal(stack=name, account=name, region=name, removed=True, left_uploads=[name])


def refused(name: str) -> FailedEvents:
    event = Event(id=name, source=name, detail_type=name, time=name)
    letter = FailedEvent(
        id=name,
        event=event,
        error=error(name),
        refused=name,
        source=name,
        destination=name,
        fields=(name,),
        replayable=False,
    )
    return FailedEvents(events=[letter], others=1)


def log_line(name: str) -> LogLine:
    return LogLine(time="now", function="worker", message=name, fields={name: name, "level": name})


TEXTS: dict[str, Callable[[str], str | Sequence[str]]] = {
    "a receipt": lambda name: receipt_text(receipt(name)),
    "a failed receipt": lambda name: receipt_text(receipt(name, failed=True)),
    "a skipped receipt": lambda name: receipt_text(Receipt(state="skipped", source=name, destination=name)),
    "where an object came from": lambda name: provenance_text(known(name)),
    "a status": lambda name: status_text(status(name, failed=False)),
    "a failed status": lambda name: status_text(status(name, failed=True)),
    "jobs": lambda name: jobs_text([JobLine(job=name, status=name, execution_arn=name, source=name, destination=name)]),
    "a plan": lambda name: quote_text(quote(name)),
    "a skipped plan": lambda name: quote_text(Quote(state="skipped", source=name, destination=name)),
    "events": lambda name: failed_text(refused(name)),
    "a cancelled job": lambda name: cancelled_text(Cancelled(name, "succeeded", name)),
    "a deployment": lambda name: deployment_text(deployment(name), name),
    "a removal": lambda name: removal_text(removal(name)),
    "a plain line": lambda name: name,
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_no_name_is_obeyed_or_makes_a_line_of_its_own(text: Callable[[str], str | Sequence[str]]) -> None:
    said = shown(text(HOSTILE), HOSTILE)
    assert said.count("\n") == printed(text("name")).count("\n")


def test_a_trace_in_a_log_keeps_its_lines_and_forges_none() -> None:
    said = printed(line_text(log_line(f"Traceback\n{HOSTILE}")))
    assert not OBEYED.search(said)
    assert all(line.startswith(("now worker", "    ")) for line in said.splitlines())


def test_errors_notes_progress_and_traces_are_escaped() -> None:
    err = io.StringIO()
    clock = FakeClock()
    console = Console(err=err, debug=True, verbose=True, clock=clock)
    console.note(HOSTILE)
    console.detail(HOSTILE)
    try:
        raise JobFailed(HOSTILE, HOSTILE) from KeyError(HOSTILE)
    except TransferError as failure:
        console.fail(failure)
    with console.progress(HOSTILE, 10) as meter:
        meter.say(HOSTILE)
        clock.sleep(60)
        meter(1)
    said = err.getvalue()
    assert not OBEYED.search(said)
    assert "Traceback" in said
    assert "direct cause" in said
    assert not any(line.startswith("s3am-cloud: done") for line in said.splitlines())


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
@pytest.mark.parametrize("name", [HOSTILE, HOSTILE.replace("\udc9b", "")])
def test_json_is_valid_says_the_same_and_is_harmless(name: str, encoding: str) -> None:
    raw = io.BytesIO()
    out = LastingOutput(raw, encoding, line_buffering=False, must_arrive=True)
    Console(out=out, json=True).result({"name": name}, "")
    said = raw.getvalue().decode(encoding)
    assert not OBEYED.search(said)
    assert json.loads(said) == {"name": name}


@given(st.text(st.characters()))
def test_nothing_that_a_terminal_obeys_is_left_in_any_text(text: str) -> None:
    assert not OBEYED.search(escaped(text)), text
    assert not OBEYED.search(escaped_layout(text).translate(dict.fromkeys(map(ord, "\r\n\t"))))
    assert escaped(text) == text or not text.isprintable() or "\ufeff" in text


def test_warnings_of_libraries_are_escaped_too() -> None:
    """What urllib3 logs of a store's answer, and what Python warns of, never comes to the console."""
    program = (
        "import logging, sys, warnings; from s3am_cloud_cli.console.streams import prepare_streams; prepare_streams();"
        "logging.getLogger('urllib3').warning('\\x1b[31m\\x9b'); warnings.warn('\\x1b]0;x\\x07')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert r"\x1b[31m\x9b" in done.stderr
    assert not OBEYED.search(done.stderr)


NAMES = ["plain", "s3://b/a b", "s3://b/it's", "s3://b/$(rm -rf ~)", "s3://b/`id`", 's3://b/a"b', "", "a\\b", "é😀"]


@pytest.mark.parametrize("name", NAMES)
def test_a_hint_quotes_names_as_the_shell_reads_them(name: str) -> None:
    assert shlex.split(command_line("cancel", name)) == ["s3am-cloud", "cancel", name]


@pytest.mark.parametrize("name", [HOSTILE.replace("\udc9b", ""), "a\n'b'\\", "\udcff\x1b"])
def test_a_name_that_can_not_be_printed_is_quoted_as_well(name: str) -> None:
    word = shell_word(name)
    assert escaped(word) == word
    shell = subprocess.run(["bash", "-c", f"printf %s {word}"], capture_output=True, check=True)
    assert shell.stdout == name.encode(errors="surrogateescape")


@pytest.mark.parametrize("name", ["a, or --force; b", "it's, --force", "--force", "a\n, --force"])
def test_a_name_in_a_hint_is_no_clause_and_no_option_of_it(name: str) -> None:
    hint = f"continue with --resume, or discard it with {command_line('cancel', f's3://b/{name}')}"
    assert without_lacking(hint, {"--resume"}) == hint
    assert without_lacking(hint, set()) == f"discard it with {command_line('cancel', f's3://b/{name}')}"


PRINTING = re.compile(
    r"\bprint\(|\bclick\.s?echo\(|\bclick\.(confirm|prompt)\((?!escaped\()|sys\.std(out|err)\.write\(|print_exc"
)
COMMAND = Path(__file__).parents[2] / "cli" / "s3am_cloud_cli"


def test_nothing_but_the_console_prints() -> None:
    """The embedded cloud's own processes write to its log; they are not the user's command."""
    paths = [path for path in COMMAND.rglob("*.py") if "local_cloud" not in path.parts and path.name != "output.py"]
    assert len(paths) > 50
    assert [path.name for path in paths if PRINTING.search(path.read_text())] == []


def test_every_console_is_given_lines_and_no_joined_text() -> None:
    """A newline in a text is shown as an escape, so whoever joins lines sees it at once."""
    assert printed("a\nb") == "a\\nb\n"
    assert printed(["a", "b"]) == "a\nb\n"
