"""What goes wrong between us and S3, and what comes of it."""

from collections.abc import Callable

from integrity.case_env import CONTENT, KEY, MIB, OTHER, PART, SMALL, CaseEnv
from integrity.faults import OBJECT, Driver, Fault, both, down
from servers.content import Content
from servers.proxy_rules import (
    ACCESS_DENIED,
    COMPLETE_UPLOAD,
    CREATE_UPLOAD,
    ERROR_IN_200,
    GET_OBJECT,
    HEAD,
    INTERNAL_ERROR,
    LIST_PARTS,
    LIST_UPLOADS,
    PLAIN_PUT,
    PUT_OBJECT,
    REQUEST_TIMEOUT,
    SLOW_DOWN,
    TRAILED_PUT,
    UPLOAD_PART,
    Action,
    CutReply,
    Delay,
    Do,
    EditReplyHead,
    FlipReplyBit,
    FlipRequestBit,
    LoseReply,
    Match,
    ResetBefore,
    Respond,
    upload_part,
)
from support.stored import CONTENT_READ

FLIPPED = FlipRequestBit(at=1000)
GONE_WRONG = FlipReplyBit(at=1000)
EXPIRED = Respond(400, "ExpiredToken")
LACKING = Respond(501, "NotImplemented")
NO_ACL = Respond(403, "AccessDenied")
SKEWED = Respond(403, "RequestTimeTooSkewed")
CONFLICT = Respond(409, "ConditionalRequestConflict")
EXISTS = Respond(412, "PreconditionFailed")
SHIFTED = EditReplyHead(rb"bytes 5242880-10485759", b"bytes 5242881-10485760")
GZIPPED = EditReplyHead(rb"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n")
GIVE_UP = 12
"""More than all the tries of one part."""


def _up(
    name: str,
    outcome: str | dict[Driver, str],
    match: Match,
    action: Action,
    times: int | None = 1,
    content: Content = CONTENT,
    at_once: bool = False,
    skip: int = 0,
) -> Fault:
    """What the proxy in front of S3 does to a number of matching requests."""
    outcomes = both(outcome) if isinstance(outcome, str) else outcome

    def arrange(site: CaseEnv) -> str:
        site.proxy.add(match, action, times=times, skip=skip)
        return site.on_http()

    return Fault(name=name, source="http", arrange=arrange, outcome=outcomes, content=content, at_once=at_once, slots=2)


def _theirs(name: str, match: Match, outcome: str, overwrite: bool = False, content: Content = CONTENT) -> Fault:
    """Somebody else's transfer to the same destination is done first."""

    def arrange(site: CaseEnv) -> str:
        def put() -> None:
            site.put(OTHER)
            site.before = OTHER

        site.proxy.add(match, Do(put))
        return site.on_http()

    return Fault(name=name, source="http", arrange=arrange, outcome=both(outcome), overwrite=overwrite, content=content)


def _same(name: str, match: Match, content: Content = CONTENT, aborts: bool = False) -> Fault:
    """Another transfer makes the very object meanwhile, and may have this one's upload aborted."""

    def arrange(site: CaseEnv) -> str:
        def make() -> None:
            if aborts:
                site.abort_all()
            site.put(content)

        site.proxy.add(match, Do(make))
        return site.on_http()

    return Fault(name=name, source="http", arrange=arrange, outcome=both(OBJECT), content=content, slots=1)


def _other(name: str, match: Match, outcome: str, aborts: bool = False, after: bool = False) -> Fault:
    """Another transfer makes another object meanwhile, and may have this one's upload aborted."""

    def arrange(site: CaseEnv) -> str:
        def make() -> None:
            if aborts:
                site.abort_all()
            site.put(OTHER)
            site.before = OTHER

        site.proxy.add(match, Do(make, after=after))
        return site.on_http()

    return Fault(name=name, source="http", arrange=arrange, outcome=both(outcome), slots=1)


