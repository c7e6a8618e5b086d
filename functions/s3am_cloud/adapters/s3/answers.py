"""boto3's errors under our names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own name
    EndpointProviderError,
    HTTPClientError,
    NoRegionError,
    ParamValidationError,
    ProxyConnectionError,
    SSLError,
)
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from s3am_cloud.adapters.proxies import proxy_error
from s3am_cloud.adapters.s3.codes import error_for
from s3am_cloud.adapters.s3.configuration import credentials_error
from s3am_cloud.errors import BadDestination, StoreUnavailable, TransferError, Unexpected, Usage

_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})")


def code_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def status_of(error: ClientError) -> int:
    """The HTTP status; 0 where there is none."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def message_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Message", ""))


def named_client(
    error: ClientError | BotoCoreError, what: str = "S3", other: type[TransferError] = Unexpected
) -> TransferError:
    """The named error for what boto3 raised; `what` says what was addressed, `other` is for unknown refusals."""
    return _from_answer(error, what, other) if isinstance(error, ClientError) else _from_botocore(error, what)


def _from_answer(error: ClientError, what: str, other: type[TransferError]) -> TransferError:
    code = code_of(error)
    # An answer without a body has the status for its code.
    status = status_of(error) or (int(code) if code.isdecimal() else 0)
    # botocore's own name for a status is no message of the store's.
    message = "" if code == str(status) else message_of(error)
    return error_for(code, status or 400, f"{what}: the answer was {code}", message, other)


def _from_botocore(error: BotoCoreError, what: str) -> TransferError:
    unusable = credentials_error(error)
    if unusable is not None:
        return unusable
    if isinstance(error, NoRegionError):
        return Usage("no AWS region is set", "use --region or set AWS_REGION")
    if isinstance(error, EndpointProviderError):
        said = str(error).rstrip(".")
        return Usage(f"{what}: {said}", "check the region, AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT")
    if isinstance(error, ParamValidationError) and what.startswith("s3://"):
        return BadDestination(f"{what}: that is not a valid bucket name", "check the bucket's name")
    if isinstance(error, ProxyConnectionError):
        status = _TUNNEL.search(str(error.kwargs.get("error", "")))
        proxy = str(error.kwargs["proxy_url"])
        return proxy_error(what, proxy, int(status[1]) if status else None, StoreUnavailable)
    if isinstance(error, SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
        hint = "name the file of its authority's certificate in AWS_CA_BUNDLE, or in ca_bundle of the profile"
        return StoreUnavailable(f"{what}: the TLS certificate of the endpoint can't be verified", hint)
    if type(error) is HTTPClientError and isinstance(error.kwargs.get("error"), TypeError):
        # urllib3 makes a GET of what is answered by 303, and fails at botocore's headers. Nothing else is known to.
        return error_for("303", 303, f"{what}: the answer was 303")
    if isinstance(error, ConnectionError | HTTPClientError):
        return StoreUnavailable(f"{what}: no connection to AWS ({type(error).__name__})")
    # botocore's own words may repeat parameters, keys among them.
    return Unexpected(f"{what}: {type(error).__name__}")


@contextmanager
def naming(what: str, other: type[TransferError] = Unexpected) -> Iterator[None]:
    """Raises boto3's errors under our names; `other` is for refusals that no rule knows.

    Answers are to be read in here, as one that can't be is an error of the store's.
    """
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise named_client(error, what, other) from error
    except HTTPError as error:
        # botocore has no name of its own for an error's answer that breaks off.
        raise StoreUnavailable(f"{what}: the answer broke off ({type(error).__name__})") from error
    except (ResponseParserError, ValueError, KeyError) as error:
        # botocore leaves numbers and dates that are none to Python, and we read fields that every answer of S3 has.
        raise StoreUnavailable(f"{what}: the answer is not one of AWS's", "check the endpoint") from error
