"""Outputs that last: closed ones, readers that leave, full disks, characters that an encoding lacks."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from s3am_cloud.errors import AccessDenied, DiskFull
from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.console.streams import LastingOutput

# Most of what is printed comes from here: it is quick to import.
PROGRAM = "from s3am_cloud_cli.main import main; import sys; sys.argv = ['s3am-cloud', *sys.argv[1:]]; main()"
FULL = Path("/dev/full")


def run(redirections: str, variables: Mapping[str, str] = {}) -> subprocess.CompletedProcess[str]:
    """The command `schema` of a shell, with these redirections."""
    return subprocess.run(
        ["/bin/sh", "-c", f'"$0" -c "$1" schema {redirections}', sys.executable, PROGRAM],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **variables},
    )


def broken_pipe(must_arrive: bool) -> LastingOutput:
    reader, writer = os.pipe()
    os.close(reader)
    return LastingOutput(os.fdopen(writer, "wb"), "utf-8", line_buffering=False, must_arrive=must_arrive)


@pytest.mark.parametrize("must_arrive", [True, False])
def test_a_reader_that_has_left_is_no_failure(must_arrive: bool) -> None:
    with broken_pipe(must_arrive) as out:
        Console(out=out, err=out).result({}, "x" * 100_000)
        Console(out=out, err=out).note("more")


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
def test_an_unwritable_result_is_a_named_error_and_a_note_is_none() -> None:
    """A result that can not be written is a named error and a note is none."""
    with LastingOutput(FULL.open("wb"), "utf-8", line_buffering=False, must_arrive=True) as out:
        with pytest.raises(DiskFull, match="stdout"):
            Console(out=out, err=out).result({}, "x")
        out.flush()  # as Python does at its end
    with LastingOutput(FULL.open("wb"), "utf-8", line_buffering=False, must_arrive=False) as err:
        Console(out=err, err=err).note("x")


def test_another_error_of_stdout_is_named_as_well() -> None:
    class Refusing(io.StringIO):
        def write(self, text: str, /) -> int:
            raise PermissionError(1, "Operation not permitted")

    with pytest.raises(AccessDenied, match="Operation not permitted"):
        Console(out=Refusing()).result({}, "x")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
@pytest.mark.parametrize("name", ["größe-😀", os.fsdecode(b"\xff.bin")])
def test_every_name_can_be_printed_in_every_encoding(encoding: str, name: str) -> None:
    written = io.BytesIO()
    out = LastingOutput(written, encoding, line_buffering=False, must_arrive=True)
    Console(out=out).result({"name": name}, name)
    plain = written.getvalue()
    Console(out=out, json=True).result({"name": name}, name)
    assert plain.decode(encoding)
    assert json.loads(written.getvalue()[len(plain) :].decode(encoding)) == {"name": name}
    out.detach()


@pytest.mark.parametrize(
    ("redirections", "code"), [(">&-", 0), (">&- 2>&- <&-", 0), ("| exit 0", 0), pytest.param(">/dev/full", 24)]
)
def test_the_command_ends_in_order_whatever_its_streams_are(redirections: str, code: int) -> None:
    done = run(redirections)
    assert (done.returncode, "Exception" in done.stderr, "Traceback" in done.stderr) == (code, False, False)


def test_a_stop_during_the_imports_ends_without_a_trace() -> None:
    program = """
import sys
class Pressed:
    def find_spec(self, name, path=None, target=None):
        if name == "click":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Pressed())
from s3am_cloud_cli.entry import main
main()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "")
