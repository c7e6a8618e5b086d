"""What the checks ask of the world. Doubles of these deny what IAM would deny."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

from s3am_cloud.ports.transfer import Clock, Source

Answer = Mapping[str, Any]

# Codes by which the services say that the user may not, each in its own way.
DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "AllAccessDisabled", "403"}
)


class Refused(Exception):
    """A call that AWS answered with an error. Without a body, S3's code is the HTTP status."""

    def __init__(self, code: str, message: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(code, message)
        self.code, self.message, self.headers = code, message, dict(headers or {})

    @property
    def denied(self) -> bool:
        return self.code in DENIED

    def __str__(self) -> str:
        return f"{self.code} ({self.message})" if self.message else self.code


class AwsCalls(Protocol):
    """Calls to AWS as the user's own credentials make them."""

    @property
    def region(self) -> str:
        """The region that is used where nothing else is asked for."""

    @property
    def at_aws(self) -> bool:
        """Whether the endpoint is Amazon's own."""

    @property
    def has_services(self) -> bool:
        """Whether these credentials are for AWS's other services as well, and not for another store's S3 alone."""

    def require_credentials(self) -> None:
        """Raises NoCredentials."""

    def ask(self, service: str, operation: str, region: str | None = None, **parameters: Any) -> Answer:
        """The answer, by boto3's names. Raises Refused for an error that AWS answers, and a TransferError where no
        answer comes."""


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the checks look at.

    `profile` and `region_option` are the options as given; `is_public` says whether a host's addresses are all public,
    None where its name does not resolve.
    """

    aws: AwsCalls
    source: Source
    clock: Clock
    environment: Mapping[str, str]
    stack: str
    stack_named: bool = False
    profile: str | None = None
    region_option: str | None = None
    profile_region: str | None = None
    known_regions: tuple[str, ...] = ()
    is_public: Callable[[str], bool | None] = lambda host: True
    proxy_of: Callable[[str], str | None] = lambda url: None
