"""The options by which an SSE-C key is given. S3AM's names; a key in a file or from a command stays out of sight."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from s3am_cloud_cli.options.transfer import as_value, exclusive

if TYPE_CHECKING:
    from s3am_cloud.sse import KeyRing, SseKey

KEY_VARIABLE = "S3AM_CLOUD_SSE_KEY"
SOURCE_KEY_VARIABLE = "S3AM_CLOUD_SRC_SSE_KEY"


class _Given(NamedTuple):
    """How one key was given."""

    key: str | None
    file: Path | None
    base64: str | None
    command: str | None
    is_master: bool


class KeyOptions(NamedTuple):
    """How the key of the destination, or of the only object there is, was given."""

    sse_key: str | None
    sse_key_file: Path | None
    sse_key_base64: str | None
    sse_key_command: str | None
    sse_key_is_master: bool

    def ring(self) -> KeyRing:
        """Raises UsageError, BadEncryptionKey."""
        return _ring(_Given(*self), "sse", KEY_VARIABLE)


class SourceKeyOptions(NamedTuple):
    """How the key of the source object was given."""

    src_sse_key: str | None
    src_sse_key_file: Path | None
    src_sse_key_base64: str | None
    src_sse_key_command: str | None
    src_sse_key_is_master: bool

    def ring(self) -> KeyRing:
        """Raises UsageError, BadEncryptionKey."""
        return _ring(_Given(*self), "src_sse", SOURCE_KEY_VARIABLE)


def _ring(given: _Given, prefix: str, variable: str) -> KeyRing:
    from s3am_cloud.sse import KeyRing

    key, file, base64, command, is_master = given
    exclusive(
        **{
            f"{prefix}_key": key,
            f"{prefix}_key_file": file,
            f"{prefix}_key_base64": base64,
            f"{prefix}_key_command": command,
        }
    )
    found = _key(key, file, base64 or (None if key or file or command else os.environ.get(variable)), command)
    if is_master and found is None:
        raise click.UsageError(f"--{prefix.replace('_', '-')}-key-is-master needs a key")
    return KeyRing(found, is_master)


def _key(key: str | None, file: Path | None, base64: str | None, command: str | None) -> SseKey | None:
    from s3am_cloud.errors import BadEncryptionKey
    from s3am_cloud.sse import SseKey, from_base64

    if key is not None:
        return SseKey(os.fsencode(key))
    if file is not None:
        try:
            return SseKey(file.read_bytes())
        except OSError as error:
            raise BadEncryptionKey(f"the key file {file} can't be read: {error.strerror}", "check the path") from error
    if base64 is not None:
        return from_base64(base64)
    return None if command is None else SseKey(_output(command))


def _output(command: str) -> bytes:
    """What the command prints: the 32 bytes themselves. Its words are not repeated in errors."""
    from s3am_cloud.errors import BadEncryptionKey

    try:
        done = subprocess.run(shlex.split(command), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False)
    except (OSError, ValueError) as error:
        raise BadEncryptionKey("the key command can't be run", "check the command") from error
    if done.returncode:
        raise BadEncryptionKey(f"the key command ended with exit code {done.returncode}", "check the command")
    return done.stdout


def _options(prefix: str, whose: str, variable: str) -> list[Callable[[Any], Any]]:
    return [
        click.option(
            f"--{prefix}-key",
            metavar="KEY",
            help=f"SSE-C key of {whose}, 32 bytes. Others may see it in the process list.",
        ),
        click.option(
            f"--{prefix}-key-file", metavar="FILE", type=click.Path(path_type=Path), help="A file with that key."
        ),
        click.option(
            f"--{prefix}-key-base64", metavar="KEY", help=f"That key in base64; otherwise the variable {variable}."
        ),
        click.option(f"--{prefix}-key-command", metavar="COMMAND", help="A command that prints that key's 32 bytes."),
        click.option(
            f"--{prefix}-key-is-master", is_flag=True, help="Derive the object's own key from that key and its URL."
        ),
    ]


keys = as_value("keys", KeyOptions, *_options("sse", "the object", KEY_VARIABLE))
source_keys = as_value("source_keys", SourceKeyOptions, *_options("src-sse", "the source object", SOURCE_KEY_VARIABLE))
