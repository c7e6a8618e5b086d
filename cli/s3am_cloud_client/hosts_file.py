"""`hosts.toml`: what each server gets besides requests, and how it is to be spared.

    ["data.example.org"]
    bearer = {file = "~/.config/lab/token"}

    ["http://10.0.0.7:8080"]
    basic = {env = "LAB_LOGIN"}
    connections = 4
    requests_per_second = 2

A host's name is https on its usual port; any other scheme is written before it. Values are never in the file itself.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

import msgspec

from s3am_cloud.errors import TransferError, Usage
from s3am_cloud.host_limits import HostLimit, HostLimits
from s3am_cloud.limits import MAX_LOGIN_BYTES
from s3am_cloud.logins import HostLogin, bearer_header, cookie_lines, header_lines, user_and_password
from s3am_cloud.names import HOSTS_VARIABLE
from s3am_cloud.urls import NETWORK_SCHEMES, parse_source, place_of
from s3am_cloud_client.state_home import user_file

Kind = Literal["header", "bearer", "basic", "cookie"]
_KINDS: tuple[Kind, ...] = get_args(Kind)
_WEB = ("http://", "https://")
_PORT = re.compile(r":\d+/?$")
_EXAMPLE = 'write it as bearer = {file = "PATH"}; env, command and secret are the other ways'


class Kept(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a value is: on this machine in one of three ways, for jobs in the cloud in Secrets Manager."""

    file: str | None = None
    env: str | None = None
    command: str | None = None
    secret: str | None = None

    def read(self, base: Path) -> str | None:
        """The value as text; None where only the cloud has it. Raises Usage, without a word of the value."""
        if self.file is not None:
            return read_secret_file(base / Path(self.file).expanduser())
        if self.env is not None:
            value = os.environ.get(self.env)
            if not value:
                raise Usage(f"the environment variable {self.env} is not set", "hosts.toml names it for a login")
            return value
        return None if self.command is None else _output_of(self.command)


class HostEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One server of a hosts.toml."""

    # By which name its limits are found.
    name: str = ""
    header: Kept | None = None
    bearer: Kept | None = None
    basic: Kept | None = None
    cookie: Kept | None = None
    connections: int | None = None
    requests_per_second: float | None = None

    def kept(self) -> Mapping[Kind, Kept]:
        found = {kind: getattr(self, kind) for kind in _KINDS}
        return {kind: value for kind, value in found.items() if value is not None}


class HostsFile(msgspec.Struct, frozen=True):
    """The servers by their places, as `place_of` writes them. Relative names of files are below the file's folder."""

    path: Path
    entries: Mapping[str, HostEntry]

    def login(self, place: str) -> HostLogin | None:
        """What that server gets; None for nothing. Raises Usage."""
        entry = self.entries.get(place)
        if entry is None or not entry.kept():
            return None
        values = {kind: kept.read(self.path.parent) for kind, kept in entry.kept().items()}
        if None in values.values():
            raise Usage(
                f"{self.path} has a login for {place} in Secrets Manager only",
                "add file, env or command beside secret, or use s3am-cloud submit",
            )
        try:
            return _login_of(place, {kind: value or "" for kind, value in values.items()})
        except Usage as error:
            raise Usage(f"{self.path}, {place}: {error.message}", error.hint) from None

    def limits(self) -> HostLimits:
        """Of the servers that have any, by the names under which `limit_name` looks for them."""
        return {
            entry.name: HostLimit(connections=entry.connections, requests_per_second=entry.requests_per_second)
            for entry in self.entries.values()
            if entry.connections is not None or entry.requests_per_second is not None
        }

    def secret(self, place: str) -> str | None:
        """The name in Secrets Manager of what the server gets in the cloud. Raises Usage for several."""
        entry = self.entries.get(place)
        names = {kept.secret for kept in entry.kept().values() if kept.secret} if entry else set[str]()
        if len(names) > 1:
            raise Usage(f"{self.path} has several secrets for {place}", "one job has one secret: put all into that")
        return next(iter(names), None)


