"""Single calls to AWS over botocore, with the user's own credentials and settings."""

from __future__ import annotations

from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from s3am_cloud.adapters.s3.access import S3Access, is_aws
from s3am_cloud.adapters.s3.answers import code_of, message_of, naming
from s3am_cloud.adapters.s3.codes import legible
from s3am_cloud.errors import TransferError
from s3am_cloud.limits import STACK_ANSWER_SECONDS, STACK_CONNECT_SECONDS
from s3am_cloud_client.doctor.ports import Answer, Refused

_PATIENT = Config(
    connect_timeout=STACK_CONNECT_SECONDS,
    read_timeout=STACK_ANSWER_SECONDS,
    retries={"mode": "standard", "total_max_attempts": 2},
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)


class NoCalls:
    """`AwsCalls` where botocore makes no session: the profile, or the file that it is in, can't be used."""

    def __init__(self, error: TransferError, region: str) -> None:
        self._error, self.region = error, region
        self.at_aws, self.has_services = True, False

    def require_credentials(self) -> None:
        raise self._error

    def ask(self, service: str, operation: str, region: str | None = None, **parameters: Any) -> Answer:
        raise self._error


class BotoCalls:
    """`AwsCalls` over botocore."""

    def __init__(self, access: S3Access) -> None:
        self._access = access
        self._clients: dict[tuple[str, str], Any] = {}

    @property
    def region(self) -> str:
        return self._access.region

    @property
    def at_aws(self) -> bool:
        return self._access.at_aws

    @property
    def has_services(self) -> bool:
        return self.at_aws or not is_aws(self._client("sts", self.region))

    def require_credentials(self) -> None:
        self._access.require_credentials()

    def ask(self, service: str, operation: str, region: str | None = None, **parameters: Any) -> Answer:
        with naming(service.upper()):
            client = self._client(service, region or self.region)
            try:
                answer: Answer = getattr(client, operation)(**parameters)
            except ClientError as error:
                headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
                raise Refused(code_of(error), legible(message_of(error)), headers) from error
            return answer

    def _client(self, service: str, region: str) -> Any:
        made = self._clients.get((service, region))
        if made is None:
            create: Any = self._access.session.create_client
            endpoint = self._access.settings.endpoint_url
            made = create(service, region_name=region, endpoint_url=endpoint, config=_PATIENT)
            self._clients[service, region] = made
        return made
