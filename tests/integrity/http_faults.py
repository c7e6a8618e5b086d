"""What web servers do wrong, and what comes of it."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from integrity.case_env import CONTENT, LONGER, MIB, OTHER, PART, SMALL, CaseEnv
from integrity.faults import OBJECT, Driver, Fault, both, there
from servers import faults as wrong
from servers.content import Content, Flipped, crc64nvme
from servers.faults import (
    CapRange,
    ContentChanges,
    FlipBit,
    Gzipped,
    HeadRefused,
    IgnoreConditions,
    IgnoreRanges,
    NoContentRange,
    NoLength,
    OtherRange,
    Redirect,
    Relabelled,
    Reset,
    SentTwice,
    Stall,
    Status,
    Truncate,
    WrongContentRange,
)
from servers.http_model import Answer, Request

# What a connection that is given up may hold between the two ends.
IN_FLIGHT = 10 * MIB
SIZE = CONTENT.size
NOTHING: Mapping[str, str | None] = {"Last-Modified": None, "ETag": None}
PAST = "Fri, 02 Jan 2026 03:04:05 GMT"
EXPECTED = f"crc64nvme:{base64.b64decode(crc64nvme(CONTENT)).hex()}"


@dataclass(frozen=True, kw_only=True)
class Encoded(wrong.Fault):
    """Says of its ranges that they are of something compressed."""

    def change_answer(self, request: Request, answer: Answer) -> Answer:
        return replace(answer, headers={**answer.headers, "Content-Encoding": "gzip"})


@dataclass(frozen=True, kw_only=True)
class Headers(wrong.Fault):
    """Puts these header lines in front of the answer's own, or in their place; None takes one away."""

    given: Mapping[str, str | None]

    def change_answer(self, request: Request, answer: Answer) -> Answer:
        others = {name: value for name, value in answer.headers.items() if name not in self.given}
        ours = {name: value for name, value in self.given.items() if value is not None}
        return replace(answer, headers={**ours, **others})


@dataclass(frozen=True, kw_only=True)
class Jitter(wrong.Fault):
    """Answers each request by another machine, which has its own date for the file, or its own ETag too."""

    etag: bool = False

    def change_answer(self, request: Request, answer: Answer) -> Answer:
        if "Last-Modified" not in answer.headers:
            return answer
        number = len(request.headers.get("range", "")) + int("if-match" in request.headers)
        date = f"Fri, 02 Jan 2026 03:04:{number:02} GMT"
        own = {"Last-Modified": date, **({"ETag": f'"{number}"'} if self.etag else {})}
        return replace(answer, headers={**answer.headers, **own})


def _served(
    *faults: wrong.Fault, etag: str | None = '"first"', data: Content | None = None
) -> Callable[[CaseEnv], str]:
    def arrange(site: CaseEnv) -> str:
        return site.http.add("/x.bin", site.content if data is None else data, *faults, etag=etag)

    return arrange


def _passing(name: str, *faults: wrong.Fault, more: int = 1, patience: int = 20) -> Fault:
    """A fault that must not show; `more` is what the source may send beyond its content."""
    return Fault(
        name=name,
        source="http",
        arrange=_served(*faults),
        outcome=both(OBJECT),
        most_sent=SIZE + more,
        patience=patience,
    )


def _at_once(name: str, outcome: dict[Driver, str], *faults: wrong.Fault, said: str = "") -> Fault:
    return Fault(name=name, source="http", arrange=_served(*faults), outcome=outcome, said=said, at_once=True)


def _midway(name: str, outcome: str, *faults: wrong.Fault, said: str = "", etag: str | None = '"first"') -> Fault:
    """One part at a time, and none is tried again: the probe, a part that came, and the one that failed."""
    return Fault(
        name=name,
        source="http",
        arrange=_served(*faults, etag=etag),
        outcome=both(outcome),
        said=said,
        slots=1,
        most_asked=5,
    )


def _challenged(site: CaseEnv) -> str:
    site.put(OTHER)
    site.before = OTHER
    return site.http.add("/x.bin", site.content, Status(status=202), Headers(given={"x-amzn-waf-action": "challenge"}))


