"""The contract of Vault, in memory and over KMS and Secrets Manager as moto has them: the context is enforced there."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws

from s3am_cloud.adapters.memory.vault import MemoryVault
from s3am_cloud.adapters.records.vault import AwsVault
from s3am_cloud.errors import NoSuchSecret, SealedForAnother, StoreUnavailable
from s3am_cloud.limits import KMS_PLAINTEXT
from s3am_cloud.ports.vault import Vault

NAME, VALUE = "s3am-cloud/partner", '{"password":"hunter2"}'
PLAIN = b'{"sse_key":"hunter2"}'
BINDING = {"job": "job-1", "destination": "0a1b", "source": "https://host:443"}


@pytest.fixture(params=["memory", "aws"])
def vault(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vault]:
    """Every vault in turn; each has one secret with a name."""
    if request.param == "memory":
        yield MemoryVault({NAME: VALUE})
        return
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(variable, "test")
    with mock_aws():
        session = boto3.Session(region_name="us-east-1")
        session.client("secretsmanager").create_secret(Name=NAME, SecretString=VALUE)
        key = session.client("kms").create_key()["KeyMetadata"]["Arn"]
        yield AwsVault(lambda: session.client("kms"), lambda: session.client("secretsmanager"), key)


def test_what_is_sealed_for_a_job_is_opened_for_it(vault: Vault) -> None:
    assert vault.open(vault.seal(PLAIN, BINDING), BINDING) == PLAIN


def test_as_much_is_sealed_as_is_promised(vault: Vault) -> None:
    plain = bytes(range(256)) * (KMS_PLAINTEXT // 256)
    assert vault.open(vault.seal(plain, BINDING), BINDING) == plain


def test_what_is_sealed_is_ascii_and_shows_nothing(vault: Vault) -> None:
    sealed = vault.seal(PLAIN, BINDING)
    assert sealed.isascii()
    assert b"hunter2" not in base64.b64decode(sealed)


@pytest.mark.parametrize(
    "other",
    [{**BINDING, "job": "job-2"}, {**BINDING, "destination": "0a1c"}, {**BINDING, "source": "https://evil:443"}],
)
def test_what_was_sealed_for_one_thing_is_not_opened_for_another(vault: Vault, other: dict[str, str]) -> None:
    sealed = vault.seal(PLAIN, BINDING)
    with pytest.raises(SealedForAnother, match=other["job"]):
        vault.open(sealed, other)


@pytest.mark.parametrize("fewer", [{}, {"job": "job-1"}])
def test_what_was_sealed_is_not_opened_without_naming_all_that_it_is_for(vault: Vault, fewer: dict[str, str]) -> None:
    sealed = vault.seal(PLAIN, BINDING)
    with pytest.raises(SealedForAnother):
        vault.open(sealed, fewer)


def test_what_was_altered_is_not_opened(vault: Vault) -> None:
    sealed = base64.b64decode(vault.seal(PLAIN, BINDING))
    altered = base64.b64encode(sealed[:-3] + bytes(byte ^ 128 for byte in sealed[-3:])).decode()
    with pytest.raises(SealedForAnother):
        vault.open(altered, BINDING)


@pytest.mark.parametrize("sealed", ["", "no base64!", "é"])
def test_what_was_never_sealed_is_not_opened(vault: Vault, sealed: str) -> None:
    with pytest.raises(SealedForAnother):
        vault.open(sealed, BINDING)


def test_a_named_secret_has_its_value(vault: Vault) -> None:
    assert vault.named(NAME) == VALUE


def test_a_name_without_a_secret_is_told(vault: Vault) -> None:
    with pytest.raises(NoSuchSecret, match="s3am-cloud/other"):
        vault.named("s3am-cloud/other")


def test_a_key_service_that_cannot_be_reached_may_be_asked_again() -> None:
    settings = Config(connect_timeout=1, retries={"total_max_attempts": 1})
    session = boto3.Session("test", "test", region_name="us-east-1")
    vault = AwsVault(
        lambda: session.client("kms", endpoint_url="http://127.0.0.1:9", config=settings),
        lambda: session.client("secretsmanager"),
        "key",
    )
    with pytest.raises(StoreUnavailable):
        vault.seal(PLAIN, BINDING)
