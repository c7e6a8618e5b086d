"""One request by itself."""

from __future__ import annotations

import pycurl

from s3am_cloud.limits import MAX_IGNORED, PATIENCE_SECONDS
from s3am_cloud.ports.pace import ShouldStop, never_stop
from s3am_cloud.ports.transfer import Clock

_TURN_SECONDS = 0.25


def perform(
    easy: pycurl.Curl,
    clock: Clock,
    should_stop: ShouldStop = never_stop,
    patience: float = PATIENCE_SECONDS,
    multi: pycurl.CurlMulti | None = None,
) -> tuple[int, str]:
    """libcurl's error number, 0 for none, and its words; a request that `should_stop` ends has none.

    Turn by turn, so that Ctrl-C is heard, and `should_stop` called, while a server says nothing. It ends after
    `patience` seconds, and where more comes than was requested, such as a redirect's body without an end. Requests that
    are given one `multi` use each other's connections; it stays open.
    """
    own = multi is None
    multi = multi or pycurl.CurlMulti()
    multi.add_handle(easy)
    try:
        until = clock.monotonic() + patience
        while multi.perform()[1] and not should_stop():
            if clock.monotonic() >= until or int(easy.getinfo(pycurl.SIZE_DOWNLOAD_T)) > MAX_IGNORED:
                return pycurl.E_OPERATION_TIMEDOUT, ""
            if multi.select(_TURN_SECONDS) < 0:
                clock.sleep(0.01)  # no socket to wait for yet, as while a name is looked up
        failed = multi.info_read()[2]
    finally:
        multi.remove_handle(easy)
        if own:
            multi.close()
    return (int(failed[0][1]), str(failed[0][2])) if failed else (0, "")
