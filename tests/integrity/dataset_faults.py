"""What goes wrong with some items of a dataset, and what comes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from integrity.dataset_env import PREFIX, DatasetEnv
from integrity.http_faults import Headers
from servers.faults import (
    BasicAuth,
    Fault,
    Gzipped,
    IgnoreRanges,
    NoLength,
    Redirect,
    Reset,
    SentTwice,
    Status,
    Truncate,
)
from servers.proxy_rules import (
    ACCESS_DENIED,
    GET_OBJECT,
    INTERNAL_ERROR,
    PUT_OBJECT,
    SLOW_DOWN,
    Action,
    CutReply,
    Do,
    FlipReplyBit,
    FlipRequestBit,
    LoseReply,
    Match,
    ProxiedRequest,
    ResetBefore,
    Respond,
)

Way = Literal["upload", "download"]
COPIED = "copied"
TOO_MANY = Respond(429, "TooManyRequests")
B64 = f"{'A' * 22}=="
OTHER = b"what somebody else has put there"


@dataclass(frozen=True, kw_only=True, eq=False)
class ItemFault:
    """`arrange` sets it up for one item; `bad` is what becomes of it: COPIED, or an error's name. When the fault has
    gone, running `failed.jsonl` completes the item, or ends in `then`."""

    name: str
    way: Way = "upload"
    arrange: Callable[[DatasetEnv, str], object]
    bad: str
    then: str = COPIED


@dataclass(frozen=True)
class OfItem(Match):
    """Requests for one item's object only."""

    item: str = ""

    def matches(self, request: ProxiedRequest) -> bool:
        return request.path.endswith(f"/{PREFIX}{self.item}") and super().matches(request)


def _served(name: str, bad: str, *faults: Fault) -> ItemFault:
    return ItemFault(name=name, arrange=lambda env, item: env.http.set_faults(f"/{item}", *faults), bad=bad)


def _stated(name: str, *faults: Fault, bad: str = "NotAsExpected", **stated: object) -> ItemFault:
    """What the list says of the item is not so; its line goes on to say it."""

    def arrange(env: DatasetEnv, item: str) -> None:
        env.http.set_faults(f"/{item}", *faults)
        env.stated[item] = stated

    return ItemFault(name=name, arrange=arrange, bad=bad, then=bad)


def _store(name: str, bad: str, match: Match, *actions: Action, times: int | None = 2) -> ItemFault:
    way: Way = "download" if match.method == "GET" else "upload"

    def arrange(env: DatasetEnv, item: str) -> None:
        for action in actions:
            env.proxy.add(OfItem(match.method, match.query, match.without, item=item), action, times=times)

    return ItemFault(name=name, way=way, arrange=arrange, bad=bad)


def _source(name: str, bad: str, url: Callable[[DatasetEnv, str], str]) -> ItemFault:
    """The list names another source than the web server's."""

    def arrange(env: DatasetEnv, item: str) -> None:
        env.sources[item] = url(env, item)

    return ItemFault(name=name, arrange=arrange, bad=bad, then=bad)


def _theirs(name: str, bad: str) -> ItemFault:
    """Somebody else makes the object a moment before."""

    def arrange(env: DatasetEnv, item: str) -> None:
        def put() -> None:
            env.before[item] = OTHER
            env.stored.put(PREFIX + item, OTHER)

        env.proxy.add(OfItem("PUT", without=("uploadId",), item=item), Do(put))

    return ItemFault(name=name, arrange=arrange, bad=bad, then=bad)


FAULTS = [
    _served("404", "SourceNotFound", Status(status=404)),
    _served("403", "AccessDenied", Status(status=403)),
    _served("a login is asked for", "AccessDenied", BasicAuth(user="u", password="p")),
    _served("500 for good", "SourceUnavailable", Status(status=500)),
    _served("503 at first", COPIED, Status(status=503, times=3)),
    _served("429 with a time to wait, at first", COPIED, Status(status=429, retry_after="0", times=2)),
    _served("cut short for good", "SourceUnavailable", Truncate(after=10)),
    _served("cut short at first", COPIED, Truncate(after=10, times=1)),
    _served("reset for good", "SourceUnavailable", Reset(after=10)),
    _served("reset at first", COPIED, Reset(after=10, times=1)),
    _served("no answer at all", "SourceUnavailable", Status(status=0)),
    _served("no length", COPIED, NoLength()),
    _served("neither length nor ranges", COPIED, NoLength(), IgnoreRanges()),
    _served("neither, and cut short", "SourceUnavailable", NoLength(), IgnoreRanges(), Truncate(after=10)),
    _served("each answer twice", COPIED, SentTwice()),
    _served("gzip that nobody asked for", "BadSource", Gzipped()),
    _served("another content than its headers state", "NotAsStated", Headers(given={"x-goog-hash": f"md5={B64}"})),
    _stated("another md5 than stated", digest="md5:" + "0" * 32),
    _stated("another sha512 than stated", digest="sha512:" + "0" * 128),
    _stated("another crc64nvme than stated", digest="crc64nvme:" + "0" * 16),
    _stated("another size than stated", size=7),
    _stated("another size than stated, and no length", NoLength(), IgnoreRanges(), size=7),
    _stated("a login page in its place", Redirect(to="/001.bin"), digest="md5:" + "1" * 32),
    _source("a host that nobody has", "SourceUnavailable", lambda env, item: f"https://127.0.0.1:1/{item}"),
    _source(
        "a certificate that nobody trusts", "BadSource", lambda env, item: env.https.add(f"/{item}", env.contents[item])
    ),
    _source("a redirect loop", "BadSource", lambda env, item: env.http.add("/loop", b"", Redirect(to="/loop"))),
    _store("a PUT is throttled", COPIED, PUT_OBJECT, SLOW_DOWN),
    _store("429 to a PUT", COPIED, PUT_OBJECT, TOO_MANY),
    _store("500 to a PUT", COPIED, PUT_OBJECT, INTERNAL_ERROR),
    _store("the answer to a PUT is lost", COPIED, PUT_OBJECT, LoseReply(), times=1),
    _store("a PUT is reset", COPIED, PUT_OBJECT, ResetBefore()),
    _store("a bit of a PUT turns over", COPIED, PUT_OBJECT, FlipRequestBit(at=10), times=1),
    _store("this key is denied", "AccessDenied", PUT_OBJECT, ACCESS_DENIED, times=None),
    _theirs("somebody else is faster", "ObjectExists"),
    _store("500 to a GET at first", COPIED, GET_OBJECT, INTERNAL_ERROR),
    _store("a GET is throttled", COPIED, GET_OBJECT, SLOW_DOWN),
    _store("429 to a GET", COPIED, GET_OBJECT, TOO_MANY),
    _store("a GET is cut short", COPIED, GET_OBJECT, CutReply(after=10)),
    _store("a GET is reset", COPIED, GET_OBJECT, ResetBefore()),
    _store("a bit of a GET turns over", COPIED, GET_OBJECT, FlipReplyBit(at=10)),
    _store("a GET is denied", "AccessDenied", GET_OBJECT, ACCESS_DENIED, times=None),
    _store("404 to a GET", "SourceNotFound", GET_OBJECT, Respond(404, "NoSuchKey"), times=None),
    _store(
        "the object is replaced meanwhile", "SourceChanged", GET_OBJECT, Respond(412, "PreconditionFailed"), times=None
    ),
    _store("it is archived", "ObjectArchived", GET_OBJECT, Respond(403, "InvalidObjectState"), times=None),
    _store("another checksum than S3 has", "ChecksumMismatch", GET_OBJECT, FlipReplyBit(at=10), times=None),
]
