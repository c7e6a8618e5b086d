"""The loop that drives libcurl, against a real server."""

from __future__ import annotations

import pycurl

from s3am_cloud.adapters.clock import SystemClock
from s3am_cloud.adapters.curl.loop import Loop
from servers.content import pattern
from servers.faulty_http import FaultyHttp


def test_what_is_refused_when_a_pause_ends_ends_that_request_and_no_other(http_server: FaultyHttp) -> None:
    """libcurl hands over what the pause held back in the very call that ends it, and tells a refusal there alone."""
    loop, ended, asked = Loop(SystemClock()), dict[str, int](), list[bytes]()
    url = http_server.add("/x", pattern(1 << 20))

    def refuse_after_a_pause(data: bytes) -> int:
        asked.append(data)
        return int(pycurl.WRITEFUNC_PAUSE) if len(asked) == 1 else 0

    paused = _get(url, refuse_after_a_pause)
    loop.start(paused, lambda number, message: ended.update(refused=number))
    while not asked:
        loop.turn()
    loop.start(_get(url, len), lambda number, message: ended.update(whole=number))
    loop.unpause(paused)
    while "whole" not in ended:
        loop.turn()
    loop.close()
    assert ended == {"refused": pycurl.E_WRITE_ERROR, "whole": 0}
    assert len(asked) == 2


def _get(url: str, take: object) -> pycurl.Curl:
    easy = pycurl.Curl()
    easy.setopt(pycurl.URL, url)
    easy.setopt(pycurl.NOPROXY, "*")
    easy.setopt(pycurl.WRITEFUNCTION, take)
    return easy
