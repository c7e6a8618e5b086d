"""The loop that drives libcurl, against a real server."""

from __future__ import annotations

import socketserver
import threading
from pathlib import Path

import pycurl

from s3am_cloud.adapters.clock import SystemClock
from s3am_cloud.adapters.curl.transport.loop import Loop
from servers.certificates import make_certificate
from servers.content import pattern
from servers.faulty_http import FaultyHttp
from servers.sockets import TrackingServer
from support.command import eventually


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


class _Answer(socketserver.StreamRequestHandler):
    """One answer for each connection."""

    def handle(self) -> None:
        while self.rfile.readline().strip():
            pass
        self.wfile.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")


def test_a_new_connection_goes_on_with_the_tls_session_of_an_earlier_one(tmp_path: Path) -> None:
    certificate, loop, ended = make_certificate(tmp_path), Loop(SystemClock()), list[int]()
    server = TrackingServer(_Answer, certificate)
    threading.Thread(target=server.serve_forever, args=(0.02,)).start()
    for count in (1, 2, 3):
        easy = _get(f"https://127.0.0.1:{server.port}/", len)
        easy.setopt(pycurl.CAINFO, str(certificate.file))
        loop.start(easy, lambda number, message: ended.append(number))
        while len(ended) < count:
            loop.turn()
    loop.close()
    eventually(lambda: server.resumed == 2 or None, "the server to have seen them end")
    server.stop()
    assert ended == [0, 0, 0]


def _get(url: str, take: object) -> pycurl.Curl:
    easy = pycurl.Curl()
    easy.setopt(pycurl.URL, url)
    easy.setopt(pycurl.NOPROXY, "*")
    easy.setopt(pycurl.WRITEFUNCTION, take)
    return easy
