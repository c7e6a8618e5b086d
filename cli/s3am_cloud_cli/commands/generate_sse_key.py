"""`s3am-cloud generate-sse-key`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.options import transfer


@click.command("generate-sse-key", short_help="Make a key for encryption with SSE-C.")
@click.argument("key_file", metavar="KEY_FILE", type=click.Path(path_type=Path))
@transfer.output
@click.pass_obj
def generate_sse_key(console: Console, key_file: Path) -> None:
    """Write a new random SSE-C key, 32 bytes, to KEY_FILE, which only its owner may read.

    Keep it well: without it nobody, S3 included, can read what was encrypted with it.
    """
    from s3am_cloud.errors import AccessDenied, LocalFileExists
    from s3am_cloud.sse import generate

    try:
        descriptor = os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        # Replacing a key would lose what was encrypted with it.
        raise LocalFileExists(f"{key_file} exists", "choose another name, or remove it first") from error
    except OSError as error:
        raise AccessDenied(f"{key_file} can't be written: {error.strerror}", "check the folder") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(generate().raw)
    console.result({"key_file": str(key_file)}, str(key_file))
