"""What is wrong with credentials, settings and authorities is named for what it is, and nothing secret is repeated."""

from __future__ import annotations

import json
import os
from pathlib import Path

import botocore
import pytest

from s3am_cloud.adapters.s3.access import S3Access, S3Settings
from s3am_cloud.adapters.s3.authorities import bundled_authorities, trusted_authorities
from s3am_cloud.errors import NoCredentials, TransferError, Usage

SECRET = "HIDDENwJalrXUtnFEMI"
ROLE = "role_arn = arn:aws:iam::123456789012:role/r\n"
NOWHERE = "http://127.0.0.1:9"
EXPIRED = {"startUrl": "https://x.awsapps.com/start", "region": "us-east-1", "accessToken": SECRET}
SSO = """[profile p]
sso_session = mine
sso_account_id = 123456789012
sso_role_name = r
[sso-session mine]
sso_region = us-east-1
sso_start_url = https://x.awsapps.com/start
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder without settings, and an environment without any."""
    for name in [name for name in os.environ if name.startswith("AWS_") or name.endswith("_CA_BUNDLE")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    # Whatever asks a server finds that nobody listens, and does not wait.
    for service in ("STS", "SSO", "SSO_OIDC"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", NOWHERE)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    (tmp_path / ".aws").mkdir()
    return tmp_path


def program(home: Path, text: str) -> str:
    script = home / "credentials.sh"
    script.write_text(f"#!/bin/sh\n{text}\n")
    script.chmod(0o755)
    return str(script)


def refused(settings: S3Settings | None = None) -> TransferError:
    with pytest.raises(TransferError) as raised:
        S3Access(settings or S3Settings(profile="p")).client("us-east-1")
    assert SECRET not in f"{raised.value.message} {raised.value.hint}"
    return raised.value


@pytest.mark.parametrize(
    ("config", "word"),
    [
        ("", "could not be found"),
        ("[profile p]\n", "no AWS credentials"),
        ("[profile p]\naws_access_key_id = x\n", "aws_secret_access_key"),
        ("[profile p]\ncredential_process = /nowhere/at-all\n", "/nowhere/at-all"),
        ("[profile p]\ncredential_process = {home}/.aws\n", "ermission denied"),
        (f"[profile p]\n{ROLE}source_profile = gone\n", "gone"),
        (f"[profile p]\n{ROLE}source_profile = q\n[profile q]\nregion = x\n", "q"),
        (f"[profile p]\n{ROLE}source_profile = q\n[profile q]\n{ROLE}source_profile = p\n", "loop"),
        (f"[profile p]\n{ROLE}", "source_profile"),
        (f"[profile p]\n{ROLE}credential_source = Nonsense\n", "Nonsense"),
        (
            f"[profile p]\n{ROLE}source_profile = q\n[profile q]\naws_access_key_id=a\naws_secret_access_key=b\n",
            "connect",
        ),
        (f"[profile p]\n{ROLE}web_identity_token_file = /nowhere/token\n", "/nowhere/token"),
        (f"[profile p]\n{ROLE}web_identity_token_file = {{home}}\n", "directory"),
        (f"[profile p]\n{ROLE}web_identity_token_file = /dev/null\n", "token is empty"),
        (SSO, "SSO"),
        ("[profile p\n", "parse"),
        ("[profile p]\nregion us-east-1\n", "parse"),
        ("[profile p]\ns3 =\n  addressing_style\n", "parse"),
    ],
)
def test_every_profile_that_gives_no_credentials_is_named(config: str, word: str, home: Path) -> None:
    (home / ".aws" / "config").write_text(config.replace("{home}", str(home)))
    error = refused()
    assert type(error) is NoCredentials
    assert word in error.message


@pytest.mark.parametrize(
    ("script", "word"),
    [
        ("echo no network >&2; exit 3", "no network"),
        (f"echo 'garbage {SECRET}'", "can't be read"),
        ("true", "can't be read"),
        (f"""echo '{json.dumps({"Version": 2, "SecretAccessKey": SECRET})}'""", "ersion"),
        (f"""echo '{json.dumps({"Version": 1, "SecretAccessKey": SECRET})}'""", "AccessKeyId"),
        ("echo '[]'", "can't be read"),
        ("printf '\\377\\376'", "can't be read"),
        (
            f"""echo '{json.dumps({"Version": 1, "AccessKeyId": 0, "SecretAccessKey": SECRET, "Expiration": 0})}'""",
            "",
        ),
    ],
)
def test_every_credential_process_that_fails_is_named(script: str, word: str, home: Path) -> None:
    (home / ".aws" / "config").write_text(f"[profile p]\ncredential_process = {program(home, script)}\n")
    error = refused()
    assert type(error) is NoCredentials
    assert word in error.message


@pytest.mark.parametrize("expires", ["2020-01-01T00:00:00Z", "", "x"])
def test_an_sso_login_that_has_expired_says_how_to_renew_it(expires: str, home: Path) -> None:
    (home / ".aws" / "config").write_text(SSO)
    cache = home / ".aws" / "sso" / "cache"
    cache.mkdir(parents=True)
    for name in ("mine", EXPIRED["startUrl"]):
        import hashlib

        digest = hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()
        (cache / f"{digest}.json").write_text(json.dumps({**EXPIRED, "expiresAt": expires}))
    assert type(refused()) is NoCredentials


@pytest.mark.parametrize(
    ("variables", "word"),
    [
        ({"AWS_ACCESS_KEY_ID": "a"}, "AWS_SECRET_ACCESS_KEY"),
        ({"AWS_PROFILE": "gone"}, "gone"),
        ({"AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere/token", "AWS_ROLE_ARN": "arn:aws:iam::1:role/r"}, "/nowhere/token"),
        ({"AWS_WEB_IDENTITY_TOKEN_FILE": "/dev/null", "AWS_ROLE_ARN": "arn:aws:iam::1:role/r"}, "token"),
        ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{NOWHERE}/x"}, "connect"),
        ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.org/x"}, "can't be read"),
        ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "x"}, "no AWS credentials"),
    ],
)
def test_every_variable_that_gives_no_credentials_is_named(
    variables: dict[str, str], word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.utils.ContainerMetadataFetcher.RETRY_ATTEMPTS", 1)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    error = refused(S3Settings())
    assert type(error) is NoCredentials
    assert word in error.message


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("AWS_ENDPOINT_URL_S3", "127.0.0.1:9000", "http"),
        ("AWS_ENDPOINT_URL", "localhost:9000", "http"),
        ("AWS_ENDPOINT_URL", "minio.example.org", "http"),
        ("AWS_ENDPOINT_URL_S3", "ftp://minio.example.org", "http"),
        ("AWS_ENDPOINT_URL_S3", "https://", "http"),
        ("AWS_ENDPOINT_URL_S3", "http://host:port", "http"),
        ("AWS_REGION", "us east 1", "us east 1"),
    ],
)
def test_a_setting_that_can_not_be_used_is_wrong_usage(
    name: str, value: str, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    monkeypatch.setenv(name, value)
    access = S3Access(S3Settings())
    with pytest.raises(Usage) as raised:
        access.client(access.region)
    assert word in f"{raised.value.message} {raised.value.hint}"


def test_the_region_comes_from_option_environment_and_profile_in_turn(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The region is that of the option, else of AWS_REGION, of AWS_DEFAULT_REGION, or of the profile."""
    assert S3Access(S3Settings()).region == "us-east-1"
    (home / ".aws" / "config").write_text("[default]\nregion = eu-west-1\n")
    assert S3Access(S3Settings()).region == "eu-west-1"
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-2")
    assert S3Access(S3Settings()).region == "eu-west-2"
    monkeypatch.setenv("AWS_REGION", "eu-west-3")
    assert S3Access(S3Settings()).region == "eu-west-3"
    assert S3Access(S3Settings(region="ap-south-1")).region == "ap-south-1"


def test_the_endpoint_comes_from_option_environment_and_profile_in_turn(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The endpoint is that of the option, else of the environment, or of the profile."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")

    def endpoint(option: str | None = None) -> tuple[str, bool]:
        access = S3Access(S3Settings(endpoint_url=option))
        return access.client("us-east-1").meta.endpoint_url, access.at_aws

    assert endpoint() == ("https://s3.amazonaws.com", True)
    text = "[default]\nservices = here\n[services here]\ns3 =\n  endpoint_url = https://profile.example.org\n"
    (home / ".aws" / "config").write_text(text)
    assert endpoint() == ("https://profile.example.org", False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://all.example.org")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "https://s3.example.org")
    assert endpoint() == ("https://s3.example.org", False)
    assert endpoint("https://option.example.org")[0] == "https://option.example.org"
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    assert endpoint() == ("https://s3.amazonaws.com", True)


def test_one_rule_says_whose_certificates_are_trusted(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of these goes before those above it; both paths take what it says."""
    monkeypatch.setattr("s3am_cloud.adapters.s3.authorities._SYSTEM", ("/nowhere", str(home / "system.pem")))
    assert trusted_authorities() == bundled_authorities() == str(Path(botocore.__file__).with_name("cacert.pem"))
    for name in ("system", "SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "ca_bundle", "AWS_CA_BUNDLE"):
        file = home / f"{name}.pem"
        file.write_text("-----BEGIN CERTIFICATE-----\n")
        if name == "ca_bundle":
            (home / ".aws" / "config").write_text(f"[default]\nca_bundle = {file}\n")
        elif name != "system":
            monkeypatch.setenv(name, str(file))
        assert S3Access(S3Settings()).ca_file == str(file)


@pytest.mark.parametrize("name", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
@pytest.mark.parametrize("path", ["/nowhere/ca.pem", "/", "/dev/null"])
def test_authorities_that_are_named_and_not_there_are_wrong_usage(
    name: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, path)
    error = refused(S3Settings())
    assert type(error) is Usage
    assert name in error.message
    assert path in error.message


@pytest.mark.parametrize(
    "endpoint",
    [
        "htp://ann:hunter2@host",
        "ann:hunter2@host",
        "http://ann:hunter2@host:0",
        "http://ann:hunter2/x@host",
        "http://host/?sig=hunter2",
        "http://host/#hunter2",
    ],
)
def test_an_endpoint_that_is_none_is_wrong_usage_and_not_repeated(endpoint: str) -> None:
    """An endpoint that is none is wrong usage and no part of it is repeated."""
    with pytest.raises(Usage) as refused:
        S3Access(S3Settings(endpoint_url=endpoint, sign=False)).client("us-east-1")
    assert "hunter2" not in f"{refused.value} {refused.value.hint}"
