"""Secrets at AWS: sealed by KMS, kept by Secrets Manager."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from s3am_cloud.adapters.s3.answers import code_of, naming
from s3am_cloud.errors import NoSuchSecret, SealedForAnother

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_secretsmanager import SecretsManagerClient

_NOT_OPENED = {"InvalidCiphertextException", "IncorrectKeyException"}


class AwsVault:
    """The `Vault` of a stack. Its clients are made when they are needed: few tasks need them, and it takes a while."""

    def __init__(self, kms: Callable[[], KMSClient], secrets: Callable[[], SecretsManagerClient], key_arn: str) -> None:
        self._kms, self._secrets, self._key_arn = kms, secrets, key_arn

    def seal(self, plain: bytes, binding: Mapping[str, str]) -> str:
        with naming("the stack's key"):
            answer = self._kms().encrypt(KeyId=self._key_arn, Plaintext=plain, EncryptionContext=binding)
        return base64.b64encode(answer["CiphertextBlob"]).decode()

    def open(self, sealed: str, binding: Mapping[str, str]) -> bytes:
        with naming("the stack's key"), _opening(binding):
            return self._kms().decrypt(
                KeyId=self._key_arn,
                CiphertextBlob=base64.b64decode(sealed, validate=True),
                EncryptionContext=binding,
            )["Plaintext"]

    def named(self, name: str) -> str:
        with naming(f"the secret {name}"):
            try:
                answer = self._secrets().get_secret_value(SecretId=name)
            except ClientError as error:
                if code_of(error) == "ResourceNotFoundException":
                    raise NoSuchSecret(f"there is no secret {name}") from None
                raise
        # One that was stored as bytes has no string.
        return answer.get("SecretString", "")


@contextmanager
def _opening(binding: Mapping[str, str]) -> Iterator[None]:
    refused = SealedForAnother(f"what is sealed in the record was not sealed for {', '.join(binding.values())}")
    try:
        yield
    except ValueError:  # it is not base64
        raise refused from None
    except ClientError as error:
        if code_of(error) in _NOT_OPENED:
            raise refused from None
        raise
