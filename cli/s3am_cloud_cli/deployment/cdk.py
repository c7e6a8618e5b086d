"""Runs of the CDK's command on one assembly, shown as they go."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.deployment.account import Account
from s3am_cloud_cli.deployment.failures import DeployFailed, cdk_failure, missing_extra
from s3am_cloud_infra.cdk_command import QUIET, CdkNotInstalled, cdk_command, installed_cdk
from s3am_cloud_infra.node import NodeMissing, find_node

# Of the user's settings these say who they are; what the CDK gets are the credentials that they led to.
_WHO = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


class Cdk:
    """The CDK's command, acting as the user of `account` on the stack in the folder `assembly`.

    It is given credentials, not a profile, so that it can't end up as another user than the one who was shown, and
    nobody is asked twice for a second factor.
    """

    def __init__(self, script: Path, assembly: Path, account: Account, console: Console) -> None:
        self._script, self._assembly, self._console = script, assembly, console
        self._environment = cdk_environment(os.environ, account.environment())

    def run(self, *arguments: str) -> str:
        """What the command said, which went to stderr as it came. Raises DeployFailed, AccessDenied.

        Without colors, as what it repeats of AWS's answers could have escape sequences of its own.

        It runs in the assembly's folder, lest it reads a cdk.json that happens to be where the user is.
        """
        said: list[str] = []
        with subprocess.Popen(
            cdk_command(self._script, [*arguments, "--app", str(self._assembly), "--no-color"]),
            cwd=self._assembly,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                said.append(line)
                self._console.note(line.rstrip("\n"))
        if process.returncode != 0:
            raise cdk_failure(f"cdk {arguments[0]}", said)
        return "".join(said)


def cdk_environment(base: Mapping[str, str], credentials: Mapping[str, str]) -> dict[str, str]:
    """The user's own environment, with `credentials` in place of all that says who they are and which AWS is meant."""
    elsewhere = "AWS_ENDPOINT_URL" in credentials
    kept = {
        name: value
        for name, value in base.items()
        if name not in _WHO and not (elsewhere and name.startswith("AWS_ENDPOINT_URL"))
    }
    return find_node().environment({**kept, **credentials, **QUIET})


def cdk_script(cache: Path, console: Console) -> Path:
    """The CDK's script, installed first where it is not. Raises MissingExtra, DeployFailed."""
    try:
        find_node()
        return installed_cdk(cache, lambda version: console.note(f"... installing the CDK's command {version}"))
    except NodeMissing as error:
        raise missing_extra("Node.js") from error
    except CdkNotInstalled as error:
        said, *more = str(error).splitlines()
        console.note(more)
        raise DeployFailed(said.rstrip(":"), "npm's own words are above; check the network, then try again") from error