def _lacking(name: str, *rules: tuple[Match, Action], content: Content = CONTENT, overwrite: bool = False) -> Fault:
    """A store that refuses what a transfer can do without; the second rule and later ones hold once."""

    def arrange(site: CaseEnv) -> str:
        for number, (match, action) in enumerate(rules):
            site.proxy.add(match, action, times=1 if number else None)
        return site.on_http()

    return Fault(name=name, source="http", arrange=arrange, outcome=both(OBJECT), content=content, overwrite=overwrite)


def _aborted(name: str, match: Match) -> Fault:
    def arrange(site: CaseEnv) -> str:
        site.proxy.add(match, Do(site.abort_all))
        return site.on_http()

    return Fault(name=name, source="http", arrange=arrange, outcome=both("UploadGone"), at_once=True, slots=1)


def _begun(site: CaseEnv) -> str:
    site.stored.begin(KEY)
    return site.on_http()


def _begun_twice(site: CaseEnv) -> str:
    site.stored.begin(KEY)
    return _begun(site)


def _stale(site: CaseEnv) -> str:
    """S3 answers 400 to credentials that have expired: to HEAD without saying so, to GET by its code."""
    site.proxy.add(HEAD, EXPIRED, times=None)
    site.proxy.add(GET_OBJECT, EXPIRED, times=None)
    return site.on_http()


def _existing(site: CaseEnv) -> str:
    site.put(OTHER)
    site.before = OTHER
    return site.on_http()


