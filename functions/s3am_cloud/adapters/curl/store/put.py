"""One PUT whose body is streamed with its CRC64NVME behind it, so that S3 itself refuses bytes that changed.

The body is a single `aws-chunked` chunk followed by the trailer ("Signature calculations for trailing headers", Amazon
S3 API reference); its total length is known beforehand, so nothing is buffered. A store that takes no trailer gets the
bytes alone. Until a store is seen to answer with the CRC64NVME that it computed, their MD5 is computed as well: at most
stores it is the ETag of what came in one request.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pycurl

from s3am_cloud.adapters.curl.transport.easy import CurlSettings, Response, go_to, new_easy, set_headers
from s3am_cloud.adapters.curl.transport.loop import Loop
from s3am_cloud.adapters.curl.transport.pipes import BodySource
from s3am_cloud.checksums.crc64nvme import ALGORITHM, EMPTY, encode
from s3am_cloud.limits import MAX_STORE_ANSWER

CHUNKED = "aws-chunked"
TRAILER = "x-amz-checksum-crc64nvme"
PAYLOAD = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
PLAIN_PAYLOAD = "UNSIGNED-PAYLOAD"

SignedPut = Callable[[dict[str, str]], tuple[str, dict[str, str]]]
# libcurl's error number and words, the answer's head, and its body.
Answered = Callable[[int, str, Response, bytes], None]


def body_headers(length: int) -> dict[str, str]:
    """The headers, to be signed, that announce `length` bytes with a trailing checksum.

    Buckets with Object Lock and a default retention look for the name of the checksum's algorithm, as AWS's own SDKs
    send it, and take no request without.
    """
    return {
        "Content-Encoding": CHUNKED,
        "x-amz-sdk-checksum-algorithm": ALGORITHM,
        "x-amz-content-sha256": PAYLOAD,
        "x-amz-decoded-content-length": str(length),
        "x-amz-trailer": TRAILER,
    }


def _head(length: int) -> bytes:
    return f"{length:x}\r\n".encode() if length else b""


def _tail(length: int, crc: int) -> bytes:
    return (b"\r\n" if length else b"") + f"0\r\n{TRAILER}:{encode(crc)}\r\n\r\n".encode()


def encoded_length(length: int) -> int:
    return len(_head(length)) + length + len(_tail(length, EMPTY))


class Sums:
    """The MD5 of a body's content and, if `all_sent`, of all that was sent, framing included."""

    def __init__(self, all_sent: bool) -> None:
        self._content = hashlib.md5(usedforsecurity=False)
        self._sent = hashlib.md5(usedforsecurity=False) if all_sent else None

    def framing(self, data: bytes) -> None:
        if self._sent is not None:
            self._sent.update(data)

    def content_bytes(self, data: bytes) -> None:
        self._content.update(data)
        self.framing(data)

    @property
    def content(self) -> str:
        return self._content.hexdigest()

    @property
    def sent(self) -> str | None:
        return None if self._sent is None else self._sent.hexdigest()


class StreamedPut:
    """Sends `length` bytes from `body`; `answered` hears how that ended. `url` is where they went last."""

    def __init__(
        self, loop: Loop, settings: CurlSettings, signed: SignedPut, length: int, body: BodySource, answered: Answered
    ) -> None:
        self._loop, self._settings, self._signed = loop, settings, signed
        self._length, self._body, self._answered = length, body, answered
        self._easy: pycurl.Curl | None = None
        self.url = ""
        # Whether any byte was sent since somebody last set this to False.
        self.moved = False
        # What is still to be sent: framing, and then bytes of the body.
        self._framed, self._front, self._left = True, b"", length
        self._tail_made = self._paused = False
        self._head, self._answer = list[bytes](), b""
        # None where the store's answer will have a CRC64NVME.
        self.sums: Sums | None = None

    def start(self, framed: bool = True, sums: Sums | None = None, expects: bool = True) -> None:
        """Begins at the first byte. Without `framed` the body has no trailer; `sums` sees all bytes.

        If it `expects`, the store is asked first whether it wants a large body (RFC 9110, section 10.1.1).
        """
        self._framed, self.sums = framed, sums
        self._front, self._left = _head(self._length) if framed else b"", self._length
        # libcurl asks for nothing beyond the length that it knows, so a plain body has no tail to wait for.
        self._tail_made, self._paused = not framed and not self._length, False
        self._head, self._answer = [], b""
        announced = body_headers(self._length) if framed else {"x-amz-content-sha256": PLAIN_PAYLOAD}
        self.url, headers = self._signed(announced)
        # Its options but those below are alike for one server.
        kind = f"PUT {self.url[: self.url.find('/', len('https://'))]}"
        easy = self._loop.spare(kind) or _put_handle(self._settings, self.url)
        easy.setopt(pycurl.URL, self.url)
        easy.setopt(pycurl.INFILESIZE_LARGE, encoded_length(self._length) if framed else self._length)
        set_headers(easy, headers, without=() if expects else ("Expect",))
        easy.setopt(pycurl.READFUNCTION, self._read)
        # Lines are read at the end: a call of Python's for each takes longer than to parse it.
        easy.setopt(pycurl.HEADERFUNCTION, self._head.append)
        easy.setopt(pycurl.WRITEFUNCTION, self._take_answer)
        self._easy = easy
        self.moved = True
        self._loop.start(easy, self._done, kind)

    def stop(self) -> None:
        if self._easy is not None:
            self._loop.stop(self._easy)
            self._easy = None

    def resume(self) -> None:
        """There are bytes to be had again."""
        if self._paused and self._easy is not None:
            self._paused = False
            self._loop.unpause(self._easy)

    @property
    def waits_for_source(self) -> bool:
        return self._paused

    @property
    def sent(self) -> bool:
        """Whether all bytes are with libcurl, and the answer is what is waited for."""
        return self._tail_made

    def _read(self, most: int) -> bytes | int:
        self.moved = True
        if self._front:
            data, self._front = self._front[:most], self._front[most:]
            if self.sums:
                self.sums.framing(data)
            return data
        if self._left:
            given = self._body.take(min(most, self._left))
            if given is None:
                self._paused = True
                return int(pycurl.READFUNC_PAUSE)
            self._left -= len(given)
            self._tail_made = not self._framed and not self._left
            if self.sums:
                self.sums.content_bytes(given)
            return given
        if not self._tail_made:
            self._tail_made = True
            self._front = _tail(self._length, self._body.crc)
            return self._read(most)
        return b""

    def _take_answer(self, data: bytes) -> int:
        self._answer += data
        return len(data) if len(self._answer) <= MAX_STORE_ANSWER else 0

    def _done(self, number: int, message: str) -> None:
        self._easy = None
        response = Response()
        for line in self._head:
            response.take_line(line)
        self._answered(number, message, response, self._answer)


def _put_handle(settings: CurlSettings, url: str) -> pycurl.Curl:
    easy = new_easy(settings)
    go_to(easy, url)
    easy.setopt(pycurl.UPLOAD, 1)
    return easy
