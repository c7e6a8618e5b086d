"""The ingest file: what it may say, what becomes of it, and that nothing is copied round in circles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from s3am_cloud.errors import BadIngest, BadRequest
from s3am_cloud.events import Event
from s3am_cloud.ingest.accept import decode_request
from s3am_cloud.ingest.file import expression, parse_ingest, read_ingest
from s3am_cloud.ingest.rules import Ingest, expanded

ROUTE = """
[[route]]
name = "runs"
source = "s3://incoming/runs/"
destination = "s3://archive/{bucket}/{key}"
"""
SCHEDULE = """
[[schedule]]
name = "daily"
every = "1 day"
source = "https://host/data/latest.csv"
destination = "s3://archive/daily/{date}-{name}"
"""
OBJECT = {"key": "runs/a b/x+y.bin", "etag": "abc", "sequencer": "01", "size": 3}


def created(**fields: Any) -> Event:
    key = {"route": "runs", "bucket": {"name": "incoming"}, "object": {**OBJECT, **fields}}
    return Event(id="1", source="aws.s3", time="2026-03-04T23:59:59Z", key=key)


def routes(*ways: tuple[str, str, str]) -> str:
    """Routes by name, source and destination; a name that ends in `!` takes in what jobs wrote."""
    return "".join(
        f'[[route]]\nname = "{name.rstrip("!")}"\nsource = "s3://{source}"\ndestination = "s3://{destination}"\n'
        f"again = {'true' if name.endswith('!') else 'false'}\n"
        for name, source, destination in ways
    )


def asked(text: str, event: Event) -> dict[str, Any]:
    """The request that the first entry makes of an event."""
    found = parse_ingest(text)
    kind = "route" if found.route else "schedule"
    request, _ = expanded({kind: msgspec.to_builtins(found.entries[0])}, event)
    assert isinstance(request, dict)
    return request


def test_a_file_without_entries_has_nothing_come_in() -> None:
    assert parse_ingest("") == Ingest()


@pytest.mark.parametrize(
    ("template", "destination"),
    [
        ("{bucket}/{key}", "s3://archive/incoming/runs/a b/x+y.bin"),
        ("by-day/{date}/{name}", "s3://archive/by-day/2026-03-04/x+y.bin"),
        ("same", "s3://archive/same"),
        ("into/", "s3://archive/into/"),
    ],
)
def test_a_destination_is_filled_in_with_what_the_event_tells(template: str, destination: str) -> None:
    request = asked(ROUTE.replace("{bucket}/{key}", template), created())
    assert request["source"] == "s3://incoming/runs/a b/x+y.bin"
    assert request["destination"] == destination


def test_what_a_key_has_in_braces_is_left_as_it_is() -> None:
    assert asked(ROUTE, created(key="runs/{name}{key}"))["destination"] == "s3://archive/incoming/runs/{name}{key}"


def test_a_new_version_replaces_the_old_one_by_default() -> None:
    """A new version replaces the old one unless the options say otherwise."""
    assert (asked(ROUTE, created())["exists"], asked(ROUTE, created())["force"]) == ("overwrite", True)
    request = asked(ROUTE + 'options = { exists = "skip", resume = true }', created())
    assert (request["exists"], request["resume"], "force" in request) == ("skip", True, False)


def test_options_are_a_requests_and_may_have_an_objects_attributes() -> None:
    """Options are a request's, and an object's attributes may stand among them."""
    options = 'options = { storage_class = "GLACIER_IR", part_size = 8388608, attributes = { metadata = { a = "b" } } }'
    request = decode_request(asked(ROUTE + options, created()))
    assert (request.attributes.storage_class, request.attributes.metadata) == ("GLACIER_IR", {"a": "b"})
    assert request.part_size == 8388608


def test_a_schedules_destination_has_the_day_of_the_event() -> None:
    event = Event(id="1", source="aws.scheduler", time="2026-03-04T06:00:00Z", key={"schedule": "daily"})
    request = asked(SCHEDULE, event)
    assert request["destination"] == "s3://archive/daily/2026-03-04-latest.csv"
    assert request["source"] == "https://host/data/latest.csv"


@pytest.mark.parametrize(
    ("when", "due"),
    [
        ('every = "1 day"', "rate(1 day)"),
        ('every = "2 days"', "rate(2 days)"),
        ('every = "15 minute"', "rate(15 minutes)"),
        ('cron = "0 6 * * ? *"', "cron(0 6 * * ? *)"),
        ('cron = "0/5 8-17 ? * MON-FRI *"', "cron(0/5 8-17 ? * MON-FRI *)"),
    ],
)
def test_when_a_schedule_is_due_is_said_as_the_scheduler_has_it(when: str, due: str) -> None:
    [schedule] = parse_ingest(SCHEDULE.replace('every = "1 day"', when)).schedule
    assert expression(schedule) == due


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[route", "it is not TOML"),
        ("[[rout]]", "rout"),
        (ROUTE + "colour = 1", "colour"),
        (ROUTE.replace('name = "runs"', ""), "name"),
        (ROUTE.replace('"runs"', '"Runs_1"'), "is not a valid name"),
        (ROUTE.replace("{key}", "{keys}"), "runs: destination has {keys}"),
        (ROUTE.replace("{key}", "{key"), "stands alone"),
        (ROUTE.replace("archive", "archive-{date}"), "no bucket of its own"),
        (ROUTE.replace("s3://archive", "https://archive"), "runs: "),
        (ROUTE.replace("s3://incoming/runs/", "https://host/runs/"), "runs: not an S3 URL"),
        (ROUTE.replace("s3://incoming/runs/", "s3://incoming/*.bam"), "runs: source"),
        (ROUTE + 'options = { colour = "red" }', "colour"),
        (ROUTE + 'options = { exists = "maybe" }', "exists"),
        (ROUTE + 'options = { source = "s3://b/k" }', "runs: unknown option source"),
        (ROUTE + "options = { provenance = false }", "runs: provenance"),
        (ROUTE + 'options = { metadata = { a = "<b>" } }', "< and >"),
        (ROUTE + ROUTE, "two entries with the name runs"),
        (ROUTE + SCHEDULE.replace("daily", "runs", 1), "two entries with the name runs"),
        (SCHEDULE.replace('every = "1 day"', ""), "either every or cron"),
        (SCHEDULE + 'cron = "0 6 * * ? *"', "either every or cron"),
        (SCHEDULE.replace("1 day", "1 week"), "daily: every"),
        (SCHEDULE.replace("1 day", "0 days"), "daily: every"),
        (SCHEDULE.replace('every = "1 day"', 'cron = "0 6 * *"'), "daily: cron"),
        (SCHEDULE.replace("{date}-{name}", "{key}"), "daily: destination has {key}"),
        (SCHEDULE.replace("https://host/data/latest.csv", "./latest.csv"), "daily: "),
        (SCHEDULE.replace("https://host", "gopher://host"), "daily: "),
    ],
)
def test_what_can_not_be_is_refused_by_entry_and_field(text: str, said: str) -> None:
    with pytest.raises(BadIngest) as refused:
        parse_ingest(text)
    assert said in refused.value.message


def test_a_password_in_the_file_is_refused_and_not_repeated() -> None:
    with pytest.raises(BadIngest) as refused:
        parse_ingest(SCHEDULE.replace("https://host", "https://ann:hunter2@host"))
    assert "hunter2" not in refused.value.message + refused.value.hint


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"[[route"])
def test_a_file_that_can_not_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "ingest.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(BadIngest) as refused:
        read_ingest(file)
    assert str(file) in refused.value.message


@pytest.mark.parametrize(
    "ways",
    [
        [("a", "one/", "one/{key}")],
        [("a", "one/in/", "one/{key}")],
        [("a", "one/in/", "one/in/done/{name}")],
        [("a", "one/in/", "one/i{name}")],
        [("a", "one/in/", "one/")],
        [("a", "one", "one/out/x")],
        [("a!", "one/in/", "one/in/{name}")],
        [("a", "one/", "two/{key}"), ("b", "two/", "three/{key}")],
        [("a", "one/", "two/{key}"), ("b", "two/deep/", "three/{key}")],
        [("a!", "one/", "two/{key}"), ("b!", "two/", "one/{key}")],
        [("a!", "one/", "two/{key}"), ("b!", "two/", "three/{key}"), ("c!", "three/", "one/{key}")],
    ],
)
def test_what_would_go_round_in_circles_is_refused(ways: list[tuple[str, str, str]]) -> None:
    with pytest.raises(BadIngest):
        parse_ingest(routes(*ways))


@pytest.mark.parametrize(
    "ways",
    [
        [("a", "one/in/", "one/out/{key}")],
        [("a", "one/in/", "one/in")],
        [("a", "one/in/", "two/in/{key}")],
        [("a", "one/", "two/{key}"), ("b", "three/", "two/{key}")],
        [("a", "one/", "two/x/{key}"), ("b", "two/y/", "three/{key}")],
        [("a", "one/", "two/{key}"), ("b!", "two/", "three/{key}")],
        [("a", "one/", "two/{key}"), ("b", "one/", "three/{key}")],
    ],
)
def test_what_ends_somewhere_is_allowed(ways: list[tuple[str, str, str]]) -> None:
    assert len(parse_ingest(routes(*ways)).route) == len(ways)


def test_what_a_schedule_fetches_is_taken_by_a_route_that_says_so() -> None:
    """What a schedule fetches is taken in by a route only if that says so."""
    into = SCHEDULE.replace("archive/daily", "incoming/runs")
    with pytest.raises(BadIngest, match="inside the source of runs"):
        parse_ingest(ROUTE + into)
    assert parse_ingest(ROUTE + "again = true" + into).schedule


def test_a_request_of_nobodys_is_left_as_it_is() -> None:
    request = {"source": "https://host/x", "destination": "s3://b/k"}
    assert expanded(request, None) == (request, None)


@pytest.mark.parametrize(
    ("request_", "event"),
    [
        ({"route": {"name": "r", "source": "s3://b", "destination": "s3://c/{key}"}}, None),
        ({"route": {"name": "r", "source": "s3://b", "destination": "s3://c/{key}"}}, Event(id="1", source="aws.s3")),
        (
            {"route": {"name": "r", "source": "s3://b", "destination": "s3://c/{key}"}},
            Event(id="1", source="somebody", key=created().key),
        ),
        ({"schedule": {"name": "s", "source": "https://h/x", "destination": "s3://c/x"}}, Event(id="1", source="me")),
        ({"route": {"name": "r"}}, created()),
        ({"route": None}, created()),
    ],
)
def test_what_comes_without_an_event_of_aws_is_refused(request_: dict[str, Any], event: Event | None) -> None:
    with pytest.raises(BadRequest):
        expanded(request_, event)


def test_a_changed_schedule_is_another_one_to_what_it_has_fetched() -> None:
    def digest(**fields: Any) -> str:
        schedule = {"name": "s", "source": "https://h/x", "destination": "s3://c/x", **fields}
        _, why = expanded({"schedule": schedule}, Event(id="1", source="aws.scheduler"))
        assert why is not None
        return why.asked

    assert digest() == digest(every="1 day")
    assert len({digest(), digest(destination="s3://c/y"), digest(options={"part_size": 5 << 20})}) == 3
