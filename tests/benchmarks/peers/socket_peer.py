"""What the kernel takes: download URL SIZE and upload FILE URL keep nothing, store URL FILE keeps all of one answer.

download and upload show what the server can do, store what every program takes that has a socket and a file.
"""

import os
import socket
import ssl
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

CONNECTIONS = 4
BUFFER = 1 << 20

job, first, second = sys.argv[1:]
where = urlsplit(second if job == "upload" else first)


def connected(request: str) -> socket.socket:
    sock = socket.create_connection((where.hostname, where.port))
    if where.scheme == "https":
        sock = ssl.create_default_context().wrap_socket(sock, server_hostname=where.hostname)
    sock.sendall(f"{request}\r\nHost: {where.netloc}\r\nConnection: close\r\n\r\n".encode())
    return sock


def fetch(begin: int, end: int) -> int:
    """Reads a range; the bytes of its body."""
    buffer = memoryview(bytearray(BUFFER))
    with connected(f"GET {where.path} HTTP/1.1\r\nRange: bytes={begin}-{end - 1}") as sock:
        head = bytearray()
        while b"\r\n\r\n" not in head:
            head += sock.recv(4096)
        count = len(head) - head.index(b"\r\n\r\n") - 4
        while count < end - begin and (more := sock.recv_into(buffer)):
            count += more
    return count


def download(size: int) -> None:
    places = [size * turn // CONNECTIONS for turn in range(CONNECTIONS + 1)]
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        count = sum(pool.map(fetch, places, places[1:]))
    if count != size:
        sys.exit(f"{count} bytes instead of {size}")


def upload(file: Path) -> None:
    size = file.stat().st_size
    with connected(f"PUT {where.path} HTTP/1.1\r\nContent-Length: {size}") as sock, file.open("rb") as opened:
        if isinstance(sock, ssl.SSLSocket):
            for place in range(0, size, BUFFER):
                sock.sendall(os.pread(opened.fileno(), BUFFER, place))
        else:
            sock.sendfile(opened)
        if not sock.recv(4096).startswith(b"HTTP/1.1 200"):
            sys.exit("refused")


def store(path: Path) -> None:
    buffer = memoryview(bytearray(BUFFER))
    with connected(f"GET {where.path} HTTP/1.1") as sock, path.open("wb", buffering=0) as file:
        head = bytearray()
        while not head.endswith(b"\r\n\r\n"):
            head += sock.recv(1)
        left = int(head.lower().partition(b"content-length:")[2].split()[0])
        while left and (more := sock.recv_into(buffer)):
            left -= file.write(buffer[:more])


if job == "download":
    download(int(second))
elif job == "store":
    store(Path(second))
else:
    upload(Path(first))
