"""The README says what is so: its commands work, and its table is the code's."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from s3am_cloud.errors import exit_codes
from s3am_cloud.ingest.file import parse_ingest
from s3am_cloud.model import Receipt
from s3am_cloud.names import EVENT_SOURCE, TRANSFER_SUCCEEDED
from s3am_cloud_cli.main import cli
from servers.content import pattern
from servers.faulty_http import FaultyHttp
from support.bare_cloud import CACHES

# What this machine trusts, for packages that are fetched.
_TRUST = ("SSL_CERT_FILE", "PIP_CERT", "NODE_EXTRA_CA_CERTS")
README = Path(__file__).parents[2] / "README.md"
_README_COMMANDS = re.findall(r"^\$ (.+)$", README.read_text(), flags=re.MULTILINE)


def test_the_commands_of_the_embedded_cloud_work_as_they_are_written(tmp_path: Path, http_server: FaultyHttp) -> None:
    script = "set -e\n" + "\n".join(_commands("tested"))
    assert "s3am-cloud submit" in script
    (tmp_path / "genome.bam").write_bytes(pattern(1_000_000))
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "S3AM_CLOUD_STATE_HOME": str(tmp_path / "state"),
        "URL": http_server.add("/run42.tar", pattern(100_000)),
        "no_proxy": "127.0.0.1",
        **CACHES,
        **{name: os.environ[name] for name in _TRUST if name in os.environ},
    }
    done = subprocess.run(
        ["/bin/sh", "-c", script],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "copy.bam").read_bytes() == pattern(1_000_000)
    assert "s3://runs/run42.tar" in done.stdout


def test_the_table_of_exit_codes_is_the_code_s_own() -> None:
    after = README.read_text().split("<!-- exit codes -->")[1]
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", after, flags=re.MULTILINE)
    assert {int(code): meaning for code, meaning in rows} == exit_codes()


@pytest.mark.parametrize("line", [line for line in _README_COMMANDS if line.startswith("s3am-cloud ")])
def test_a_command_anywhere_in_the_readme_is_one_that_exists(line: str) -> None:
    """What a command does is tested elsewhere; deploying and destroying in tests/functional/cloud/test_deploy.py."""
    words = shlex.split(line, comments=True)[1:]
    command = cli.get_command(click.Context(cli), words[0])
    assert command is not None, line
    command.make_context(words[0], words[1:])


def test_its_ingest_file_is_one_that_the_stack_takes() -> None:
    ingest = parse_ingest(README.read_text().split("```toml\n")[1].split("```")[0])
    assert [entry.name for entry in ingest.entries] == ["runs", "reference"]


def test_its_rule_for_outcomes_fits_an_outcome_of_ours() -> None:
    rule = json.loads(
        README.read_text().split("A rule for your own pipeline, on the same bus:\n\n```json\n")[1].split("```")[0]
    )
    assert (rule["source"], rule["detail-type"]) == ([EVENT_SOURCE], [TRANSFER_SUCCEEDED])
    assert set(rule["detail"]) <= set(Receipt.__struct_fields__)


def _commands(mark: str) -> list[str]:
    """The commands of the console block behind `<!-- mark -->`."""
    block = README.read_text().split(f"<!-- {mark} -->\n```console\n")[1].split("```")[0]
    return [line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ ")]
