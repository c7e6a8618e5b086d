"""The session's own way to read what clients are made of finds what botocore's way finds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from botocore.loaders import Loader
from botocore.utils import parse_timestamp

from s3am_cloud.adapters.curl.store.routing import Signers
from s3am_cloud.adapters.s3.access import S3Access, S3Settings
from s3am_cloud.adapters.s3.session import new_session, timestamp


@pytest.mark.parametrize("kind", ["service-2", "paginators-1", "endpoint-rule-set-1"])
@pytest.mark.parametrize("service", ["s3", "stepfunctions"])
def test_a_service_s_description_is_that_of_botocore(service: str, kind: str) -> None:
    loader = new_session(None).get_component("data_loader")
    assert loader.load_service_model(service, kind) == Loader().load_service_model(service, kind)


def test_descriptions_that_the_user_adds_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "own" / "2026-01-01"
    folder.mkdir(parents=True)
    (folder / "service-2.json").write_text(json.dumps({"metadata": {"serviceId": "own"}}))
    monkeypatch.setenv("AWS_DATA_PATH", f"{tmp_path / 'nowhere'}:{tmp_path}")
    model = new_session(None).get_component("data_loader").load_service_model("own", "service-2")
    assert model == {"metadata": {"serviceId": "own"}}


def test_credentials_are_looked_for_once_if_both_ends_agree(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Credentials are looked for once where both ends have the same settings."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    target, source = S3Access(S3Settings()), S3Access(S3Settings())
    assert Signers(target, source)(S3Settings()) is target.signer


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-28T13:05:14.000Z",
        "2026-11-28T13:05:14Z",
        "2026-11-28T13:05:14.123456Z",
        "2026-11-28T13:05:14+01:00",
        "Sat, 28 Nov 2026 13:05:14 GMT",
        "1764335114",
        "1764335114.5",
    ],
)
def test_a_time_is_what_botocore_reads_in_it(written: str) -> None:
    assert timestamp(written) == parse_timestamp(written)
    assert timestamp(written).isoformat() == parse_timestamp(written).isoformat()


@pytest.mark.parametrize("written", ["2026-13-28T13:05:14.000Z", "never", ""])
def test_what_is_not_a_time_is_refused_as_botocore_does(written: str) -> None:
    for read in (timestamp, parse_timestamp):
        with pytest.raises(ValueError, match=r"month|Invalid|Unknown"):
            read(written)


def test_clients_read_times_in_this_way() -> None:
    parser = new_session(None).get_component("response_parser_factory").create_parser("rest-xml")
    assert parser._timestamp_parser is timestamp