def read_hosts_file(path: Path | None = None) -> HostsFile | None:
    """The user's hosts.toml, or the one at `path`; None where there is none. Raises Usage."""
    chosen = path or _usual_path()
    if chosen is None:
        return None
    try:
        text = chosen.read_text(encoding="utf-8")
    except FileNotFoundError:
        if path is None and not os.environ.get(HOSTS_VARIABLE):
            return None
        raise Usage(f"{chosen} does not exist", "name the file of hosts with --hosts-file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise Usage(f"{chosen} can't be read: {type(error).__name__}", "check the file") from None
    import tomllib  # a command without such a file starts without it

    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise Usage(f"{chosen} is not TOML", 'each host has a table, as in ["data.example.org"]') from None
    return HostsFile(chosen.absolute(), dict(_entry(name, table, chosen) for name, table in tables.items()))


def place_of_host(text: str) -> str:
    """The place that HOST, HOST:PORT or SCHEME://HOST[:PORT] stands for. Raises Usage."""
    url = text if "://" in text else f"https://{text}"
    try:
        source = parse_source(f"{url.rstrip('/')}/x")
    except TransferError:
        raise Usage("a host can't be read", "write HOST, HOST:PORT or http://HOST:PORT") from None
    if source.scheme not in NETWORK_SCHEMES or source.display.count("/") != 3 or "@" in url or "?" in url:
        raise Usage("a host can't be read", "write HOST, HOST:PORT or http://HOST:PORT, without login and path")
    return place_of(source)


def name_of_limit(text: str) -> str:
    """Under which name a limit for HOST, HOST:PORT or SCHEME://HOST[:PORT] is found. Raises Usage."""
    place = place_of_host(text)
    if "://" in text:
        return place
    name = place.partition("://")[2]
    return name if _PORT.search(text) else name.rpartition(":")[0]


def host_limit(text: str) -> tuple[str, HostLimit]:
    """HOST=N connections. Raises Usage."""
    host, equals, number = text.rpartition("=")
    if not equals or not number.isascii() or not number.isdigit() or int(number) < 1:
        raise Usage("a limit is not HOST=N", "give the most connections to a host, as in data.example.org=4")
    return name_of_limit(host), HostLimit(connections=int(number))


def read_secret_file(path: Path) -> str:
    """The text of a file with a secret. Raises Usage, without a word of it."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_LOGIN_BYTES + 1)
        if len(data) > MAX_LOGIN_BYTES:
            raise Usage(f"{path} has more than {MAX_LOGIN_BYTES:,} bytes", "check the path")
        return data.decode("utf-8-sig")
    except OSError as error:
        raise Usage(f"{path} can't be read: {error.strerror}", "check the path") from None
    except UnicodeDecodeError:
        raise Usage(f"{path} is not UTF-8", "check the path") from None


def _usual_path() -> Path | None:
    named = os.environ.get(HOSTS_VARIABLE)
    if named:
        return Path(named)
    base = os.environ.get("XDG_CONFIG_HOME")
    folder = Path(base) if base else user_file(".config")
    return None if folder is None else folder / "s3am-cloud" / "hosts.toml"


def _entry(name: str, table: object, path: Path) -> tuple[str, HostEntry]:
    try:
        place = place_of_host(name)
    except Usage as error:
        raise Usage(f"{path}: {error.message}", error.hint) from None
    try:
        entry = msgspec.convert(table, HostEntry)
    except msgspec.ValidationError:
        # Its own words may repeat a value that somebody wrote into the file.
        raise Usage(f"{path}: the table of {place} can't be read", _EXAMPLE) from None
    if (entry.connections or 1) < 1 or (entry.requests_per_second or 1) <= 0 or entry.name:
        raise Usage(f"{path}: the limits of {place} can't be read", "connections = 4, requests_per_second = 0.5")
    entry = msgspec.structs.replace(entry, name=name_of_limit(name))
    if not all(_ways(kept) for kept in entry.kept().values()):
        raise Usage(f"{path}: a login of {place} is in no place, or in several", _EXAMPLE)
    if not place.startswith(_WEB) and set(entry.kept()) - {"basic"}:
        raise Usage(f"{path}: {place} has no headers and no cookies", "use basic for FTP and SFTP")
    if entry.bearer is not None and entry.basic is not None:
        raise Usage(f"{path}: {place} has both bearer and basic", "a server gets one Authorization")
    return place, entry


def _ways(kept: Kept) -> bool:
    """Whether it is in one place on this machine at most, and somewhere."""
    here = [one for one in (kept.file, kept.env, kept.command) if one]
    return len(here) == 1 or (not here and bool(kept.secret))


def _login_of(place: str, values: Mapping[Kind, str]) -> HostLogin:
    user, password = user_and_password(values["basic"]) if "basic" in values else (None, None)
    bearer = (bearer_header(values["bearer"]),) if "bearer" in values else ()
    return HostLogin(
        place=place,
        headers=(*header_lines(values.get("header", "")), *bearer),
        user=user,
        password=password,
        cookies=cookie_lines(values["cookie"]) if "cookie" in values else (),
    )


def _output_of(command: str) -> str:
    """What a command prints. Neither it nor the command's words are repeated."""
    try:
        done = subprocess.run(shlex.split(command), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False)
    except (OSError, ValueError):
        raise Usage("the command of a login can't be run", "check the command in hosts.toml") from None
    if done.returncode:
        raise Usage(f"the command of a login ended with exit code {done.returncode}", "run it by itself to see why")
    try:
        return done.stdout.decode()
    except UnicodeDecodeError:
        raise Usage("the command of a login printed no UTF-8", "run it by itself to see what it prints") from None
