"""Bad input and bad surroundings: one line on stderr with a hint, the right exit code, and nothing left behind."""

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from servers.processes import free_ports
from servers.strict_s3 import READER, StrictS3
from support.command import Command, Result
from support.fork_server import ForkServer
from support.prefetch import Prefetch
from support.stored import Stored

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ONE_LINE = re.compile(r"s3am-cloud: [^\n]*[^\n.]\. Hint: [^\n]*[^\n.]\.\n")
NOBODY = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
READS_ONLY = {"AWS_ACCESS_KEY_ID": READER.access_key, "AWS_SECRET_ACCESS_KEY": READER.secret_key}
WRONG_SECRET = {"AWS_SECRET_ACCESS_KEY": "not-the-secret"}
# Nothing listens there; AWS's own setting keeps boto3 from trying for long.
NO_AWS = {"AWS_ENDPOINT_URL": "http://127.0.0.1:{nowhere}", "AWS_MAX_ATTEMPTS": "1"}
NO_S3 = {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:{nowhere}"}
NO_STACK = {"AWS_ENDPOINT_URL": "{s3}", "AWS_MAX_ATTEMPTS": "1"}


@dataclass(frozen=True)
class Bad:
    """A command line that can't work; `{bucket}` stands for a bucket that is there, `{nowhere}` for a port's number."""

    name: str
    code: int
    arguments: tuple[str, ...]
    said: str
    variables: dict[str, str] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash(self.name)


def _upload(name: str, code: int, source: str, destination: str, said: str, *more: str) -> Bad:
    return Bad(name, code, ("upload", source, destination, *more), said)


HERE = "file.bin"
THERE = "s3://{bucket}/x.bin"
CASES = [
    _upload("an unknown scheme", 5, "gopher://host/x", THERE, "gopher"),
    _upload("a source that is no URL", 5, "http://", THERE, "not a URL"),
    _upload("a source on another host's disk", 5, "file://host/x", THERE, "host"),
    _upload("a source that is not there", 5, "gone.bin", THERE, "gone.bin does not exist"),
    _upload("a folder as one object", 6, ".", THERE, "one object"),
    _upload("an object that is not there", 5, "s3://{bucket}/gone.bin", THERE, "gone.bin does not exist"),
    _upload("a source in no bucket", 5, "s3://no-such-bucket-here/x", THERE, "no-such-bucket-here"),
    _upload("a source that nothing serves", 23, "http://127.0.0.1:{nowhere}/x", THERE, "no connection"),
    _upload("a source on a host that does not exist", 23, "http://no-such-host.invalid/x", THERE, "no-such-host"),
    _upload("a missing bucket", 6, HERE, "s3://no-such-bucket-here/x", "no-such-bucket-here"),
    _upload("a destination without a key", 6, HERE, "s3://{bucket}", "no key"),
    _upload("a destination without a bucket", 6, HERE, "s3:///x", "no bucket"),
    _upload("a destination elsewhere", 6, HERE, "https://host/x", "not an S3 URL"),
    _upload("a part size below S3's least", 8, HERE, THERE, "5,242,880", "--part-size", "1MB"),
    _upload("a part size beyond S3's most", 8, HERE, THERE, "5,367,660,544", "--part-size", "6GB"),
    _upload("a part size of which 10,000 are too few", 8, "huge.bin", THERE, "6MB or more", "--part-size", "5MB"),
    _upload("a part size that is none", 2, HERE, THERE, "not a size", "--part-size", "large"),
    _upload("no slots", 2, HERE, THERE, "--download-slots", "--download-slots", "0"),
    _upload("an unknown option", 2, HERE, THERE, "--no-such-option", "--no-such-option"),
    _upload("options that exclude each other", 2, HERE, THERE, "exclude", "--resume", "--force"),
    _upload("an unknown choice", 2, HERE, THERE, "--exists", "--exists", "maybe"),
    Bad("a missing argument", 2, ("upload", HERE), "DST_URL"),
    Bad("an argument too many", 2, ("receipt", THERE, "more"), "unexpected"),
    Bad("a destination that is none of several sources", 6, ("upload", HERE, THERE, "more"), "not an S3 URL: more"),
    Bad("an unknown command", 2, ("uplaod", HERE, THERE), "uplaod"),
    Bad("no permission to write", 14, ("upload", HERE, THERE), "AccessDenied", READS_ONLY),
    Bad("a wrong secret key", 14, ("upload", HERE, THERE), "", WRONG_SECRET),
    Bad("no credentials", 14, ("upload", HERE, THERE), "no AWS credentials", NOBODY),
    Bad("an unknown profile", 14, ("upload", HERE, THERE, "--profile", "nobody"), "nobody"),
    Bad("an S3 that nothing serves", 23, ("upload", HERE, THERE), "no connection", NO_S3),
    Bad("no S3 URL to download", 7, ("download", "http://host/x", "."), "not an S3 URL"),
    Bad("several objects to standard output", 6, ("download", "s3://{bucket}/", "-"), "standard output"),
    Bad("an update of what is no folder", 6, ("download", THERE, "x.bin", "--exists", "update"), "not a folder"),
    Bad("no bucket to download from", 7, ("download", "s3:///x", "."), "no bucket"),
    Bad("an object to download that is not there", 5, ("download", THERE, "x.bin"), "does not exist"),
    Bad("a bucket to download from that is not there", 5, ("download", "s3://no-such-bucket-here/x", "y"), "no-such"),
    Bad("a download into a missing folder", 6, ("download", THERE, "no/such/folder/x"), "not a folder"),
    Bad("a download under a partial download's name", 6, ("download", THERE, "x.partial"), "x.partial"),
    Bad("a download without credentials", 14, ("download", THERE, "x.bin"), "no AWS credentials", NOBODY),
    Bad("uploads of a folder to cancel", 6, ("cancel", "s3://{bucket}/runs/"), "names no object"),
    Bad("a URL to cancel that is not S3's", 7, ("cancel", "http://host/x"), "not an S3 URL"),
    Bad("jobs where nothing serves AWS", 23, ("jobs",), "no connection", NO_AWS),
    Bad("a job's status where nothing serves AWS", 23, ("status", "j"), "no connection", NO_AWS),
    Bad("a job to submit where nothing serves AWS", 23, ("submit", "http://host/x", THERE), "no connection", NO_AWS),
    Bad("jobs without credentials", 14, ("jobs",), "no AWS credentials", NOBODY | NO_AWS),
    Bad("jobs where the embedded cloud is not up", 2, ("jobs", "--local"), "not running"),
    Bad("an environment where the embedded cloud is not up", 2, ("local", "env"), "not running"),
]


@dataclass(frozen=True)
class Came:
    """What came of it."""

    result: Result
    command: Command
    stored: Stored


Outcomes = Prefetch[Bad, Came]


@pytest.fixture(scope="module")
def outcomes(
    strict_s3: StrictS3, s3_client: "S3Client", tmp_path_factory: pytest.TempPathFactory, fork_server: ForkServer
) -> Iterator[Outcomes]:
    """Every bad command line, run in a home with two files and with a bucket of its own."""
    (nowhere,) = free_ports(1)

    def run(bad: Bad) -> Came:
        stored = Stored(s3_client, strict_s3.bucket())
        home = _home(tmp_path_factory)
        names = {"bucket": stored.bucket, "nowhere": str(nowhere), "s3": strict_s3.endpoint_url}
        command = Command(home, strict_s3.environment(), server=fork_server)
        variables = {name: value.format(**names) for name, value in bad.variables.items()}
        return Came(command.run(*(word.format(**names) for word in bad.arguments), **variables), command, stored)

    ahead = Prefetch(CASES, run)
    yield ahead
    ahead.close()


def _home(factory: pytest.TempPathFactory) -> Path:
    home = factory.mktemp("user")
    (home / HERE).write_bytes(b"content")
    with (home / "huge.bin").open("wb") as file:
        file.truncate(10_000 * (5 << 20) + 1)
    return home


@pytest.mark.parametrize("bad", CASES, ids=lambda bad: bad.name)
def test_bad_input_is_told_in_one_line_with_a_hint_and_leaves_nothing(bad: Bad, outcomes: Outcomes) -> None:
    came = outcomes.of(bad)
    refused = came.result.ended(bad.code)
    assert ONE_LINE.fullmatch(refused.stderr), refused.stderr
    assert refused.stdout == ""
    assert bad.said in refused.stderr
    came.stored.assert_untouched()
    assert came.command.records() == []
    assert {path.name for path in came.command.home.iterdir()} - {"state"} == {HERE, "huge.bin"}


def test_a_file_that_may_not_be_read_is_refused(command: Command, home: Path, stored: Stored) -> None:
    (home / "secret.bin").write_bytes(b"secret")
    (home / "secret.bin").chmod(0)
    refused = command.run("upload", "secret.bin", stored.url("x.bin"), before=_without_privileges()).ended(14)
    assert "secret.bin can't be read" in refused.error_line
    stored.assert_untouched()


def test_a_download_into_a_folder_that_may_not_be_written_is_refused(
    command: Command, home: Path, stored: Stored
) -> None:
    stored.put("x.bin", b"content")
    (home / "locked").mkdir(mode=0o500)
    arguments = ("download", stored.url("x.bin"), "locked/x.bin")
    refused = command.run(*arguments, before=_without_privileges()).ended(14)
    assert "can't be written" in refused.error_line
    assert list((home / "locked").iterdir()) == []


def _without_privileges() -> tuple[str, ...]:
    """What makes root obey permissions too; nothing for anybody else."""
    if os.geteuid():
        return ()
    if shutil.which("setpriv") is None:
        pytest.skip("root may read everything")
    return ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--")


def test_a_stack_that_is_none_is_a_named_error(command: Command, strict_s3: StrictS3) -> None:
    refused = command.run("jobs", "--json", AWS_ENDPOINT_URL=strict_s3.endpoint_url, AWS_MAX_ATTEMPTS="1")
    assert refused.returncode not in (0, 1), refused.stderr
    assert refused.document["error"]["name"] != "Unexpected"


@pytest.mark.parametrize("arguments", [(), ("local",)])
def test_a_command_that_is_left_out_shows_the_help(arguments: tuple[str, ...], command: Command) -> None:
    shown = command.run(*arguments).ended(2)
    assert shown.stdout == ""
    assert "Commands:" in shown.stderr


def test_an_error_is_one_json_document_where_that_was_asked_for(command: Command, stored: Stored) -> None:
    refused = command.run("upload", "gone.bin", stored.url("x"), "--json").ended(5)
    assert refused.document == {
        "error": {
            "code": 5,
            "name": "SourceNotFound",
            "retryable": False,
            "message": "gone.bin does not exist",
            "hint": "check the path",
        }
    }
    assert ONE_LINE.fullmatch(refused.stderr)
