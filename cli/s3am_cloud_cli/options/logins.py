"""The options by which sources' servers get headers, cookies and logins. What is in a file stays out of sight."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from s3am_cloud.names import HOSTS_VARIABLE
from s3am_cloud_cli.options.transfer import as_value

if TYPE_CHECKING:
    from s3am_cloud_client import Logins


class LoginOptions(NamedTuple):
    """How they were given."""

    headers: tuple[str, ...]
    header_file: Path | None
    bearer_file: Path | None
    cookie_file: Path | None
    hosts_file: Path | None
    host_limits: tuple[str, ...]

    def logins(self) -> Logins:
        """Raises Usage."""
        from s3am_cloud_client import Logins

        return Logins.given(*self)


_FILE = click.Path(path_type=Path)

logins = as_value(
    "logins",
    LoginOptions,
    click.option(
        "-H",
        "--header",
        "headers",
        metavar="'NAME: VALUE'",
        multiple=True,
        help="Header for the source's server, which must be one, and no other; can be repeated. Others may see it in "
        "the process list.",
    ),
    click.option("--header-file", metavar="FILE", type=_FILE, help="A file with such headers, one in a line."),
    click.option(
        "--bearer-file",
        metavar="FILE",
        type=_FILE,
        help="A file with a token, which the source's server gets as Authorization: Bearer.",
    ),
    click.option(
        "--cookie-file",
        metavar="FILE",
        type=_FILE,
        help="A browser's cookies in Netscape's format; a source's server gets those that are for it.",
    ),
    click.option(
        "--hosts-file",
        metavar="FILE",
        type=_FILE,
        help="Logins and limits of servers, by their hosts (see docs/logins.md); otherwise the file that the variable "
        f"{HOSTS_VARIABLE} names, or ~/.config/s3am-cloud/hosts.toml if there is one.",
    ),
    click.option(
        "--host-limit",
        "host_limits",
        metavar="HOST=N",
        multiple=True,
        help="Use at most N connections to HOST (or HOST:PORT) at a time, over all items; can be repeated.",
    ),
)
