"""What comes in: a request is read, refused by name where it says what it must not, and recorded as a job once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

import msgspec

from s3am_cloud.errors import BadRequest, BadSource
from s3am_cloud.expect import by_parts
from s3am_cloud.model import TransferRequest
from s3am_cloud.pipeline import new_job
from s3am_cloud.ports import Ports
from s3am_cloud.urls import NETWORK_SCHEMES, parse_source

_QUOTED = re.compile("'.*'", re.DOTALL)
# Query parameters by which AWS, Google, Azure and CloudFront sign URLs.
_SIGNATURES = {"x-amz-signature", "x-amz-security-token", "x-goog-signature", "signature", "sig"}


def decode_request(data: Mapping[str, object]) -> TransferRequest:
    """Raises BadRequest, which names the field and never its value."""
    try:
        request = msgspec.convert(data, TransferRequest)
    except msgspec.ValidationError as error:
        # msgspec quotes a value that is none of a field's choices.
        raise BadRequest(f"the request can't be read: {_QUOTED.sub('...', str(error))}") from None
    refuse_secrets(request)
    refuse_expectation(request)
    return request


def refuse_expectation(request: TransferRequest) -> None:
    """Raises BadRequest for a checksum that no task of the machine computes, UnknownChecksum for an unknown one."""
    if request.expect and not by_parts(request):
        raise BadRequest(
            "in the cloud a transfer is held to crc64nvme alone", "use s3am-cloud upload for other checksums"
        )


def refuse_secrets(request: TransferRequest) -> None:
    """Raises BadRequest for a URL that carries a password or a signature, and BadSource for a local path.

    What reaches an execution's history can be read there for 90 days.
    """
    source = parse_source(request.source)
    if source.scheme == "file":
        raise BadSource(f"{source.url} is a local path, which the cloud can't read", "use s3am-cloud upload")
    if source.scheme in NETWORK_SCHEMES:
        parts = urlsplit(request.source)
        names = {name.lower() for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
        if parts.password is not None or names & _SIGNATURES:
            raise BadRequest(
                "the source URL carries a password or a signature, which a job's record must not hold in clear",
                "transfer it with s3am-cloud upload",
            )


def accept(data: Mapping[str, object], execution: str, ports: Ports) -> tuple[str, bool]:
    """Records a request as the job that has the execution's name; True with it where another execution has that job."""
    job = msgspec.structs.replace(new_job(decode_request(data), execution, ports.clock), execution=execution)
    if ports.jobs.add(job):
        return job.id, False
    # A repeated task finds its own record; only another execution's makes this one a duplicate.
    return job.id, ports.jobs.load(job.id).execution != execution
