"""Requests from a file, as `submit --request` takes them."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import msgspec
from click.core import ParameterSource

from s3am_cloud.decoders import decode_any
from s3am_cloud.errors import BadRequest
from s3am_cloud.model import TransferRequest
from s3am_cloud_client import read_request

# What says how to submit, or what no request may hold.
_BESIDE = (
    "request",
    "wait",
    "stack",
    "profile",
    "region",
    "endpoint_url",
    "local",
    "json",
    "verbose",
    "debug",
    "netrc",
    "headers",
    "header_file",
    "bearer_file",
    "cookie_file",
    "hosts_file",
    "host_limits",
    "progress",
    "quiet",
    "log_file",
)


def request_of(name: str) -> TransferRequest:
    """The request in the file `name`, - for standard input. Raises BadRequest."""
    try:
        text = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        return read_request(decode_any(text))
    except OSError as error:
        raise BadRequest(f"{name} can't be read: {error.strerror}") from None
    except msgspec.DecodeError as error:
        raise BadRequest(f"{name} is not JSON: {error}") from None


def check_alone(context: click.Context) -> None:
    """Raises UsageError where arguments or options say what the request's file has to."""
    for parameter in context.command.params:
        name = parameter.name or ""
        given = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if given and name not in _BESIDE and "sse_key" not in name:
            what = parameter.opts[0] if isinstance(parameter, click.Option) else parameter.make_metavar(context)
            raise click.UsageError(f"--request has the whole request: {what} can't be used with it")
