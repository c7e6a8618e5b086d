"""Named secrets: who may name which, what they may be used for, and that each refusal is a letter with its reason."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from s3am_cloud.adapters.memory.vault import MemoryVault
from s3am_cloud.errors import (
    BadIngest,
    BadRequest,
    BadSecret,
    NoSuchSecret,
    SecretElsewhere,
    SecretInClear,
    SecretNotGranted,
    SecretRefused,
    SecretUnrestricted,
    TransferError,
)
from s3am_cloud.ingest.accept import accept
from s3am_cloud.ingest.dead_letter import dead_letter_of
from s3am_cloud.ingest.file import parse_ingest
from s3am_cloud.ingest.grants import Grants, grants_of, read_grants, write_grants
from s3am_cloud.jobs.sealing import opened
from s3am_cloud.limits import MOST_GRANTS
from s3am_cloud.model import Job, TransferRequest
from s3am_cloud.transfer.pipeline import new_job
from support.fakes import FakeClock, World

NAME = "s3am-cloud/partner"
SOURCE, TARGET = "https://host/runs/a.bin", "s3://archive/partner/a.bin"
LOGIN = {"user": "ann", "password": "hunter2"}
USES = {"sources": ["https://host/runs/"], "destinations": ["s3://archive/partner"]}
EVENT = {
    "id": "7bf73129",
    "source": "lab.sequencer",
    "detail-type": "Transfer Requested",
    "time": "2026-11-23T00:00:00Z",
}
GRANTED: Grants = {"events of lab.sequencer": (NAME,)}
EXECUTION = "arn:x:execution:m:first"
FILE = f"""
[[secret]]
name = "{NAME}"
events = ["lab.sequencer", "lab.archive"]

[[route]]
name = "runs"
source = "s3://incoming/runs/"
destination = "s3://archive/{{key}}"
options = {{ secret = "s3am-cloud/keys" }}

