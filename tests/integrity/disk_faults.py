"""What happens on the disk that a download is written to, by others and by itself, and what comes of it."""

import fcntl
import os
from collections.abc import Callable

from integrity.case_env import KEY, CaseEnv
from integrity.faults import OBJECT, Fault, down
from servers.proxy_rules import Do
from support.stored import CONTENT_READ

PARTIAL, PROGRESS = f".{KEY}.partial", f".{KEY}.progress"


def _before(name: str, outcome: str, change: Callable[[CaseEnv], object], overwrite: bool = False) -> Fault:
    """What is there before the download begins."""

    def arrange(site: CaseEnv) -> str:
        site.put(site.content)
        change(site)
        return site.destination

    return Fault(name=name, source="s3", arrange=arrange, outcome=down(outcome), overwrite=overwrite)


def _midway(name: str, outcome: str, change: Callable[[CaseEnv], object], overwrite: bool = False) -> Fault:
    """What happens when the second range is asked for."""

    def arrange(site: CaseEnv) -> str:
        site.put(site.content)
        site.proxy.add(CONTENT_READ, Do(lambda: change(site)), skip=1)
        return site.destination

    return Fault(name=name, source="s3", arrange=arrange, outcome=down(outcome), slots=1, overwrite=overwrite)


def _is_held(site: CaseEnv) -> None:
    descriptor = os.open(site.folder / PARTIAL, os.O_RDWR | os.O_CREAT)
    site.at_end(lambda: os.close(descriptor))
    fcntl.flock(descriptor, fcntl.LOCK_EX)


def _link(name: str) -> Callable[[CaseEnv], None]:
    def plant(site: CaseEnv) -> None:
        (site.folder / name).symlink_to("victim")

    return plant


def _remove_partial(site: CaseEnv) -> None:
    (site.folder / PARTIAL).unlink()


def _replace_partial(site: CaseEnv) -> None:
    (site.folder / "other").write_bytes(bytes(site.content.size))
    (site.folder / "other").replace(site.folder / PARTIAL)


def _restart(site: CaseEnv) -> None:
    """Somebody removes both files and begins anew: those are not ours."""
    for name in (PARTIAL, PROGRESS):
        (site.folder / name).unlink()
        (site.folder / name).write_bytes(b"theirs")


def _fifo(site: CaseEnv) -> None:
    os.mkfifo(site.file)


def _limit_size(site: CaseEnv) -> None:
    site.environment["TEST_FILE_LIMIT"] = "1000000"


DOWNLOADS_TO_DISK = [
    _before("another download to the name is at work", "DownloadBusy", _is_held),
    _before("the destination is a folder", "BadDestination", lambda site: (site.file / KEY).mkdir(parents=True)),
    _before("the destination is a link to nothing yet", OBJECT, _link(KEY)),
    _before("no file may be so large", "FileTooLarge", _limit_size),
    _before("the partial file's name is a link", "BadDestination", _link(PARTIAL)),
    _before("the progress file's name is a link", "PartialDownloadExists", _link(PROGRESS)),
    _midway("the partial file is removed", "JobFailed", _remove_partial),
    _midway("the partial file is replaced", "JobFailed", _replace_partial),
    _midway("another download is begun by hand", "JobFailed", _restart),
    _midway("a FIFO takes the name", "BadDestination", _fifo, overwrite=True),
]
