"""The stack's ingest file, ingest.toml: read, and refused by entry and field before anything is deployed."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from pathlib import Path

import msgspec

from s3am_cloud.decoders import TOO_DEEP, Converter
from s3am_cloud.errors import BadIngest, TransferError
from s3am_cloud.ingest.accept import decode_request, named_secret
from s3am_cloud.ingest.grants import grants_of, write_grants
from s3am_cloud.ingest.rules import (
    Entry,
    Ingest,
    Route,
    Schedule,
    check_loops,
    check_template,
    route_request,
    schedule_request,
)
from s3am_cloud.limits import MOST_GRANTS
from s3am_cloud.names import SECRETS_PREFIX

# It becomes a part of the names of rules and schedules.
_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
_EVERY = re.compile(r"([1-9][0-9]{0,4}) (minute|hour|day)s?")
# Six fields (EventBridge Scheduler user guide, "Cron-based schedules"); it is AWS that knows the rest.
_CRON = re.compile(r"[0-9A-Z*?/,#-]+( [0-9A-Z*?/,#-]+){5}")
_DAY = "2000-01-01"
# Of an event (EventBridge API reference, PutEventsRequestEntry), without what stands for anything.
_EVENT_SOURCE = re.compile(r"[A-Za-z0-9._/-]{1,256}")
# What EventBridge puts values in place of; it knows no way to write them otherwise.
_TAKEN = "<>"
_to_ingest: Converter[Ingest] = Converter(Ingest)


def read_ingest(file: Path) -> Ingest:
    """Raises BadIngest, which names the file."""
    try:
        return parse_ingest(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadIngest(f"{file} can't be read: {error}") from error
    except BadIngest as error:
        raise BadIngest(f"{file}: {error.message}", error.hint) from error


def parse_ingest(text: str) -> Ingest:
    """Routes and schedules of a TOML document. Raises BadIngest."""
    try:
        found = _to_ingest(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise BadIngest(f"it is not TOML: {error}") from error
    except RecursionError:
        raise BadIngest(TOO_DEEP) from None
    except msgspec.ValidationError as error:
        raise BadIngest(str(error)) from None
    for entry in found.entries:
        _check(entry)
    twice = [name for name, count in Counter(entry.name for entry in found.entries).items() if count > 1]
    if twice:
        raise BadIngest(f"there are two entries with the name {twice[0]}")
    check_loops(found)
    _check_grants(found)
    return found


def expression(schedule: Schedule) -> str:
    """When it is due, as EventBridge Scheduler has it. Raises BadIngest."""
    if (schedule.every is None) == (schedule.cron is None):
        raise BadIngest(f"{schedule.name}: it has either every or cron")
    if schedule.cron is not None:
        if not _CRON.fullmatch(schedule.cron):
            raise BadIngest(f"{schedule.name}: cron is six fields, as in '0 6 * * ? *'")
        return f"cron({schedule.cron})"
    found = _EVERY.fullmatch(schedule.every or "")
    if not found:
        raise BadIngest(f"{schedule.name}: every is a number of minutes, hours or days, as in '1 day'")
    return f"rate({found[1]} {found[2]}{'' if found[1] == '1' else 's'})"


def _check_grants(ingest: Ingest) -> None:
    for secret in ingest.secret:
        if not named_secret(secret.name):
            raise BadIngest(f"the secret {secret.name!r} is not for jobs", f"their names begin with {SECRETS_PREFIX}")
        if not secret.events or not all(map(_EVENT_SOURCE.fullmatch, secret.events)):
            raise BadIngest(f"{secret.name}: events are sources of events by their whole names, as in lab.sequencer")
    if len(write_grants(grants_of(ingest))) > MOST_GRANTS:
        raise BadIngest(f"the secrets that entries and events may name make more than {MOST_GRANTS:,} bytes")


def _check(entry: Entry) -> None:
    if not _NAME.fullmatch(entry.name):
        raise BadIngest(
            f"{entry.name!r} is not a valid name: use up to 32 small letters, digits and hyphens, a letter first"
        )
    try:
        check_template(entry)
        _check_source(entry)
        decode_request(_example(entry))
    except BadIngest:
        raise
    except TransferError as error:
        raise BadIngest(f"{entry.name}: {error.message}", error.hint) from None
    _check_options(entry)


def _check_source(entry: Entry) -> None:
    if isinstance(entry, Schedule):
        expression(entry)
        return
    assert isinstance(entry, Route)
    if set("*?{}") & set(entry.source):
        raise BadIngest(f"{entry.name}: source is a bucket and what keys begin with, without a pattern")
    if not entry.watched.bucket:
        raise BadIngest(f"{entry.name}: source has no bucket")


def _check_options(entry: Entry) -> None:
    for name in ("source", "destination"):
        if name in entry.options:
            raise BadIngest(f"{entry.name}: unknown option {name}")
    if entry.options.get("provenance") is False:
        raise BadIngest(
            f"{entry.name}: provenance has to be written",
            "by its metadata an object that came in is known, and not copied round in circles",
        )
    if set(_TAKEN) & set(msgspec.json.encode(entry).decode()):
        raise BadIngest(f"{entry.name}: < and > can't be written in an entry")


def _example(entry: Entry) -> dict[str, object]:
    if isinstance(entry, Schedule):
        return schedule_request(entry, _DAY)
    assert isinstance(entry, Route)
    return route_request(entry, entry.watched.bucket, f"{entry.watched.key}example", _DAY)
