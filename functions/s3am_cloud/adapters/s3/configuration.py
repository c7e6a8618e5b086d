"""What is wrong with the user's AWS configuration or credentials, under our names: the one place that knows botocore's
many errors for that."""

from __future__ import annotations

import configparser
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigNotFound,
    ConfigParseError,
    ConnectionError,  # noqa: A004 - botocore's own name
    CredentialRetrievalError,
    HTTPClientError,
    InvalidConfigError,
    LoginError,
    MetadataRetrievalError,
    NoAuthTokenError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
    UnknownCredentialError,
)

from s3am_cloud.errors import NoCredentials, TransferError, Usage

# Of what others' programs say, as much as fits into a line.
_MOST_WORDS = 200
_NONE = "no AWS credentials were found"
_CONFIG_HINT = "correct ~/.aws/config, ~/.aws/credentials or the AWS_ variables"
_PROXY_HINT = "correct HTTPS_PROXY, HTTP_PROXY or ALL_PROXY"
_ENDPOINT_HINT = "an endpoint is a URL: https://HOST, or http://HOST:PORT"
# By a word of what botocore or we say of a value.
_HINTS = {"proxy": _PROXY_HINT, "endpoint": _ENDPOINT_HINT, "port": _ENDPOINT_HINT}
_LOGIN_HINT = "log in again: aws sso login, or aws login, with the same profile"
_PROFILES_HINT = "aws configure list-profiles shows the profiles there are"
_ROLE_HINT = "check the role, its source_profile or token file, and what its trust policy allows"


def credentials_error(error: BotoCoreError) -> NoCredentials | None:
    """The named error where that is one of the credentials, which may show at any request that is signed."""
    if isinstance(error, NoCredentialsError | NoAuthTokenError):
        return NoCredentials(_NONE)
    if isinstance(error, ProfileNotFound):
        return NoCredentials(str(error), _PROFILES_HINT)
    if isinstance(error, SSOError | LoginError | TokenRetrievalError):
        return NoCredentials(_said(error), _LOGIN_HINT)
    if isinstance(error, PartialCredentialsError | ConfigParseError | ConfigNotFound | InvalidConfigError):
        return NoCredentials(_said(error), _CONFIG_HINT)
    if isinstance(error, CredentialRetrievalError | MetadataRetrievalError | UnknownCredentialError):
        return NoCredentials(_said(error), "fix where the credentials come from, or choose another --profile")
    return None


@contextmanager
def finding_credentials() -> Iterator[None]:
    """Names whatever goes wrong while credentials are looked for, as NoCredentials.

    They come from programs, files and servers of others, whose answers botocore trusts to be as they should.
    """
    try:
        yield
    except BotoCoreError as error:
        raise credentials_error(error) or _not_got(error) from error
    except ClientError as error:
        said = error.response.get("Error", {})
        what = f"{error.operation_name} was refused: {said.get('Code', '')} {said.get('Message', '')}"
        raise NoCredentials(f"no AWS credentials: {_line(what)}", _ROLE_HINT) from error
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        raise NoCredentials(f"no AWS credentials: {where}{error.strerror or type(error).__name__}") from error
    except (ValueError, LookupError, TypeError, AttributeError, configparser.Error) as error:
        # Its words may repeat what was answered, a key in it.
        what = f"what a credential process, file or server answered can't be read ({type(error).__name__})"
        raise NoCredentials(f"no AWS credentials: {what}", _CONFIG_HINT) from error


@contextmanager
def configuring(what: str) -> Iterator[None]:
    """Names what a client of botocore's can't be made of: a setting that is out of place, by option or variable."""
    try:
        yield
    except BotoCoreError as error:
        raise credentials_error(error) or Usage(f"{what}: {_said(error)}", _CONFIG_HINT) from error
    except ValueError as error:
        # A value that is no number, or no URL: "Invalid endpoint: ...".
        hint = next((hint for word, hint in _HINTS.items() if word in str(error).lower()), _CONFIG_HINT)
        raise Usage(f"{what}: {_without_values(_line(str(error)))}", hint) from error


def check_endpoint(url: str) -> None:
    """Raises ValueError for what botocore notices only when it connects."""
    parts = urlsplit(url)
    # A port that is no number raises by itself.
    if parts.scheme not in {"http", "https"} or parts.port == 0 or parts.query or parts.fragment:
        raise ValueError(f"Invalid endpoint: {url}")


def _without_values(said: str) -> str:
    """The words about an endpoint without a URL that may have a password or a signature in it, and without a port,
    which may be a piece of one."""
    said = said.partition(" as '")[0]
    return said.partition(":")[0] if set("@?#") & set(said) else said


def _not_got(error: BotoCoreError) -> TransferError:
    if isinstance(error, ParamValidationError):
        return NoCredentials("no AWS credentials: the role's name or its token is empty or malformed", _ROLE_HINT)
    if isinstance(error, ConnectionError | HTTPClientError):
        return NoCredentials(
            f"no AWS credentials: no connection to where they are given out ({type(error).__name__})",
            "check the network and the proxy, or choose another --profile",
        )
    return NoCredentials(f"no AWS credentials: {_said(error)}", _CONFIG_HINT)


def _said(error: BotoCoreError) -> str:
    return _line(str(error)) or type(error).__name__


def _line(text: str) -> str:
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= _MOST_WORDS else f"{line[:_MOST_WORDS]}..."
