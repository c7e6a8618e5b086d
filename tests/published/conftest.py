"""The wheel that is published, and a fresh environment that it and its base dependencies alone are installed in."""

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement

from published.wheel import Wheel, link, with_dependencies
from support.command import Command
from support.stored import Stored

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CHECKOUT = Path(__file__).parents[2]
_UV = Path(sysconfig.get_path("scripts")) / "uv"


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Wheel:
    """Built offline, with the build tools of the tests' own environment."""
    folder = tmp_path_factory.mktemp("wheel")
    command: list[str | Path] = [_UV, "build", "--wheel", "--no-build-isolation", "--offline", "--quiet"]
    subprocess.run([*command, "--python", sys.executable, "--out-dir", folder, CHECKOUT], check=True)
    (path,) = folder.glob("*.whl")
    return Wheel(path)


@pytest.fixture(scope="session")
def fresh(wheel: Wheel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the programs of an environment that holds the wheel and its base dependencies, and no extra."""
    return _environment(tmp_path_factory.mktemp("fresh"), wheel, wheel.base_requirements)


@pytest.fixture(scope="session")
def fresh_with_deploy(wheel: Wheel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with the extra `deploy`."""
    programs = _environment(tmp_path_factory.mktemp("deploy"), wheel, wheel.requirements_with("deploy"))
    (programs / "uv").symlink_to(_UV)
    return programs


def _environment(root: Path, wheel: Wheel, requirements: list[Requirement]) -> Path:
    venv.create(root, with_pip=False, symlinks=True)
    packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(root), "platbase": str(root)}))
    for one in with_dependencies(requirements):
        link(one, packages)
    python = root / "bin" / "python"
    install: list[str | Path] = [_UV, "pip", "install", "--quiet", "--offline", "--no-deps", "--python", python]
    subprocess.run([*install, wheel.path], check=True)
    return root / "bin"


@pytest.fixture
def installed(fresh: Path, tmp_path: Path) -> Command:
    """The command of that environment, without any AWS settings."""
    return Command(tmp_path, {}, fresh / "s3am-cloud")


@pytest.fixture
def stored(s3_client: "S3Client", bucket: str) -> Stored:
    """What is in the test's bucket."""
    return Stored(s3_client, bucket)
