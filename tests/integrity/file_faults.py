"""What FTP and SFTP servers, local disks and objects that are copied do wrong, and what comes of it."""

import os
from collections.abc import Callable
from pathlib import Path

from integrity.case_env import KEY, LONGER, MIB, OTHER, PART, SMALL, CaseEnv
from integrity.faults import OBJECT, Driver, Fault, both, here
from servers.content import Content, write_file
from servers.ftp import START, USER, Drop, FtpServer
from servers.proxy_rules import (
    ACCESS_DENIED,
    ERROR_IN_200,
    INTERNAL_ERROR,
    SLOW_DOWN,
    UPLOAD_PART,
    Action,
    Do,
    LoseReply,
    Match,
    ResetBefore,
    Respond,
    upload_part,
)
from servers.sftp import SftpServer


def _ftp(name: str, outcome: dict[Driver, str], change: Callable[[FtpServer], object], **more: int) -> Fault:
    def arrange(site: CaseEnv) -> str:
        url = site.on_ftp()
        change(site.ftp)
        return url

    return Fault(name=name, source="ftp", arrange=arrange, outcome=outcome, slots=more.get("slots", 2))


def _drop(after: int, times: int, control: bool = False) -> Callable[[FtpServer], None]:
    def change(server: FtpServer) -> None:
        server.rules.drop = Drop(after=after, times=times, control=control)

    return change


def _limit(words: str | None = None, at: str = "connect") -> Callable[[FtpServer], None]:
    def change(server: FtpServer) -> None:
        server.rules.limit, server.rules.words = 1, words
        server.rules.refuse = "login" if at == "login" else "connect"

    return change


def _becomes(content: Content, modified: int) -> Callable[[FtpServer | SftpServer], None]:
    """Replaced when the second part is on its way."""

    def change(server: FtpServer | SftpServer) -> None:
        def replace() -> None:
            server.add(KEY, content, modified)

        server.when_sent(PART + MIB, replace)

    return change


def _without(*commands: str) -> Callable[[FtpServer], None]:
    def change(server: FtpServer) -> None:
        server.rules.unknown = frozenset(commands)

    return change


def _answers(**answers: str) -> Callable[[FtpServer], None]:
    def change(server: FtpServer) -> None:
        server.rules.answers = answers

    return change


def _words_for_size(server: FtpServer) -> None:
    server.rules.unknown = frozenset({"SIZE", "REST"})
    server.rules.words_of = dict.fromkeys(("125", "150"), "150 Opening BINARY mode data connection (1000 bytes).")


def _denied(server: FtpServer) -> None:
    server.rules.denied = frozenset({KEY})


FTP = [
    _ftp("nothing", both(OBJECT), lambda server: None),
    _ftp("data connections closed early", both(OBJECT), _drop(2_000_000, 3)),
    _ftp("data connections closed before a byte", both(OBJECT), _drop(0, 3)),
    _ftp("control connections closed midway", both(OBJECT), _drop(2_000_000, 2, control=True)),
    _ftp("data connections closed for ever", {"upload": "SourceUnavailable"}, _drop(0, 10_000)),
    _ftp("421, too many connections", both(OBJECT), _limit()),
    _ftp("530, too many logins", both(OBJECT), _limit(at="login")),
    _ftp("replaced midway, same size", both("SourceChanged"), _becomes(OTHER, START + 1000), slots=1),
    _ftp("replaced midway, other size", both("SourceChanged"), _becomes(LONGER, START), slots=1),
    _ftp("replaced midway, shorter", both("SourceChanged"), _becomes(SMALL, START), slots=1),
    _ftp("550, not to be read", both("AccessDenied"), _denied),
    _ftp("no REST", {"upload": OBJECT}, _without("REST")),
    # What has no size to rely on is streamed, for which a worker has no time.
    _ftp("REST accepted and ignored", both(OBJECT), _answers(REST="350 restarting")),
    _ftp("SIZE too small", {"upload": OBJECT, "cloud": "SourceTooLarge"}, _answers(SIZE=f"213 {PART + MIB}")),
    _ftp("SIZE zero", {"upload": OBJECT, "cloud": "SourceTooLarge"}, _answers(SIZE="213 0")),
    _ftp("SIZE refused", here(OBJECT), _answers(SIZE="550 SIZE not allowed")),
    _ftp("SIZE too small and no REST", both("SourceChanged"), _answers(SIZE=f"213 {PART + MIB}", REST="502 unknown")),
    _ftp("a size in the words of reply 150", here(OBJECT), _words_for_size),
    Fault(name="text asked for", source="ftp", arrange=lambda site: site.on_ftp() + ";type=a", outcome=both(OBJECT)),
    Fault(
        name="wrong password",
        source="ftp",
        arrange=lambda site: site.on_ftp().replace(site.ftp.url("").split("@")[0], f"ftp://{USER}:wrong"),
        outcome={"upload": "AccessDenied"},
        at_once=True,
    ),
]


