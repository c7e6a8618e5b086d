"""Secrets in clear, however they are written into a URL: refused by name, and repeated nowhere."""

from __future__ import annotations

import json

import pytest

from s3am_cloud.errors import BadIngest, BadRequest, BadS3Url, TransferError
from s3am_cloud.ingest.accept import accept, decode_request
from s3am_cloud.ingest.dead_letter import dead_letter_of
from s3am_cloud.ingest.file import parse_ingest
from s3am_cloud.jobs.sealing import withheld
from s3am_cloud.model import TransferRequest
from s3am_cloud.secret_names import carries_secret
from s3am_cloud.transfer.pipeline import new_job
from s3am_cloud.urls import parse_s3, parse_source
from support.fakes import FakeClock, World

SECRET = "hunter2"
TELLING = [
    f"https://{SECRET}@host/x",
    f"https://:{SECRET}@host/x",
    f"https://ann:{SECRET}@host/x",
    f"https://ann:12{SECRET}/34@host/x",
    f"https://ann:{SECRET}?@host/x",
    f"https://ann:{SECRET}#@host/x",
    f"https://ann%3A{SECRET}%40host/x",
    f"//ann:{SECRET}@host/x",
    f"ann:{SECRET}@host/x",
    f"https://host/x?token={SECRET}",
    f"https://host/x?TOKEN={SECRET}",
    f"https://host/x?a=1&b=2&Access_Token={SECRET}",
    f"https://host/x?a=1;token={SECRET}",
    f"https://host/x?a=1&a=2&sig=&sig={SECRET}",
    f"https://host/x?%74oken={SECRET}",
    f"https://host/x?%2574oken={SECRET}",
    f"https://host/x?a=1%26token%3D{SECRET}",
    f"https://host/x?to%6ben={SECRET}",
    f"https://host/x?user[password]={SECRET}",
    f"https://host/x?X-Amz-Credential={SECRET}&X-Amz-Date=1",
    f"https://host/x?X-Goog-Signature={SECRET}",
    f"https://host/x?sv=1&se=2&sig={SECRET}",
    f"https://host/x?Key-Pair-Id=1&Policy={SECRET}",
    f"https://host/x?jwt={SECRET}",
    f"https://host/x?code={SECRET}",
    f"https://host/x?hmac={SECRET}",
    f"https://host/x?PHPSESSID={SECRET}",
    f"https://host/x?user=ann&pw={SECRET}",
    f"https://host/x?bewit={SECRET}",
    f"https://host/x?hdnts=exp=1~acl=/*~x={SECRET}",
    f"https://host/x?md5={SECRET}&expires=1",
    f"https://host/x?SAMLResponse={SECRET}",
    f"https://host/x#access_token={SECRET}",
    f"https://host/x;jsessionid={SECRET}",
    f"https://host/a;token={SECRET}/x",
    f"https://host/x?to=https://ann:{SECRET}@other/",
    f"https://host/x?to=https%3A%2F%2Fann%3A{SECRET}%40other%2F",
    f"https://host/x?to=https%3A%2F%2Fother%2F%3Ftoken%3D{SECRET}",
    f"ftp://ann:{SECRET}@host/x",
    f"sftp://{SECRET}@host/x",
]
HARMLESS = [
    "https://host/x",
    "https://host:8443/x",
    "https://host:8443/a@b",
    "https://host/a@b/c:d@e",
    "https://host/x?id=7&part=2;n=1",
    "https://host/x?a=50%25",
    "https://host/x?postcode=1&pinned=1&md5sum=1",
    "https://host/key/token/x",
    "ftp://host/x;type=i",
    "s3://bucket/a:b@c",
    "2026-11-23T00:00:00Z",
    "ssh-ed25519 AAAAC3Nza",
    "md5:d41d8cd98f00b204e9800998ecf8427e",
]


@pytest.mark.parametrize("url", TELLING)
def test_a_secret_in_a_url_is_found_however_it_is_written(url: str) -> None:
    assert carries_secret(url)


@pytest.mark.parametrize("url", HARMLESS)
def test_what_is_no_secret_is_not_taken_for_one(url: str) -> None:
    assert not carries_secret(url)


@pytest.mark.parametrize("field", ["source", "source_digest"])
@pytest.mark.parametrize("url", TELLING)
def test_a_request_with_such_a_url_is_refused_and_nothing_repeats_it(url: str, field: str) -> None:
    asked = {"source": "https://host/x", "destination": "s3://b/k", "host_keys": ["ssh-ed25519 AA"], field: url}
    with pytest.raises(TransferError) as refused:
        decode_request(asked)
    world, event = World(), {"id": "1", "source": "lab"}
    with pytest.raises(type(refused.value)):
        accept(asked, "arn:x:execution:m:first", world.ports, event=event)
    cause = json.dumps({"errorMessage": str(refused.value)})
    letter = dead_letter_of(asked, event, "arn", (type(refused.value).__name__, cause), world.ports)
    assert letter.request is None
    assert SECRET not in f"{refused.value} {refused.value.hint} {letter}"


@pytest.mark.parametrize("url", [url for url in TELLING if url.startswith("https://host")])
def test_a_schedule_with_such_a_url_is_refused_before_anything_is_deployed(url: str) -> None:
    text = f'[[schedule]]\nname = "daily"\nevery = "1 day"\nsource = "{url}"\ndestination = "s3://b/k"\n'
    with pytest.raises(BadIngest, match="daily: the source URL carries a login or a signature") as refused:
        parse_ingest(text)
    assert SECRET not in f"{refused.value} {refused.value.hint}"


@pytest.mark.parametrize(
    "options",
    [
        {"attributes": {"metadata": {"from": f"https://host/x?token={SECRET}"}}},
        {"attributes": {"tags": {f"https://ann:{SECRET}@host/": "x"}}},
        {"attributes": {"content_disposition": f"https://ann:{SECRET}@host/"}},
        {"idempotency_key": f"https://host/x?sig={SECRET}"},
    ],
)
def test_such_a_url_elsewhere_in_a_request_is_refused_too(options: dict[str, object]) -> None:
    with pytest.raises(BadRequest, match="with a login or a signature") as refused:
        decode_request({"source": "https://host/x", "destination": "s3://b/k", **options})
    assert SECRET not in f"{refused.value} {refused.value.hint}"


@pytest.mark.parametrize("text", [f"s3://AKIA:{SECRET}@bucket/key", f"s3://AKIA:{SECRET}@bucket", f"s3://{SECRET}@b/k"])
def test_keys_before_a_bucket_are_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(BadS3Url) as refused:
        parse_s3(text)
    assert SECRET not in f"{refused.value} {refused.value.hint}"


@pytest.mark.parametrize(
    ("url", "shown", "key"),
    [
        (f"https://host/x.bin;jsessionid={SECRET}", "https://host/x.bin;...", "x.bin"),
        (f"https://host/a;token={SECRET}/x.bin?id=7", "https://host/a;.../x.bin?...", "x.bin"),
        ("https://host/x;v=1", "https://host/x;v=1", "x;v=1"),
    ],
)
def test_a_sealed_path_is_shown_nowhere_and_changes_no_destination(url: str, shown: str, key: str) -> None:
    """What is sealed of a path is shown nowhere and leaves the destination as it is."""
    whole = TransferRequest(source=url, destination="s3://b/runs/")
    request, secrets = withheld(whole)
    assert request.source == shown == parse_source(url).display
    assert (secrets.source or request.source) == url
    keys = {new_job(each, "job", FakeClock()).target.key for each in (whole, request)}
    assert keys == {f"runs/{key}"}