UPLOADS = [
    _up("bit of a part flipped on its way to S3", OBJECT, upload_part(2), FLIPPED),
    _up("bit of every part flipped on its way to S3", OBJECT, UPLOAD_PART, FLIPPED, times=3),
    _up("bit of a part flipped for ever", {"upload": "ChecksumMismatch"}, upload_part(2), FLIPPED, times=GIVE_UP),
    _up("503 SlowDown for parts", OBJECT, UPLOAD_PART, SLOW_DOWN, times=3),
    _up("503 SlowDown for parts, for longer", {"upload": "StoreBusy"}, upload_part(2), SLOW_DOWN, times=GIVE_UP),
    _up("500 InternalError for parts", OBJECT, UPLOAD_PART, INTERNAL_ERROR, times=3),
    _up("400 RequestTimeout for parts", OBJECT, UPLOAD_PART, REQUEST_TIMEOUT, times=3),
    _up("403 RequestExpired for a part", OBJECT, UPLOAD_PART, Respond(403, "RequestExpired")),
    _up("parts reset", OBJECT, UPLOAD_PART, ResetBefore(), times=3),
    _up("answers to parts lost", OBJECT, UPLOAD_PART, LoseReply(), times=3),
    _up("409 for a part", OBJECT, upload_part(2), CONFLICT),
    _up("permission denied midway", "AccessDenied", upload_part(2), ACCESS_DENIED, times=None),
    _up("expired credentials midway, renewed", OBJECT, upload_part(2), EXPIRED, times=2),
    _up("expired credentials midway", {"upload": "StoreUnavailable"}, upload_part(2), EXPIRED, times=None),
    _up("expired credentials from the start", "AccessDenied", HEAD, Respond(403, "ExpiredToken"), None, at_once=True),
    _up("expired credentials at Create", "AccessDenied", CREATE_UPLOAD, EXPIRED, times=None, at_once=True),
    _up("expired credentials at Complete", "AccessDenied", COMPLETE_UPLOAD, EXPIRED, times=None),
    _up("clock skew midway", "AccessDenied", upload_part(2), SKEWED, times=None),
    _up("clock skew at Create", "AccessDenied", CREATE_UPLOAD, SKEWED, times=None, at_once=True),
    _aborted("NoSuchUpload midway: somebody aborts it", upload_part(2)),
    _up("503 SlowDown to Create", OBJECT, CREATE_UPLOAD, SLOW_DOWN),
    _up("503 SlowDown to ListParts", OBJECT, LIST_PARTS, SLOW_DOWN),
    _up("503 SlowDown to HEAD", OBJECT, HEAD, SLOW_DOWN),
    _up("500 InternalError to Complete", OBJECT, COMPLETE_UPLOAD, INTERNAL_ERROR),
    _up("error in Complete's 200", OBJECT, COMPLETE_UPLOAD, ERROR_IN_200),
    _up("Complete reset", OBJECT, COMPLETE_UPLOAD, ResetBefore()),
    _up("lost reply at Complete", OBJECT, COMPLETE_UPLOAD, LoseReply()),
    _up("lost reply at Create", OBJECT, CREATE_UPLOAD, LoseReply()),
    _up("409 at Complete", "CompletionConflict", COMPLETE_UPLOAD, CONFLICT),
    _aborted("NoSuchUpload at Complete: somebody aborts it", COMPLETE_UPLOAD),
    _up("bit of a small object flipped on its way", OBJECT, PUT_OBJECT, FLIPPED, content=SMALL),
    _up("503 SlowDown to PutObject", OBJECT, PUT_OBJECT, SLOW_DOWN, times=2, content=SMALL),
    _up("PutObject reset", OBJECT, PUT_OBJECT, ResetBefore(), content=SMALL),
    _up("lost reply at PutObject", OBJECT, PUT_OBJECT, LoseReply(), content=SMALL),
    _up("412 at PutObject", "ObjectExists", PUT_OBJECT, EXISTS, times=None, content=SMALL, at_once=True),
    _lacking("no trailers", (TRAILED_PUT, LACKING)),
    _lacking("no trailers, small, to be overwritten", (TRAILED_PUT, LACKING), content=SMALL, overwrite=True),
    _lacking("no trailers, and a bit flipped", (TRAILED_PUT, LACKING), (PLAIN_PUT, FLIPPED)),
    _lacking("no right to an ACL", (Match("POST", {"uploads": None}, header=("x-amz-acl", "bucket")), NO_ACL)),
    _up("HEAD can't see the object for a moment", OBJECT, HEAD, Respond(404, "NoSuchKey"), content=SMALL, skip=2),
    _up("uploads may not be listed", {"cloud": OBJECT}, LIST_UPLOADS, ACCESS_DENIED, times=None),
    Fault(
        name="expired credentials told with 400 from the start",
        source="http",
        arrange=_stale,
        outcome=both("AccessDenied"),
        at_once=True,
    ),
    _theirs("two transfers: the other is done first", COMPLETE_UPLOAD, "ObjectExists"),
    _theirs("two transfers: the other is done first, small", PUT_OBJECT, "ObjectExists", content=SMALL),
    _theirs("two transfers, to be overwritten", COMPLETE_UPLOAD, OBJECT, overwrite=True),
    _same("two transfers of the same: the other is done first", COMPLETE_UPLOAD),
    _same("two transfers of the same: the other is done first, small", PUT_OBJECT, SMALL),
    _same("two transfers of the same: the other aborts this one midway", upload_part(2), aborts=True),
    _other("two transfers: the other aborts this one midway", upload_part(2), "UploadGone", aborts=True),
    _other("two transfers: the other replaces the object at once", COMPLETE_UPLOAD, "ObjectReplaced", after=True),
    Fault(name="two transfers: the other is unfinished", source="http", arrange=_begun, outcome=both("UploadExists")),
    Fault(
        name="two unfinished transfers to go on with",
        source="http",
        arrange=_begun_twice,
        outcome=both("SeveralUploads"),
        resume=True,
    ),
    Fault(name="object exists", source="http", arrange=_existing, outcome=both("ObjectExists")),
]


def _down(
    name: str, outcome: str, match: Match, action: Action, times: int | None = 1, skip: int = 0, **more: int
) -> Fault:
    def arrange(site: CaseEnv) -> str:
        site.put(site.content)
        site.proxy.add(match, action, times=times, skip=skip)
        return site.destination

    slots, patience = more.get("slots", 8), more.get("patience", 20)
    return Fault(name=name, source="s3", arrange=arrange, outcome=down(outcome), slots=slots, patience=patience)


