"""Every command asks AWS in the region of one rule: the option, AWS_REGION, AWS_DEFAULT_REGION, the profile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest

from s3am_cloud.adapters.s3.session import _Session
from s3am_cloud.errors import StoreUnavailable
from s3am_cloud_cli.main import COMMANDS, cli, run

JOB = "20260102-030405-0a1b2c3d"
WITHOUT_AWS = {"schema", "generate-sse-key", "local", "demo"}
CALLS = {
    "upload": ("FILE", "s3://data/key"),
    "download": ("s3://data/key", "copy"),
    "submit": ("https://host/key", "s3://data/key"),
    "plan": ("s3://data/key", "s3://data/copy"),
    "status": (JOB,),
    "watch": (JOB,),
    "resume": (JOB,),
    "jobs": (),
    "logs": (JOB,),
    "events": ("failed",),
    "verify": ("s3://data/key",),
    "receipt": ("s3://data/key",),
    "cancel": ("s3://data/key",),
    "ls": ("s3://data/",),
    "template": ("--to", "s3://data/"),
    "doctor": (),
    "deploy": ("--yes",),
    "destroy": ("--yes",),
}


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The regions that clients were wanted for; none is made."""
    found: set[str] = set()

    def create_client(session: _Session, service: str, region_name: str | None = None, *_: Any, **__: Any) -> Any:
        found.add(region_name or session.get_config_variable("region"))
        raise StoreUnavailable(f"no {service} in this test")

    config = tmp_path / "config"
    config.write_text("[default]\nregion = eu-west-1\n")
    variables = {"AWS_CONFIG_FILE": str(config), "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    variables |= {"AWS_DEFAULT_REGION": "eu-west-2", "AWS_REGION": "eu-west-3"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(_Session, "create_client", create_client)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "FILE").write_bytes(b"data")
    return found


def test_every_command_that_asks_aws_is_held_to_the_rule() -> None:
    context = click.Context(cli)
    assert {name for name in cli.list_commands(context) if name not in WITHOUT_AWS} == set(CALLS)
    assert set(COMMANDS) >= WITHOUT_AWS


@pytest.mark.parametrize("command", CALLS)
def test_a_command_asks_aws_in_the_users_region(command: str, asked: set[str]) -> None:
    run([command, *CALLS[command]])
    assert asked == {"eu-west-3"}
    asked.clear()
    run([command, *CALLS[command], "--region", "ap-south-1"])
    assert asked == {"ap-south-1"}
