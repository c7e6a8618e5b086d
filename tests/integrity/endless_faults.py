"""Answers that never end, and what comes of them: a name, soon."""

import re
from collections.abc import Callable

from integrity.case_env import MIB, CaseEnv
from integrity.faults import OBJECT, Driver, Fault, both, here
from integrity.hooks import RATE_WINDOW
from servers import endless
from servers.endless import Answer, Endless, ftp, serving
from servers.faults import IgnoreRanges, NoLength, Truncate
from servers.proxy_rules import CREATE_UPLOAD, LIST_PARTS, UPLOAD_PART, Match, Respond

PAGE = (
    b"<ListPartsResult><IsTruncated>true</IsTruncated><NextPartNumberMarker>7</NextPartNumberMarker></ListPartsResult>"
)
BANNER = Endless(b"", b"220-" + b"x" * 60 + b"\r\n")


def _http(name: str, outcome: dict[Driver, str], answer: Answer, said: str = "") -> Fault:
    def arrange(site: CaseEnv) -> str:
        server = serving(lambda _: answer)
        url = server.__enter__().url()
        site.at_end(lambda: server.__exit__(None, None, None))
        return url

    return Fault(name=name, source="http", arrange=arrange, outcome=outcome, said=said, at_once=True)


def _drip(name: str, outcome: dict[Driver, str], first: int) -> Fault:
    """A source that sends the first bytes of each part as it should be, and then a byte now and then."""

    def arrange(site: CaseEnv) -> str:
        content, last = site.content, site.content.size - 1

        def answer(message: bytes) -> Answer:
            asked = re.search(rb"bytes=(\d+)-(\d*)", message)
            assert asked is not None
            start, end = int(asked[1]), int(asked[2] or last)
            head = endless.partial(start, end, content.size)
            if end == 0 or start == last:
                return head + content.read(start, 1)
            return Endless(head + content.read(start, min(first, end - start)), bytes(content.read(0, 1)), 0.02)

        server = serving(answer)
        url = server.__enter__().url()
        site.at_end(lambda: server.__exit__(None, None, None))
        site.environment[RATE_WINDOW] = "0.3"
        return url

    return Fault(name=name, source="http", arrange=arrange, outcome=outcome, said="bytes a second", slots=1)


def _ftp(name: str, outcome: dict[Driver, str], greeting: Answer, answer: Callable[[bytes], Answer]) -> Fault:
    def arrange(site: CaseEnv) -> str:
        server = serving(answer, b"\r\n", greeting)
        url = server.__enter__().url("ftp")
        site.at_end(lambda: server.__exit__(None, None, None))
        return url

    said = "goes on and on"
    return Fault(name=name, source="ftp", arrange=arrange, outcome=outcome, said=said, at_once=True, patience=1)


def _store(name: str, outcome: dict[Driver, str], match: Match, body: bytes, said: str = "") -> Fault:
    def arrange(site: CaseEnv) -> str:
        site.proxy.add(match, Respond(200, "", body=body), times=None)
        return site.on_http()

    return Fault(name=name, source="http", arrange=arrange, outcome=outcome, said=said)


def _stream(name: str, outcome: dict[Driver, str], *, after: int, times: int | None, chunked: bool) -> Fault:
    """A source that has to be read in one go, and whose connection breaks after a number of bytes."""

    def arrange(site: CaseEnv) -> str:
        length = [NoLength()] if chunked else []
        cut = Truncate(after=after, times=times, skip=1)
        return site.http.add("/x.bin", site.content, IgnoreRanges(), *length, cut, etag='"first"')

    return Fault(name=name, source="http", arrange=arrange, outcome=outcome, most_asked=10)


ENDLESS = [
    _http("a refusal's text without an end", both("SourceNotFound"), endless.REFUSAL, said="404"),
    _http("a redirect's body without an end", both("BadSource"), endless.REDIRECT, said="redirects"),
    _http("headers without an end", both("BadSource"), endless.HEADERS),
    _http("100 Continue without an end", both("BadSource"), endless.INTERIM),
    _ftp("a greeting without an end", both("BadSource"), BANNER, ftp({})),
    _ftp("a reply to SIZE without an end", both("BadSource"), b"220 hello\r\n", ftp({"SIZE": endless.REPLY})),
    _stream(
        "a stream breaks at the same place for ever", here("SourceUnavailable"), after=MIB, times=None, chunked=True
    ),
    _stream("a stream of known size breaks for ever", both("SourceUnavailable"), after=MIB, times=None, chunked=False),
    _drip("1 MiB of each range, then a drip", both("SourceUnavailable"), MIB),
    _stream("a stream breaks early, twice", here(OBJECT), after=MIB, times=2, chunked=True),
    _store("ListParts comes to no next page", both("StoreUnavailable"), LIST_PARTS, PAGE, said="does not end"),
    _store("an answer to a part without an end", both("StoreUnavailable"), UPLOAD_PART, bytes(MIB)),
    _store("an answer of 6 MiB to CreateMultipartUpload", both("StoreUnavailable"), CREATE_UPLOAD, bytes(6 * MIB)),
]
