"""A part that fails for good ends the move at once, under its error's own name, and says which part it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.conftest import HastyClock
from contract.routes import FileEnd, ObjectEnd, PartEnd
from s3am_cloud.adapters.curl.movers import CurlMovers
from s3am_cloud.adapters.curl.source.probe import CurlSource
from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.adapters.s3.store import S3Store
from s3am_cloud.errors import (
    AccessDenied,
    BadSource,
    SourceChanged,
    SourceNotFound,
    SourceUnavailable,
    TransferError,
    UploadGone,
)
from s3am_cloud.model import Part, PinnedSource
from s3am_cloud.ports.transfer import Sink
from s3am_cloud.urls import parse_source
from servers.content import Pattern
from servers.faults import ContentChanges, Fault, Gzipped, Status, WrongContentRange
from servers.faulty_http import FaultyHttp
from servers.http_model import Request
from servers.proxy import FaultyProxy
from servers.proxy_rules import ACCESS_DENIED, Respond, upload_part

SIZE = 1000
PARTS = [Part(number, (number - 1) * SIZE, SIZE) for number in range(1, 6)]
CONTENT = Pattern(5 * SIZE)


def of_part_3(request: Request) -> bool:
    return request.headers.get("range") == f"bytes={2 * SIZE}-{3 * SIZE - 1}"


class Way:
    """From a faulty server to the strict S3 server."""

    def __init__(self, settings: CurlSettings, clock: HastyClock, access: S3Access, server: FaultyHttp) -> None:
        self._source, self._movers = CurlSource(settings, clock), CurlMovers(settings, access, clock)
        self._server = server

    def fails(self, sink: Sink, *faults: Fault) -> TransferError:
        """What moving all parts ends in."""
        url = self._server.add("/x", CONTENT)
        origin = PinnedSource(source=parse_source(url), info=self._source.probe(parse_source(url)))
        self._server.set_faults("/x", *faults)
        with pytest.raises(TransferError) as caught:
            list(self._movers(origin, sink, 1, lambda count: None).move(PARTS))
        return caught.value


@pytest.fixture
def way(curl_settings: CurlSettings, hasty_clock: HastyClock, proxied: S3Access, http_server: FaultyHttp) -> Way:
    return Way(curl_settings, hasty_clock, proxied, http_server)


@pytest.fixture
def upload(proxied: S3Access, hasty_clock: HastyClock, bucket: str) -> PartEnd:
    return PartEnd(S3Store(proxied, hasty_clock), None, bucket)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Status(status=403, where=of_part_3), AccessDenied),
        (Status(status=404, where=of_part_3), SourceNotFound),
        (Status(status=400, where=of_part_3), BadSource),
        (Status(status=412, where=of_part_3), SourceChanged),
        (Status(status=200, where=of_part_3), SourceChanged),
        (WrongContentRange(shift=1, where=of_part_3), SourceChanged),
        (Gzipped(where=of_part_3), SourceChanged),
        (ContentChanges(to=Pattern(5 * SIZE, seed=1), where=of_part_3), SourceChanged),
    ],
)
def test_a_sources_refusal_names_the_part_and_the_source(
    fault: Fault, kind: type[TransferError], way: Way, upload: PartEnd, http_server: FaultyHttp
) -> None:
    error = way.fails(upload.sink(5 * SIZE), fault)
    assert type(error) is kind
    assert error.message.startswith(f"part 3 of {upload.target}: {http_server.url('/x')}")
    assert not error.retryable
    asked = [one for one in http_server.requests if one.range == f"bytes={2 * SIZE}-{3 * SIZE - 1}"]
    # Some servers answer 412 to every condition, so a part that is refused by one is asked for without.
    assert len(asked) <= 2
    assert [one for one in asked if "if-match" in one.headers or "if-unmodified-since" in one.headers] == asked[:1]


@pytest.mark.parametrize(
    ("answer", "kind"), [(ACCESS_DENIED, AccessDenied), (Respond(404, "NoSuchUpload"), UploadGone)]
)
def test_a_stores_refusal_names_the_part_once(
    answer: Respond, kind: type[TransferError], way: Way, upload: PartEnd, shared_proxy: FaultyProxy
) -> None:
    sink = upload.sink(5 * SIZE)
    shared_proxy.add(upload_part(3), answer, times=None)
    before = len(shared_proxy.matching(upload_part(3)))
    error = way.fails(sink)
    assert type(error) is kind
    assert error.message.count("part 3 of") == error.message.count(str(upload.target)) == 1
    assert len(shared_proxy.matching(upload_part(3))) == before + 1


def test_a_part_that_was_tried_too_often_is_named_too(way: Way, upload: PartEnd) -> None:
    error = way.fails(upload.sink(5 * SIZE), Status(status=502, where=of_part_3))
    assert type(error) is SourceUnavailable
    assert error.message.startswith("part 3 of ")


def test_the_hint_is_kept(way: Way, upload: PartEnd) -> None:
    error = way.fails(upload.sink(5 * SIZE), Status(status=401, where=of_part_3))
    assert "check the login" in error.hint


def test_of_an_object_that_goes_in_one_request_no_part_is_named(
    way: Way, proxied: S3Access, hasty_clock: HastyClock, bucket: str, tmp_path: Path
) -> None:
    for sink in (
        ObjectEnd(S3Store(proxied, hasty_clock), None, bucket).sink(SIZE),
        FileEnd(tmp_path / "moved").sink(5 * SIZE),
    ):
        assert "part" not in way.fails(sink, Status(status=403)).message.replace("/part", "")
