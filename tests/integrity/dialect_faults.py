"""Servers that have to be spoken to in a way of their own: what is right arrives, what is not has a name."""

import hashlib
import re
from collections.abc import Callable

from integrity.case_env import PART, CaseEnv
from integrity.faults import OBJECT, Driver, Fault, both, here
from s3am_cloud.checksums.crc64nvme import encode, update
from servers import endless
from servers.endless import serving
from servers.proxy_rules import EditReplyHead, upload_part

MOVED = "HTTP/1.1 302 Found\r\nSet-Cookie: session=ok; Path=/\r\nLocation: /x.bin\r\nContent-Length: 0\r\n\r\n"
CHALLENGE = 'WWW-Authenticate: Digest realm="data", qop="auth", nonce="abc123", algorithm=MD5\r\n'
DENIED = f"HTTP/1.1 401 Unauthorized\r\n{CHALLENGE}Content-Length: 0\r\n\r\n"
USER, PASSWORD = "ann", "s3cret"


def _served(
    name: str, outcome: dict[Driver, str], first: str, may_come_in: Callable[[str], bool], login: str = ""
) -> Fault:
    """A server that answers `first` to whoever may not come in."""

    def arrange(site: CaseEnv) -> str:
        def answer(message: bytes) -> bytes:
            if not may_come_in(message.decode()):
                return first.encode()
            asked = re.search(rb"bytes=(\d+)-(\d*)", message)
            assert asked is not None
            start, end = int(asked[1]), int(asked[2] or site.content.size - 1)
            return endless.partial(start, end, site.content.size) + site.content.read(start, end - start + 1)

        server = serving(answer)
        url = server.__enter__().url()
        site.at_end(lambda: server.__exit__(None, None, None))
        return url.replace("//", f"//{login}")

    return Fault(name=name, source="http", arrange=arrange, outcome=outcome)


def _has_cookie(head: str) -> bool:
    return "Cookie: session=ok" in head


def _has_digest(head: str) -> bool:
    """Whether the login is right (RFC 7616, section 3.4.1)."""
    found = re.search(r"^Authorization: Digest (.*?)\r?$", head, re.MULTILINE)
    if found is None:
        return False
    said = dict(re.findall(r'(\w+)="?([^",]+)"?', found[1]))
    secret, asked = _md5(f"{USER}:data:{PASSWORD}"), _md5(f"GET:{said['uri']}")
    due = ":".join([secret, said["nonce"], said["nc"], said["cnonce"], said["qop"], asked])
    return bool(said["response"] == _md5(due))


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _framing_is_kept(site: CaseEnv) -> str:
    """The store takes the framing of aws-chunked bodies for content, as the ETag of the first part shows."""
    data = bytes(site.content.read(0, PART))
    trailer = f"\r\n0\r\nx-amz-checksum-crc64nvme:{encode(update(0, data))}\r\n\r\n".encode()
    kept = hashlib.md5(f"{PART:x}\r\n".encode() + data + trailer, usedforsecurity=False).hexdigest()
    said = f'\r\nETag: "{kept}"\r\nContent-Length: 0\r\n\r\n'
    site.proxy.add(upload_part(1), EditReplyHead(rb"(?s)\r\n.*", said.encode()))
    return site.on_http()


DIALECTS = [
    _served("a redirect that needs a cookie", both(OBJECT), MOVED, _has_cookie),
    _served("Digest login", here(OBJECT), DENIED, _has_digest, f"{USER}:{PASSWORD}@"),
    _served("Digest login with a wrong password", here("AccessDenied"), DENIED, _has_digest, f"{USER}:wrong@"),
    Fault(
        name="a store that keeps the framing of bodies",
        source="http",
        arrange=_framing_is_kept,
        outcome=both("SpoiledByStore"),
        said="framing",
        slots=1,
    ),
]