def _sftp(name: str, outcome: dict[Driver, str], change: Callable[[SftpServer], object], slots: int = 2) -> Fault:
    def arrange(site: CaseEnv) -> str:
        url = site.on_sftp()
        change(site.sftp)
        return url

    return Fault(name=name, source="sftp", arrange=arrange, outcome=outcome, slots=slots)


def _cut(after: int, times: int) -> Callable[[SftpServer], None]:
    def change(server: SftpServer) -> None:
        server.rules.drop_after, server.rules.drops = after, times

    return change


SFTP = [
    _sftp("nothing", both(OBJECT), lambda server: None),
    _sftp("connections closed early", both(OBJECT), _cut(2_000_000, 3)),
    _sftp("replaced midway, same size", both("SourceChanged"), _becomes(OTHER, START + 1000), slots=1),
    _sftp("replaced midway, other size", both("SourceChanged"), _becomes(LONGER, START), slots=1),
    _sftp("another host key", both("BadSource"), lambda server: server.known_hosts.write_text(_other_key(server))),
]


def _other_key(server: SftpServer) -> str:
    import asyncssh

    key = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    return f"[127.0.0.1]:{server.port} {key}"


def _disk(name: str, outcome: str, change: Callable[[Path], object]) -> Fault:
    """The file is changed when its second part is on its way."""

    def arrange(site: CaseEnv) -> str:
        path = site.on_disk()
        site.proxy.add(upload_part(2), Do(lambda: change(Path(path))))
        return path

    return Fault(name=name, source="file", arrange=arrange, outcome=here(outcome), slots=1)


def _rewrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(PART + 3 * MIB)
        file.write(b"other bytes")


def _rewrite_and_hide(path: Path) -> None:
    """As `touch -r` after an editor, or rsync --inplace of a file of the same date."""
    status = path.stat()
    _rewrite(path)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _replace(path: Path) -> None:
    write_file(OTHER, path.with_name("fresh")).replace(path)


def _grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


DISK = [
    _disk("nothing", OBJECT, lambda path: None),
    _disk("written to midway, same size", "SourceChanged", _rewrite),
    _disk("grown midway", "SourceChanged", _grow),
    _disk("truncated midway", "SourceChanged", lambda path: os.truncate(path, PART + MIB)),
    # The file that was opened is still there, but its last name is gone: that changes its ctime as a writer does.
    _disk("replaced midway by another file", "SourceChanged", _replace),
    _disk("removed midway", "SourceChanged", lambda path: path.unlink()),
    _disk("rewritten midway, with its old time", "SourceChanged", _rewrite_and_hide),
    Fault(name="no such file", source="file", arrange=lambda site: "none.bin", outcome=here("SourceNotFound")),
    Fault(name="a folder", source="file", arrange=lambda site: str(site.folder), outcome=here("BadDestination")),
]


def _copy(name: str, outcome: str, match: Match, action: Action, times: int | None = 1) -> Fault:
    def arrange(site: CaseEnv) -> str:
        site.proxy.add(match, action, times=times)
        return site.in_s3()

    return Fault(name=name, source="s3", arrange=arrange, outcome=both(outcome), slots=1)


def _copy_of_what_changes(name: str, content: Content) -> Fault:
    def arrange(site: CaseEnv) -> str:
        site.proxy.add(upload_part(2), Do(lambda: site.put(content, "source.bin")))
        return site.in_s3()

    return Fault(name=name, source="s3", arrange=arrange, outcome=both("SourceChanged"), slots=1)


COPIES = [
    _copy("nothing", OBJECT, UPLOAD_PART, SLOW_DOWN, times=0),
    _copy("503 SlowDown for parts", OBJECT, UPLOAD_PART, SLOW_DOWN, times=3),
    _copy("500 InternalError for parts", OBJECT, UPLOAD_PART, INTERNAL_ERROR, times=3),
    _copy("error in a copied part's 200", OBJECT, UPLOAD_PART, ERROR_IN_200, times=2),
    _copy("parts reset", OBJECT, UPLOAD_PART, ResetBefore(), times=2),
    _copy("answers to parts lost", OBJECT, UPLOAD_PART, LoseReply(), times=2),
    _copy("permission denied midway", "AccessDenied", upload_part(2), ACCESS_DENIED, times=None),
    _copy("removed midway", "SourceNotFound", upload_part(2), Respond(404, "NoSuchKey"), times=None),
    _copy_of_what_changes("replaced midway, same size", OTHER),
    _copy_of_what_changes("replaced midway, other size", LONGER),
]

FILES = [*FTP, *SFTP, *DISK, *COPIES]
