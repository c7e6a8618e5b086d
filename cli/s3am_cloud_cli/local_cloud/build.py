"""The stack as it is deployed: the very template that AWS gets, and the functions' code for this machine.

Both are kept in the user's cache folder by what they are made of, so that they are built once.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from s3am_cloud.adapters.files.private_files import open_private, private_folder
from s3am_cloud.ingest.rules import Ingest
from s3am_cloud_cli.local_cloud.failures import INSTALL, LocalCloudFailed, missing_extra
from s3am_cloud_cli.newest_folders import keep_newest

if TYPE_CHECKING:
    from s3am_cloud_infra.synth import Synthesized

PACKAGES = ("s3am_cloud", "s3am_cloud_infra")
KEPT_STACKS = 3  # each holds the functions' code: 35 MB

Step = Callable[[str], None]


def require_extras() -> None:
    """Raises MissingExtra when the emulator or the CDK is not installed."""
    for module, package in (("ministack", "ministack"), ("aws_cdk", "aws-cdk-lib"), ("uv", "uv")):
        if importlib.util.find_spec(module) is None:
            raise missing_extra(package)


def fingerprint(stack: str, ingest: Ingest) -> str:
    """A hash of all that the deployed stack is made of; read in some 50 ms."""
    from s3am_cloud_infra.app import feature_flags
    from s3am_cloud_infra.asset import Target, tree_digest

    parts = [stack, Target.here().name, json.dumps(feature_flags())]
    parts += [version(package) for package in ("aws-cdk-lib", "ministack")]
    parts += [tree_digest(_folder_of(package)) for package in PACKAGES]
    parts.append(msgspec.json.encode(ingest).decode())
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:20]


def build(stack: str, ingest: Ingest, key: str, log: Path, on_step: Step) -> Synthesized:
    """The synthesized stack whose fingerprint is `key`, built unless it is in the cache. `ingest` comes in by itself.

    Raises:
        LocalCloudFailed: the asset or the template can't be built; the message ends with the tools' last line.
    """
    from s3am_cloud_infra.asset import AssetError, Target, build_asset, default_cache
    from s3am_cloud_infra.synth import synthesized

    assets = default_cache()
    on_step("building the functions' code")
    try:
        asset = build_asset(Target.here(), assets)
    except AssetError as error:
        first, *rest = str(error).splitlines()
        raise LocalCloudFailed(" ".join([first, *rest[-1:]]), INSTALL) from error
    out = assets.parent / "stacks" / key
    if not out.is_dir():
        on_step("synthesizing the stack")
        _synthesize(asset, out, stack, ingest, log)
        keep_newest(out.parent, KEPT_STACKS)
    return synthesized(asset, out, stack, ingest)


def _synthesize(asset: Path, out: Path, stack: str, ingest: Ingest, log: Path) -> None:
    """Fill a folder elsewhere, then put it in place at once: several may be at this at the same time."""
    private_folder(out.parent.parent, out.parent.name)
    said = open_private(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    with tempfile.TemporaryDirectory(prefix=".building-", dir=out.parent) as workplace, os.fdopen(said, "w") as output:
        fresh = Path(workplace) / "stack"
        command = [sys.executable, "-m", "s3am_cloud_cli.local_cloud.synthesize", str(asset), str(fresh), stack]
        command.append(msgspec.json.encode(ingest).decode())
        code = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False).returncode
        if code != 0:
            lines = log.read_text(errors="replace").strip().splitlines() or [f"exit code {code}"]
            raise LocalCloudFailed(f"the stack could not be synthesized: {lines[-1]}", f"see {log}")
        try:
            fresh.rename(out)
        except OSError:
            if not out.is_dir():
                raise


def _folder_of(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise LocalCloudFailed(f"the package {package} is not installed", "install s3am-cloud again")
    return Path(spec.submodule_search_locations[0])
