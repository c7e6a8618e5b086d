"""Which S3, with whose credentials, where each bucket answers."""

from __future__ import annotations

import functools
import re
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
from botocore.exceptions import ClientError

from s3am_cloud.adapters.s3.answers import code_of, naming, status_of
from s3am_cloud.adapters.s3.bucket_owners import SOURCE_HEADER, BucketOwners
from s3am_cloud.adapters.s3.configuration import finding_credentials
from s3am_cloud.adapters.s3.endpoints import own_base
from s3am_cloud.adapters.s3.features import Features
from s3am_cloud.adapters.s3.session import new_session
from s3am_cloud.adapters.s3.signer import Endpoint, Signer
from s3am_cloud.errors import BadDestination, NoCredentials
from s3am_cloud.limits import CONNECT_SECONDS, COPY_ANSWER_SECONDS
from s3am_cloud.sse import KeyRing, SseKey
from s3am_cloud.urls import S3Url

if TYPE_CHECKING:
    import boto3
    from botocore.session import Session
    from mypy_boto3_s3 import S3Client

_REGION = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_AWS_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu")


class S3Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The AWS settings that a command line may give; None leaves each to the environment and the profile.

    Without `sign` requests are anonymous; with `requester_pays` the user agrees to pay for them. Signed requests expect
    buckets of the accounts `owners`, where there are any.
    """

    profile: str | None = None
    region: str | None = None
    endpoint_url: str | None = None
    sign: bool = True
    requester_pays: bool = False
    owners: tuple[str, ...] = ()


class S3Access:
    """One side of a transfer's way to S3: clients for control calls, a signer and endpoints for the mover, the keys."""

    def __init__(self, settings: S3Settings, keys: KeyRing | None = None) -> None:
        self.settings = settings
        self._keys = keys or KeyRing()
        self._clients: dict[str, S3Client] = {}
        self._endpoints: dict[str, Endpoint] = {}
        self._features: dict[str, Features] = {}
        self._owners = BucketOwners(settings.owners if settings.sign else (), self._is_of)
        # Threads that copy several items share one way to S3; each of these is looked up once.
        self._finding = threading.RLock()

    @functools.cached_property
    def session(self) -> Session:
        """Raises NoCredentials for an unknown profile, Usage for settings that can't be used."""
        return new_session(self.settings.profile, self.settings.region)

    @property
    def ca_file(self) -> str:
        """The authorities whose certificates are trusted, in control calls and in the mover's requests alike."""
        return str(self.session.get_config_variable("ca_bundle"))

    @property
    def at_aws(self) -> bool:
        """Whether S3 is Amazon's own: with another, these credentials are for nothing else at AWS."""
        return is_aws(self.client(self.region))

    def apart(self) -> S3Access:
        """The same for a forked process, which has the credentials but must not renew them over shared connections.

        Raises NoCredentials.
        """
        forked = S3Access(self.settings, self._keys)
        forked.signer = self.signer.apart(lambda: S3Access(self.settings).signer)
        return forked

    def with_settings(self, settings: S3Settings, keys: KeyRing) -> S3Access:
        """Another way to the same S3, with clients and keys of its own and this one's session."""
        other = S3Access(settings, keys)
        other.session = self.session
        return other

    @functools.cached_property
    def boto(self) -> boto3.Session:
        import boto3

        self.require_credentials()
        return boto3.Session(botocore_session=self.session)

    @functools.cached_property
    def signer(self) -> Signer:
        """Raises NoCredentials."""
        if not self.settings.sign:
            return Signer(None)
        with finding_credentials():
            credentials = self.session.get_credentials()
            if credentials is not None:
                credentials.get_frozen_credentials()  # only now does botocore ask for those of a role
        if credentials is None:
            raise NoCredentials("no AWS credentials were found")
        return Signer(credentials)

    def require_credentials(self) -> None:
        """Raises NoCredentials, before botocore asks for them in the midst of a request."""
        _ = self.signer

    def client_for(self, bucket: str) -> S3Client:
        """A client in the bucket's own region. Raises BadDestination where there is no such bucket."""
        return self.client(self.endpoint(bucket).region)

    def endpoint(self, bucket: str) -> Endpoint:
        """Where the bucket answers. Raises BadDestination where there is no such bucket."""
        with self._finding:
            if bucket not in self._endpoints:
                self._endpoints[bucket] = self._find(bucket)
        return self._endpoints[bucket]

    def features(self, bucket: str) -> Features:
        """What the bucket's store supports, shared by all that talk to it. Raises BadDestination."""
        with self._finding:
            if bucket not in self._features:
                self._features[bucket] = Features(is_aws(self.client_for(bucket)))
        return self._features[bucket]

    def key_of(self, target: S3Url) -> SseKey | None:
        """The SSE-C key of the object, None where it needs none."""
        return self._keys.key_of(target, self.endpoint(target.bucket).region) if self._keys else None

    def headers(self, target: S3Url) -> dict[str, str]:
        """What every request of the mover's on the object carries besides its own headers."""
        key = self.key_of(target)
        return {**(key.headers() if key else {}), **self._payer, **self._owners.headers(target.bucket)}

    def copy_headers(self, target: S3Url) -> dict[str, str]:
        """What a request that copies from the object carries."""
        key = self.key_of(target)
        return {
            **(key.headers(of_copy_source=True) if key else {}),
            **self._owners.headers(target.bucket, SOURCE_HEADER),
        }

    @property
    def _payer(self) -> dict[str, str]:
        return {"x-amz-request-payer": "requester"} if self.settings.requester_pays else {}

    def client(self, region: str) -> S3Client:
        with self._finding:
            if region not in self._clients:
                with naming("S3"):
                    self._clients[region] = self._new_client(region)
        return self._clients[region]

    @functools.cached_property
    def region(self) -> str:
        """The region to begin with: the user's own, or the one that knows of all others."""
        return str(self.session.get_config_variable("region"))

    def _new_client(self, region: str) -> S3Client:
        from botocore import UNSIGNED
        from botocore.config import Config

        self.require_credentials()
        config = Config(
            signature_version="s3v4" if self.settings.sign else UNSIGNED,
            retries={"mode": "standard", "total_max_attempts": 5},
            connect_timeout=CONNECT_SECONDS,
            # Of single reads. Whole answers have stricter bounds, which depend on what is asked for.
            read_timeout=COPY_ANSWER_SECONDS,
            # Every part carries a checksum of ours; control calls need none.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            # By path where an endpoint is given: names of buckets are seldom host names elsewhere than at AWS.
            s3={"addressing_style": "auto"},
        )
        # Not boto3's way to the same client, which imports its transfer manager.
        create_client: Any = self.session.create_client
        client: S3Client = create_client(
            "s3", region_name=region, endpoint_url=self.settings.endpoint_url, config=config
        )
        client.meta.events.register("before-call.s3", _without_redirector)
        client.meta.events.register("before-parameter-build.s3", self._owners.expect)
        payer = self._payer
        if payer:
            client.meta.events.register("before-call.s3", lambda params, **_: params["headers"].update(payer))
        return client

    def _find(self, bucket: str) -> Endpoint:
        client = self.client(self.region)
        region = self._region_of(bucket, client)
        return Endpoint(own_base(self.client(region), bucket), region)

    def _is_of(self, bucket: str, account: str) -> bool:
        """Whether S3 lets that account pass as the bucket's owner."""
        try:
            self.client_for(bucket).head_bucket(Bucket=bucket, ExpectedBucketOwner=account)
        except ClientError as error:
            return status_of(error) != 403
        return True

    def _region_of(self, bucket: str, client: S3Client) -> str:
        """S3 says a bucket's region even to those who may not list it; other stores may know no such question."""
        with naming(f"s3://{bucket}", BadDestination):
            try:
                answer: Any = client.head_bucket(Bucket=bucket)["ResponseMetadata"]
            except ClientError as error:
                if code_of(error) in {"404", "NoSuchBucket"}:
                    raise BadDestination(f"there is no bucket {bucket}", "check the bucket's name") from error
                answer = error.response["ResponseMetadata"]
                # S3 redirects with the region where it has it, a new bucket's by 307.
                if not _named_region(answer) and answer.get("HTTPStatusCode") not in {301, 400, 401, 403, 405, 501}:
                    raise
        return _named_region(answer) or self.region


def _named_region(answer: Any) -> str | None:
    region = str(answer.get("HTTPHeaders", {}).get("x-amz-bucket-region"))
    return region if _REGION.fullmatch(region) else None


def _without_redirector(params: dict[str, Any], **_: Any) -> None:
    """Marks a request as redirected already. botocore would look for the bucket's region, as we have done, and never
    end where a redirect names none."""
    params["context"].setdefault("s3_redirect", {})["redirected"] = True


def is_aws(client: Any) -> bool:
    """Whether a client's requests go to Amazon."""
    host = urlsplit(client.meta.endpoint_url).hostname or ""
    return host.endswith(_AWS_DOMAINS)