def _changing(name: str, outcome: str, change: Callable[[CaseEnv], object], slots: int = 1) -> Fault:
    """Something happens when the second range is asked for."""

    def arrange(site: CaseEnv) -> str:
        site.put(site.content)
        site.proxy.add(CONTENT_READ, Do(lambda: change(site)), skip=1)
        return site.destination

    return Fault(name=name, source="s3", arrange=arrange, outcome=down(outcome), slots=slots)


def _full_disk(site: CaseEnv) -> str:
    site.put(site.content)
    site.environment["TEST_DISK_ROOM"] = str(PART + MIB)
    return site.destination


def _appear(site: CaseEnv) -> None:
    site.file_before = b"theirs"
    site.file.write_bytes(b"theirs")


def _spoil(site: CaseEnv) -> None:
    """A bit on disk, of a part that has been fetched."""
    with (site.folder / f".{KEY}.partial").open("r+b") as file:
        byte = file.read(1)[0]
        file.seek(0)
        file.write(bytes([byte ^ 1]))


DOWNLOADS = [
    _down("nothing", OBJECT, CONTENT_READ, SLOW_DOWN, times=0),
    _down("503 SlowDown", OBJECT, CONTENT_READ, SLOW_DOWN, times=3),
    _down("500 InternalError", OBJECT, CONTENT_READ, INTERNAL_ERROR, times=3),
    _down("500 InternalError for ever", "SourceUnavailable", CONTENT_READ, INTERNAL_ERROR, times=None),
    _down("reset before the answer", OBJECT, CONTENT_READ, ResetBefore(), times=3),
    # Half a MiB: what one cut leaves of the shortest part is long enough for the next.
    _down("reset midway", OBJECT, CONTENT_READ, CutReply(after=MIB // 2), times=4),
    _down("stall before the answer", OBJECT, CONTENT_READ, Delay(3), patience=1),
    _down("503 SlowDown to HEAD", OBJECT, HEAD, SLOW_DOWN),
    _down("bit flipped on the way from S3", "ChecksumMismatch", CONTENT_READ, GONE_WRONG, skip=1),
    _down("wrong Content-Range", "SourceChanged", CONTENT_READ, SHIFTED, skip=1, slots=1),
    _down("200 for 206", "SourceChanged", CONTENT_READ, EditReplyHead(b"206 [^\r]*", b"200 OK"), skip=1, slots=1),
    _down("another ETag", "SourceChanged", CONTENT_READ, EditReplyHead(rb'\netag: "?', b'\nETag: "0'), skip=1, slots=1),
    # S3 gives bytes as it keeps them: what it says of their encoding is a note.
    _down("Content-Encoding: gzip", OBJECT, CONTENT_READ, GZIPPED, skip=1, slots=1),
    _down("permission denied midway", "AccessDenied", CONTENT_READ, ACCESS_DENIED, times=None, skip=1, slots=1),
    _down("expired credentials midway", "AccessDenied", CONTENT_READ, EXPIRED, times=None, skip=1, slots=1),
    _down("clock skew midway", "AccessDenied", CONTENT_READ, SKEWED, times=None, skip=1, slots=1),
    _down("removed midway", "SourceNotFound", CONTENT_READ, Respond(404, "NoSuchKey"), times=None, skip=1, slots=1),
    _changing("replaced midway", "SourceChanged", lambda site: site.put(OTHER)),
    _changing("file appears meanwhile", "LocalFileExists", _appear),
    _changing("bit flipped on disk while it goes on", "ChecksumMismatch", _spoil),
    Fault(name="disk full", source="s3", arrange=_full_disk, outcome=down("DiskFull"), slots=1),
]

STORE = [*UPLOADS, *DOWNLOADS]
