"""The CDK's command in the one version that package-lock.json pins, installed once into a folder of the user's.

An installed wheel has no checkout around it, so package.json and its lock are kept in this package.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from s3am_cloud_infra.asset import publish
from s3am_cloud_infra.node import find_node

PROJECT = ("package.json", "package-lock.json")

QUIET = {
    "CDK_DISABLE_VERSION_CHECK": "1",
    "CDK_DISABLE_CLI_TELEMETRY": "true",
}
"""Settings with which the CDK's command talks to nobody but AWS; `--no-notices` is the third."""


class CdkNotInstalled(Exception):
    """npm could not install the CDK's command; the message is what npm said."""


def installed_cdk(into: Path, on_install: Callable[[str], None]) -> Path:
    """The CDK's script, somewhere in the cache folder `into`; `on_install` gets the version before it is fetched.

    npm checks what it fetches against the lock's hashes and runs no script of any package. Several processes may
    install at the same time. Raises NodeMissing, CdkNotInstalled.
    """
    files = {name: Path(__file__).with_name(name).read_bytes() for name in PROJECT}
    version = json.loads(files["package.json"])["dependencies"]["aws-cdk"]
    digest = hashlib.sha256(b"\0".join(files.values())).hexdigest()[:12]
    folder = into / f"cdk-{version}-{digest}"
    if not folder.is_dir():
        on_install(version)
        publish(folder, lambda fresh: _install(files, fresh))
    return folder / "node_modules" / "aws-cdk" / "bin" / "cdk"


def cdk_command(script: Path, arguments: Sequence[str]) -> list[str]:
    """The command line that runs the CDK's script, to be run with `QUIET` in its environment. Raises NodeMissing."""
    return find_node().command(["node", str(script), *arguments, "--no-notices"])


def _install(files: dict[str, bytes], folder: Path) -> None:
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    node = find_node()
    answer = subprocess.run(
        node.command(["npm", "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]),
        cwd=folder,
        env=node.environment(os.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode != 0:
        raise CdkNotInstalled(f"npm could not install the CDK's command:\n{answer.stderr.strip()}")
