"""The stack as the CDK's command wants it: a cloud assembly, kept in the user's cache by what it is made of."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from s3am_cloud.ingest.rules import Ingest
from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.deployment.failures import INSTALL, DeployFailed, missing_extra
from s3am_cloud_cli.newest_folders import keep_newest

if TYPE_CHECKING:
    from s3am_cloud_infra.asset import Target

KEPT = 3  # beside each the CDK's command keeps the functions' code, zipped: 14 MB


def require_extra() -> None:
    """Raises MissingExtra where the CDK or uv is not installed."""
    for module, package in (("aws_cdk", "aws-cdk-lib"), ("uv", "uv")):
        if importlib.util.find_spec(module) is None:
            raise missing_extra(f"the Python package {package}")


def functions_code(target: Target, console: Console) -> Path:
    """The folder with the functions' code, built unless it is in the cache. Raises DeployFailed."""
    from s3am_cloud_infra.asset import AssetError, build_asset, default_cache

    console.note("... building the functions' code")
    try:
        return build_asset(target, default_cache())
    except AssetError as error:
        first, *rest = str(error).splitlines()
        raise DeployFailed(" ".join([first.rstrip(":"), *rest[-1:]]), INSTALL) from error


def assembly(code: Path, stack: str, qualifier: str | None, ingest: Ingest, console: Console) -> Path:
    """The folder with the stack's assembly, in the user's cache, made unless it is there. Raises DeployFailed."""
    from s3am_cloud_infra.synth import fingerprint

    name = fingerprint(code, stack, ingest)[:20]
    folder = _cache() / "assemblies" / (name if qualifier is None else f"{name}-{qualifier}")
    if not folder.is_dir():
        console.note(f"... synthesizing the stack {stack}")
        _synthesize(folder, console, stack, qualifier or "", str(code), msgspec.json.encode(ingest).decode())
        keep_newest(folder.parent, KEPT)
    return folder


def empty_assembly(stack: str, qualifier: str | None, console: Console) -> Path:
    """The same with nothing in the stack, for those who only need to name it. Raises DeployFailed."""
    folder = _cache() / "empty-assemblies" / "-".join([stack, version("aws-cdk-lib"), qualifier or "usual"])
    if not folder.is_dir():
        _synthesize(folder, console, stack, qualifier or "")
    return folder


def _cache() -> Path:
    from s3am_cloud_infra.asset import default_cache

    return default_cache().parent


def _synthesize(folder: Path, console: Console, *arguments: str) -> None:
    from s3am_cloud_infra.asset import publish

    def write(out: Path) -> None:
        command = [sys.executable, "-m", "s3am_cloud_infra.assembly", str(out), *arguments]
        answer = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if answer.returncode != 0:
            said = (answer.stdout + answer.stderr).strip() or f"exit code {answer.returncode}"
            console.note(said.splitlines())
            raise DeployFailed(
                f"the stack could not be synthesized: {said.splitlines()[-1]}", "the whole of it is above"
            )

    publish(folder, write)
