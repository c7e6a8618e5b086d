"""One request by itself."""

from __future__ import annotations

import pycurl

from s3am_cloud.pace import Over, never
from s3am_cloud.ports import Clock

_TURN_SECONDS = 0.25


def perform(easy: pycurl.Curl, clock: Clock, over: Over = never) -> tuple[int, str]:
    """libcurl's error number, 0 for none, and its words; what `over` ends has none.

    Turn by turn, so that Ctrl-C is heard, and `over` asked, while a server says nothing.
    """
    multi = pycurl.CurlMulti()
    multi.add_handle(easy)
    try:
        while multi.perform()[1] and not over():
            if multi.select(_TURN_SECONDS) < 0:
                clock.sleep(0.01)  # no socket to wait for yet, as while a name is looked up
        failed = multi.info_read()[2]
    finally:
        multi.remove_handle(easy)
        multi.close()
    return (int(failed[0][1]), str(failed[0][2])) if failed else (0, "")
