"""Questions before something is done that costs or can't be undone."""

from __future__ import annotations

import sys

import click

from s3am_cloud.errors import Interrupted, Usage
from s3am_cloud_cli.console.escaping import escaped


def agree(question: str, yes: bool) -> None:
    """Returns where the user agrees, or did so with --yes.

    Raises Usage where nobody can be asked, Interrupted where the answer is no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise Usage("there is no terminal to ask on, so nothing was done", "agree beforehand with --yes")
    if not click.confirm(escaped(question), err=True):
        raise Interrupted("nothing was done", "run the command again to be asked again")