PASSING = [
    _passing("nothing"),
    _passing("truncated answers", Truncate(after=2 * MIB, skip=1, times=5)),
    _passing("early end: answers cut after a byte", Truncate(after=1, skip=1, times=3)),
    # What a reset takes from the receiver's queue was sent in vain.
    _passing("reset connections", Reset(after=2 * MIB, skip=1, times=5), more=MIB),
    _passing("reset before the first byte", Reset(after=0, skip=1, times=2), more=MIB),
    _passing("stall midway", Stall(after=MIB, skip=1, times=1), patience=1),
    _passing("stall before the first byte", Stall(after=0, skip=1, times=1), patience=1),
    _passing("429 with Retry-After", Status(status=429, retry_after="1", skip=1, times=2), more=100),
    _passing("503 with Retry-After", Status(status=503, retry_after="1", skip=1, times=2), more=100),
    _passing("503 to the probe", Status(status=503, times=2), more=100),
    _passing("500 now and then", Status(status=500, skip=2, times=2), more=100),
    _passing("502, then 504", Status(status=502, skip=1, times=1), Status(status=504, skip=2, times=1), more=100),
    _passing("HEAD refused", HeadRefused()),
    _passing("conditions ignored", IgnoreConditions()),
    _passing("chunked ranges", NoLength()),
    _passing("no ranges", IgnoreRanges(), more=IN_FLIGHT),
    _passing("duplicated answers", SentTwice(skip=1), more=2 * SIZE),
    _passing(
        "no ranges, cut midway",
        IgnoreRanges(),
        Truncate(after=6 * MIB, skip=1, times=1),
        more=6 * MIB + IN_FLIGHT,
    ),
    _passing(
        "412 to every precondition", Status(status=412, where=lambda asked: "if-match" in asked.headers), more=100
    ),
    _passing("dates of several machines under one ETag", Jitter()),
    _passing(
        "trouble with ranges alone", Status(status=403, where=lambda asked: "range" in asked.headers), more=IN_FLIGHT
    ),
    _passing("ranges of another file", WrongContentRange(shift=1), more=IN_FLIGHT),
    _passing("503 with a date", Status(status=503, retry_after=PAST, skip=1, times=2), more=100),
    _passing("503 with a Retry-After that is none", Status(status=503, retry_after="²", skip=1, times=2), more=100),
    _passing(
        "characters beyond ASCII", Headers(given={"ETag": '"Größe"', "Content-Type": "text/ü; name=Größe"}), more=100
    ),
    _passing(
        "a file that several machines have under other ETags, where ranges are refused",
        Jitter(etag=True),
        IgnoreRanges(),
        more=IN_FLIGHT,
    ),
    Fault(
        name="replaced midway, and nothing pins it",
        source="http",
        arrange=_served(ContentChanges(to=OTHER, etag=None, skip=2), Headers(given=NOTHING), etag=None),
        outcome=both(OBJECT),
    ),
    Fault(
        name="an end that only the connection tells",
        source="http",
        arrange=_served(IgnoreRanges(), NoLength(chunked=False)),
        outcome={"upload": OBJECT, "cloud": "SourceTooLarge"},
    ),
    Fault(
        name="a small object cut midway",
        source="http",
        arrange=_served(Truncate(after=MIB // 2, skip=1, times=2)),
        outcome=both(OBJECT),
        content=SMALL,
    ),
    Fault(
        name="redirect to another version before anything moves",
        source="http",
        arrange=lambda site: _redirected(site, Redirect(to="/other.bin")),
        outcome=both(OBJECT),
        becomes=OTHER,
    ),
]

AT_ONCE = [
    _at_once("404", both("SourceNotFound"), Status(status=404), said="404"),
    _at_once("410", both("SourceNotFound"), Status(status=410), said="410"),
    _at_once("400", both("BadSource"), Status(status=400), said="400"),
    _at_once("201", both("BadSource"), Status(status=201), said="201"),
    _at_once("202", both("SourceBusy"), Status(status=202), said="202"),
    _at_once("204", both("BadSource"), Status(status=204), said="204"),
    _at_once("304", both("BadSource"), Status(status=304), said="304"),
    _at_once("302 to nowhere", both("BadSource"), Status(status=302), said="302"),
    _at_once("a range of nothing", both("BadSource"), Headers(given={"Content-Range": "bytes 0-0/0"}), said="0-0/0"),
    _at_once("no status line", both("SourceUnavailable"), Status(status=0), said="status line"),
    Fault(
        name="an empty 202 with a challenge, where an object is to be replaced",
        source="http",
        arrange=_challenged,
        outcome=both("SourceBusy"),
        overwrite=True,
        at_once=True,
    ),
    _at_once("401", both("AccessDenied"), Status(status=401), said="401"),
    _at_once("403", both("AccessDenied"), Status(status=403), said="403"),
    _at_once("503 for ever", both("SourceBusy"), Status(status=503), said="503"),
    _at_once("500 for ever", both("SourceUnavailable"), Status(status=500), said="500"),
    _at_once("gzip'd answers", both("BadSource"), Gzipped(), said="gzip"),
    _at_once("redirect loop", both("BadSource"), Redirect(to="/x.bin"), said="redirects"),
    _at_once("redirect into the file system", both("BadSource"), Redirect(to="file:///etc/passwd")),
    _at_once("redirect to another kind of server", both("BadSource"), Redirect(to="gopher://127.0.0.1/x")),
]


def _redirected(site: CaseEnv, redirect: Redirect) -> str:
    site.http.add("/other.bin", OTHER, etag='"other"')
    return site.http.add("/x.bin", site.content, redirect)


MIDWAY = [
    _midway("404 midway", "SourceNotFound", Status(status=404, skip=2), said="404"),
    _midway("403 midway", "AccessDenied", Status(status=403, skip=2), said="403"),
    _midway("410 midway", "SourceNotFound", Status(status=410, skip=2), said="410"),
    _midway("replaced midway, same size", "SourceChanged", ContentChanges(to=OTHER, skip=2), said="ETag"),
    _midway("replaced midway, other size", "SourceChanged", ContentChanges(to=LONGER, skip=2), said="range"),
    _midway(
        "replaced midway, same size, conditions ignored",
        "SourceChanged",
        ContentChanges(to=OTHER, skip=2),
        IgnoreConditions(),
        said="ETag",
    ),
    _midway(
        "replaced midway, other size, without an ETag",
        "SourceChanged",
        ContentChanges(to=LONGER, etag=None, skip=2),
        etag=None,
    ),
    _midway("replaced within a part", "SourceChanged", Truncate(after=MIB, skip=1), ContentChanges(to=OTHER, skip=2)),
    _midway("204 midway", "BadSource", Status(status=204, skip=2), said="204"),
    _midway("206 turned 226 midway", "BadSource", Status(status=226, skip=2), said="226"),
    _midway("304 midway", "BadSource", Status(status=304, skip=2), said="304"),
    _midway(
        "a header line like a status line in another version",
        "SourceChanged",
        ContentChanges(to=OTHER, skip=2),
        IgnoreConditions(),
        Headers(given={"HTTP/2-Push": "no", "HTTP/1.1 200 OK": ""}),
        said="ETag",
    ),
    _midway("other machines with other ETags", "SourceChanged", Jitter(etag=True), IgnoreConditions(), said="ETag"),
    _midway("wrong Content-Range", "SourceChanged", WrongContentRange(shift=MIB, skip=1), said="range"),
    _midway("Content-Range off by one", "SourceChanged", WrongContentRange(shift=1, skip=1), said="range"),
    _midway("another total", "SourceChanged", WrongContentRange(total_shift=1, skip=1), said="range"),
    _midway("no Content-Range", "SourceChanged", NoContentRange(skip=1), said="range"),
    _midway("less than was asked for", "SourceChanged", CapRange(most=MIB, skip=1), said="range"),
    _midway("200 for 206", "SourceChanged", IgnoreRanges(skip=1), said="206"),
    _midway("gzip'd answer midway", "SourceChanged", Gzipped(skip=1), said="206"),
    _midway("a gzip'd range", "BadSource", Encoded(skip=1), said="gzip"),
    _midway("reordered answers: another range's", "SourceChanged", OtherRange(shift=PART, skip=1, times=1)),
    Fault(
        name="redirect to another version midway",
        source="http",
        arrange=lambda site: _redirected(site, Redirect(to="/other.bin", skip=2)),
        outcome=both("SourceChanged"),
        slots=1,
    ),
    Fault(
        name="503 for ever, midway",
        source="http",
        arrange=_served(Status(status=503, skip=2)),
        outcome={"upload": "SourceBusy"},
        slots=1,
    ),
    Fault(
        name="503 for longer than a worker waits",
        source="http",
        arrange=_served(Status(status=503, skip=2, times=12)),
        outcome=there(OBJECT),
        slots=1,
    ),
    Fault(
        name="ends for ever, midway",
        source="http",
        arrange=_served(Truncate(after=0, skip=2)),
        outcome={"upload": "SourceUnavailable"},
        slots=1,
    ),
]

LIES = [
    Fault(
        name="bit flipped at the source",
        source="http",
        arrange=_served(FlipBit(at=6 * MIB, skip=1)),
        outcome=both("NotAsExpected"),
        expect=EXPECTED,
    ),
    Fault(
        name="bit flipped at the source, nobody knows better",
        source="http",
        arrange=_served(FlipBit(at=6 * MIB)),
        outcome=both(OBJECT),
        becomes=Flipped(CONTENT, 6 * MIB),
    ),
    Fault(
        name="range off by one under the right name",
        source="http",
        arrange=_served(Relabelled(shift=1, where=lambda asked: "5242880-" in asked.headers.get("range", ""))),
        outcome=both("NotAsExpected"),
        expect=EXPECTED,
    ),
]

HTTP = [*PASSING, *AT_ONCE, *MIDWAY, *LIES]