[[schedule]]
name = "daily"
every = "1 day"
source = "https://host/runs/latest.csv"
destination = "s3://archive/partner/"
options = {{ secret = "{NAME}" }}
"""


def job(source: str = SOURCE, target: str = TARGET, requested: bool = True) -> Job:
    request = TransferRequest(source=source, destination=target, secret=NAME)
    return msgspec.structs.replace(new_job(request, "job", FakeClock()), requested=requested)


def vault(**value: object) -> MemoryVault:
    return MemoryVault({NAME: json.dumps(value)})


def test_a_secret_is_used_for_what_it_names() -> None:
    assert opened(job(), vault(**LOGIN, **USES)).job.request.source == "https://ann:hunter2@host/runs/a.bin"


@pytest.mark.parametrize(
    "uses",
    [
        {"host": "host"},
        {"host": "host", "sources": USES["sources"]},
        {"host": "host", "destinations": USES["destinations"]},
    ],
)
def test_a_secret_without_places_serves_nothing_that_is_requested(uses: dict[str, object]) -> None:
    """A secret that does not say what it is for is for nothing that is requested."""
    with pytest.raises(SecretUnrestricted, match=NAME):
        opened(job(), vault(**LOGIN, **uses))
    assert opened(job(requested=False), vault(**LOGIN, **uses)).job.request.source.startswith("https://ann:")


@pytest.mark.parametrize("requested", [True, False])
@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("https://evil/runs/a.bin", TARGET),
        ("http://host/runs/a.bin", TARGET),
        ("https://host:444/runs/a.bin", TARGET),
        ("https://host/runs-evil/a.bin", TARGET),
        ("https://host/runs/%2e%2e/private/a.bin", TARGET),
        (SOURCE, "s3://elsewhere/partner/a.bin"),
        (SOURCE, "s3://archive/partner-evil/a.bin"),
        (SOURCE, "s3://archive/partner/../a.bin"),
        ("https://host/runs/partner-evil", "s3://archive/"),
    ],
)
def test_a_secret_is_for_no_other_source_and_no_other_destination(source: str, target: str, requested: bool) -> None:
    with pytest.raises(SecretElsewhere, match=NAME) as refused:
        opened(job(source, target, requested), vault(**LOGIN, **USES, cleartext=True))
    assert "hunter2" not in f"{refused.value} {refused.value.hint}"


@pytest.mark.parametrize("scheme", ["http", "ftp"])
@pytest.mark.parametrize("secret", [LOGIN, {"source": "{}://ann:hunter2@host/runs/a.bin"}])
def test_a_login_goes_in_clear_only_where_the_secret_says_so(scheme: str, secret: dict[str, str]) -> None:
    value = {name: text.format(scheme) for name, text in secret.items()}
    uses = {**USES, "sources": [f"{scheme}://host/runs/"]}
    with pytest.raises(SecretInClear) as refused:
        opened(job(f"{scheme}://host/runs/a.bin"), vault(**value, **uses))
    assert "hunter2" not in str(refused.value)
    found = opened(job(f"{scheme}://host/runs/a.bin"), vault(**value, **uses, cleartext=True))
    assert "hunter2" in found.job.request.source


@pytest.mark.parametrize("scheme", ["https", "ftps", "ftpes", "sftp"])
def test_a_login_needs_no_leave_to_go_over_an_encrypted_connection(scheme: str) -> None:
    found = opened(job(f"{scheme}://host/runs/a.bin"), vault(**LOGIN, **{**USES, "sources": [f"{scheme}://host"]}))
    assert "hunter2" in found.job.request.source


@pytest.mark.parametrize("prefix", ["host/runs", "https://ann:hunter2@host/", "https://host/?a", "https://host/../"])
def test_a_secret_of_unreadable_places_is_refused_and_not_repeated(prefix: str) -> None:
    """A secret that names no readable places is refused without repeating them."""
    with pytest.raises(BadSecret, match=NAME) as refused:
        opened(job(), vault(**LOGIN, sources=[prefix], destinations=USES["destinations"]))
    assert "hunter2" not in f"{refused.value} {refused.value.hint}"


def test_an_event_names_only_what_the_ingest_file_grants_to_its_source() -> None:
    world = World()
    asked = {"source": SOURCE, "destination": TARGET, "secret": NAME}
    for granted in (
        {},
        {"events of lab": (NAME,)},
        {"events of lab.sequencer": ("s3am-cloud/other",)},
        {"route lab.sequencer": (NAME,)},
    ):
        with pytest.raises(SecretNotGranted, match=r"lab\.sequencer may not name"):
            accept(asked, EXECUTION, world.ports, event=EVENT, granted=granted)
    accepted, _ = accept(asked, EXECUTION, world.ports, event=EVENT, granted=GRANTED)
    assert world.jobs.load(accepted).requested


def test_the_ingest_file_says_who_may_name_what() -> None:
    granted = grants_of(parse_ingest(FILE))
    assert granted == {
        "events of lab.sequencer": (NAME,),
        "events of lab.archive": (NAME,),
        "route runs": ("s3am-cloud/keys",),
        "schedule daily": (NAME,),
    }
    assert read_grants(write_grants(granted)) == granted
    assert read_grants("") == {}


@pytest.mark.parametrize(
    "text",
    [
        '[[secret]]\nname = "prod/database"\nevents = ["lab"]',
        f'[[secret]]\nname = "{NAME}"\nevents = []',
        f'[[secret]]\nname = "{NAME}"\nevents = ["lab.*"]',
        f'[[secret]]\nname = "{NAME}"',
        f'[[secret]]\nname = "{NAME}"\nevents = ["lab"]\nvalue = "hunter2"',
        "".join(f'[[secret]]\nname = "{NAME}{i}"\nevents = ["lab"]\n' for i in range(MOST_GRANTS // len(NAME))),
    ],
)
def test_a_grant_that_cannot_be_is_refused_before_anything_is_deployed(text: str) -> None:
    with pytest.raises(BadIngest) as refused:
        parse_ingest(text)
    assert "hunter2" not in str(refused.value)


def test_a_schedule_names_its_own_secret_and_no_other_ones() -> None:
    world, [entry] = World(), parse_ingest(FILE).schedule
    event = {
        "id": "1",
        "source": "aws.scheduler",
        "time": "2026-11-23T00:00:00Z",
        "key": {"schedule": "daily", "time": ""},
    }
    asked = {"schedule": msgspec.to_builtins(entry)}
    with pytest.raises(SecretNotGranted, match="schedule daily"):
        accept(asked, EXECUTION, world.ports, event=event, granted={"schedule other": (NAME,), **GRANTED})
    accept(asked, EXECUTION, world.ports, event=event, granted=grants_of(parse_ingest(FILE)))


@pytest.mark.parametrize(
    "error",
    [
        SecretUnrestricted("a"),
        SecretElsewhere("b"),
        SecretInClear("c"),
        SecretNotGranted("d"),
        NoSuchSecret("e"),
        BadSecret("f"),
    ],
)
def test_what_is_refused_is_a_letter_with_name_reason_and_hint(
    error: TransferError,
) -> None:
    """What is refused is a letter with the name, the reason and a hint, and can be sent again."""
    world, asked = World(), {"source": SOURCE, "destination": TARGET, "secret": NAME}
    made, _ = accept(asked, EXECUTION, world.ports, event=EVENT, granted=GRANTED)
    cause: dict[str, Any] = {"errorMessage": str(error), "errorType": type(error).__name__}
    letter = dead_letter_of(asked, EVENT, EXECUTION, (type(error).__name__, json.dumps(cause)), world.ports)
    assert letter.error == error.report()
    assert type(error).hint not in {SecretRefused.hint, BadRequest.hint}
    assert letter.request == asked
    assert accept(asked, EXECUTION, world.ports, event=EVENT, granted=GRANTED) == (made, False)
