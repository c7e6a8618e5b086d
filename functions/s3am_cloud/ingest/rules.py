"""What comes in by itself: routes, which copy new objects of a bucket, and schedules, which fetch a URL again.

They are written in one file of the stack (file.py reads it) and travel, as they are, in the input of the
executions that they start. There they become requests:

    a route      {"request": {"route": Route}, "event": {..., "key": {"bucket": ..., "object": ...}}}
    a schedule   {"request": {"schedule": Schedule}, "event": {..., "key": {"schedule": ..., "time": ...}}}
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from s3am_cloud.decoders import Converter
from s3am_cloud.errors import BadIngest, BadRequest
from s3am_cloud.events import Event
from s3am_cloud.model import Attributes, Ingested
from s3am_cloud.names import S3_SOURCE, SCHEDULER_SOURCE
from s3am_cloud.urls import S3Url, parse_s3, parse_source

_PLACE = re.compile(r"\{([^{}]*)\}")
_OF_A_ROUTE = ("bucket", "key", "name", "date")
_OF_A_SCHEDULE = ("name", "date")


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What routes and schedules have in common.

    `destination` is a template of an s3:// URL, `options` are a request's by their names, an object's attributes among
    them.
    """

    name: str
    source: str
    destination: str
    options: dict[str, Any] = {}

    @property
    def target(self) -> S3Url:
        """The bucket, and the key as a template."""
        return parse_s3(self.destination, key_needed=False)


class Route(Entry, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Every new object of the bucket `source`, below its prefix, is copied. Those that a job of ours wrote are copied
    only where `again` says so."""

    again: bool = False

    @property
    def watched(self) -> S3Url:
        """The bucket, and what keys begin with."""
        return parse_s3(self.source, key_needed=False)


class Schedule(Entry, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """`source` is looked at by `every` ("1 day") or `cron` ("0 6 * * ? *", in UTC), and fetched if it has changed."""

    every: str | None = None
    cron: str | None = None


class NamedBy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The secret `name` may be named by requests in events of these sources, as EventBridge names them."""

    name: str
    events: tuple[str, ...]


class Ingest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """All that comes in by itself, and the secrets that other events may name."""

    route: tuple[Route, ...] = ()
    schedule: tuple[Schedule, ...] = ()
    secret: tuple[NamedBy, ...] = ()

    @property
    def entries(self) -> tuple[Entry, ...]:
        return (*self.route, *self.schedule)


class _Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    route: Route | None = None
    schedule: Schedule | None = None


class _Bucket(msgspec.Struct, frozen=True):
    name: str


class _Object(msgspec.Struct, frozen=True):
    """Keys in EventBridge's events are not URL-encoded ("EventBridge event message structure", S3 user guide)."""

    key: str
    etag: str | None = None
    version: str | None = msgspec.field(default=None, name="version-id")


class _Created(msgspec.Struct, frozen=True):
    bucket: _Bucket
    object: _Object


_decode_named: Converter[_Asked] = Converter(_Asked)
_to_created: Converter[_Created] = Converter(_Created)


def expanded(data: object, event: Event | None) -> tuple[object, Ingested | None]:
    """A request as somebody would have written it, and what started it where that was a route or a schedule.

    Any other request stays as it is. Raises BadRequest, which names the field.
    """
    if not isinstance(data, Mapping) or not {"route", "schedule"} & data.keys():
        return data, None
    try:
        named = _decode_named(data)
        # Nobody but AWS can send events from such sources: another sender's has no say in what a schedule has fetched.
        if named.route is not None and event is not None and event.source == S3_SOURCE:
            return _of_route(named.route, event)
    except msgspec.ValidationError as error:
        raise BadRequest(f"the request of a route or a schedule can't be read: {error}") from None
    if named.schedule is None or event is None or event.source != SCHEDULER_SOURCE:
        raise BadRequest("the request of a route or a schedule comes with its own event")
    return schedule_request(named.schedule, _date(event)), _scheduled(named.schedule)


def route_request(route: Route, bucket: str, key: str, date: str) -> dict[str, Any]:
    """What is asked for when the object has come. `date` is YYYY-MM-DD."""
    # What ends in a slash marks a folder: it is left alone later, but must not be refused for having no name.
    plain = key.rstrip("/") or bucket
    values = {"bucket": bucket, "key": plain, "name": plain.rsplit("/", 1)[-1], "date": date}
    return _request(route, f"s3://{bucket}/{key}", values)


def schedule_request(schedule: Schedule, date: str) -> dict[str, Any]:
    """What is asked for when the URL has changed."""
    return _request(schedule, schedule.source, {"name": parse_source(schedule.source).name, "date": date})


def check_template(entry: Entry) -> None:
    """Raises BadIngest for a destination that can't be filled in, or whose bucket is not known beforehand."""
    known = _OF_A_ROUTE if isinstance(entry, Route) else _OF_A_SCHEDULE
    for name in _PLACE.findall(entry.destination):
        if name not in known:
            raise BadIngest(f"{entry.name}: destination has {{{name}}}; there are {', '.join(known)}")
    if set("{}") & set(_PLACE.sub("", entry.destination)):
        raise BadIngest(f"{entry.name}: destination has a brace that stands alone")
    if "{" in entry.target.bucket:
        raise BadIngest(f"{entry.name}: destination has no bucket of its own: write its name, not a template")


def check_loops(ingest: Ingest) -> None:
    """Raises BadIngest where what one entry writes may be taken in by a route.

    Only a route that says `again` takes in what other entries write, and none its own, by whatever way.
    """
    for entry in ingest.entries:
        for route in _taking(entry, ingest):
            if route.name == entry.name:
                raise BadIngest(f"{entry.name}: destination is inside its own source, {route.source}")
            if not route.again:
                raise BadIngest(
                    f"{entry.name}: destination is inside the source of {route.name}, {route.source}",
                    f"objects that jobs wrote are not copied on, unless {route.name} says again = true",
                )
    for route in ingest.route:
        way = _way_back(route, ingest)
        if way:
            raise BadIngest(f"{route.name}: what it copies comes back to it by way of {', '.join(way)}")


def _of_route(route: Route, event: Event) -> tuple[dict[str, Any], Ingested]:
    created = _to_created(event.key)
    found = created.object
    request = route_request(route, created.bucket.name, found.key, _date(event))
    digest = _digest(event.key)
    return request, Ingested(asked=digest, route=route.name, again=route.again, etag=found.etag, version=found.version)


def _scheduled(schedule: Schedule) -> Ingested:
    """What a schedule asks for has another digest when it is changed: then it is fetched anew."""
    return Ingested(asked=_digest((schedule.source, schedule.destination, schedule.options)), schedule=schedule.name)


def _digest(value: object) -> str:
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()[:32]


def _request(entry: Entry, source: str, values: Mapping[str, str]) -> dict[str, Any]:
    """A new version takes the place of the one before, and of what a failed job has left of that."""
    options = _folded(entry.options)
    given = {"exists": "overwrite", **({} if options.get("resume") else {"force": True}), **options}
    return {**given, "source": source, "destination": _PLACE.sub(lambda found: values[found[1]], entry.destination)}


def _folded(options: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes of the object may stand among the options, as `storage_class = ...`."""
    own = {name: value for name, value in options.items() if name in Attributes.__struct_fields__}
    rest = {name: value for name, value in options.items() if name not in own}
    return {**rest, "attributes": {**rest.get("attributes", {}), **own}} if own else rest


def _date(event: Event) -> str:
    """The day, in UTC, as EventBridge and the Scheduler write it."""
    return event.time[:10]


def _taking(entry: Entry, ingest: Ingest) -> Iterator[Route]:
    """The routes that may take in what an entry writes: what stands for anything may be anything."""
    target = entry.target
    fixed, template, _ = target.key.partition("{")
    is_open = bool(template) or not target.key or target.key.endswith("/")
    for route in ingest.route:
        prefix = route.watched.key
        inside = fixed.startswith(prefix) or (is_open and prefix.startswith(fixed))
        if route.watched.bucket == target.bucket and inside:
            yield route


def _way_back(route: Route, ingest: Ingest) -> list[str]:
    """The names of the routes by which objects come back, empty where they don't."""
    seen: set[str] = set()

    def search(at: Route) -> list[str]:
        for after in _taking(at, ingest):
            if after.name == route.name:
                return [at.name]
            if after.name not in seen:
                seen.add(after.name)
                if found := search(after):
                    return [at.name, *found]
        return []

    return search(route)[1:]
