"""An S3 that costs next to nothing, so that it is not what a benchmark measures.

Objects that are read are files, sent by sendfile; of what is written only length and CRC64NVME are kept. It checks no
signature and keeps no promise of S3's but what the tools of the benchmark need. `--rate` limits each connection's
downloads, as many public servers do, and `--latency` has each wait. DELETE forgets what was written.

    python -m benchmarks.fast_s3 FOLDER [--certificate FILE KEY] [--rate BYTES_PER_SECOND] [--latency SECONDS]

It prints its port.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from awscrt.checksums import combine_crc64nvme

from benchmarks.stored import Stored, crc_of
from benchmarks.wire import Connection, Request

_DATE = "Fri, 02 Jan 2026 03:04:05 GMT"
_ISO = "2026-01-02T03:04:05.000Z"
_XML = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
_SLICE = 1 << 18
_PAGE = 1000
# What a GET asks for that is not an object's bytes.
_QUESTIONS = {"uploadId", "uploads", "tagging", "location", "list-type", "prefix", "attributes", "acl"}


@dataclass
class Answer:
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class FastS3:
    """What the server knows: objects by path, parts by upload id."""

    def __init__(self, folder: Path, rate: int | None = None, latency: float = 0.0) -> None:
        self._folder, self._rate, self._latency = folder, rate, latency
        self._objects: dict[str, Stored] = {}
        self._uploads: dict[str, dict[int, Stored]] = {}
        self._lock = threading.Lock()

    def serve(self, sock: socket.socket) -> None:
        """One connection, to its end."""
        connection = Connection(sock)
        with contextlib.suppress(OSError), sock:
            while (request := connection.request()) is not None:
                found = (
                    self._object(request) if request.method == "GET" and not _QUESTIONS & set(request.query) else None
                )
                if found is not None and found.file is not None:
                    self._send_file(connection, request, found, found.file)
                else:
                    _send(connection, request, self._answer(connection, request))

    def _object(self, request: Request) -> Stored | None:
        path = request.path
        if path not in self._objects:
            file = self._folder / path.lstrip("/")
            if file.is_file():
                self._objects[path] = Stored(file.stat().st_size, crc_of(file, 0, file.stat().st_size), file)
        return self._objects.get(path)

    def _answer(self, connection: Connection, request: Request) -> Answer:
        match request.method:
            case "HEAD" | "GET":
                return self._look(request)
            case "PUT":
                return self._put(connection, request)
            case "POST":
                return self._post(connection, request)
            case _:
                forgotten: dict[str, Any] = self._uploads if "uploadId" in request.query else self._objects
                forgotten.pop(request.query.get("uploadId", request.path), None)
                return Answer(204)

    def _look(self, request: Request) -> Answer:
        if request.path.count("/") < 2 or request.path.endswith("/"):
            return self._bucket(request)
        if "uploadId" in request.query:
            return self._parts(request)
        if "tagging" in request.query:
            return _xml(f"<Tagging {_XML}><TagSet></TagSet></Tagging>")
        found = self._object(request)
        if found is None:
            return Answer(404)
        return Answer(200, {**_object_headers(found), "content-length": str(found.size)})

    def _bucket(self, request: Request) -> Answer:
        if "location" in request.query:
            return _xml(f"<LocationConstraint {_XML}></LocationConstraint>")
        if "uploads" in request.query:
            return _xml(
                f"<ListMultipartUploadsResult {_XML}><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>"
            )
        prefix, bucket = request.query.get("prefix", ""), request.path.strip("/")
        for file in (self._folder / bucket).rglob("*") if request.query else ():
            self._object(Request("GET", f"/{file.relative_to(self._folder)}", {}, {}))
        after = request.query.get("continuation-token", "")
        if "marker" in request.query:  # of the first version of the call, which rclone uses
            after = f"/{bucket}/{request.query['marker']}"
        listed = sorted(path for path in self._objects if path.startswith(f"/{bucket}/{prefix}") and path > after)
        found = "".join(
            f"<Contents><Key>{path.split('/', 2)[2]}</Key><LastModified>{_ISO}</LastModified>"
            f"<ETag>{self._objects[path].etag}</ETag>"
            f"<Size>{self._objects[path].size}</Size><StorageClass>STANDARD</StorageClass></Contents>"
            for path in listed[:_PAGE]
        )
        more = len(listed) > _PAGE
        last = listed[_PAGE - 1] if more else ""
        token = f"<NextContinuationToken>{last}</NextContinuationToken>" if more else ""
        token += f"<NextMarker>{last.split('/', 2)[2]}</NextMarker>" if more else ""
        answer = _xml(
            f"<ListBucketResult {_XML}><Name>{bucket}</Name><IsTruncated>{str(more).lower()}</IsTruncated>{token}"
            f"{found}</ListBucketResult>"
        )
        answer.headers["x-amz-bucket-region"] = "us-east-1"
        return answer

    def _parts(self, request: Request) -> Answer:
        parts = self._uploads.get(request.query["uploadId"])
        if parts is None:
            return _xml("<Error><Code>NoSuchUpload</Code></Error>", 404)
        after = int(request.query.get("part-number-marker", 0))
        listed = sorted((number, part) for number, part in parts.items() if number > after)
        page = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{part.etag}</ETag><Size>{part.size}</Size>"
            f"<LastModified>{_ISO}</LastModified><ChecksumCRC64NVME>{part.checksum}</ChecksumCRC64NVME></Part>"
            for number, part in listed[:1000]
        )
        more = len(listed) > 1000
        marker = listed[999][0] if more else 0
        return _xml(
            f"<ListPartsResult {_XML}><ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm>"
            f"<ChecksumType>FULL_OBJECT</ChecksumType><IsTruncated>{str(more).lower()}</IsTruncated>"
            f"<NextPartNumberMarker>{marker}</NextPartNumberMarker>{page}</ListPartsResult>"
        )

    def _put(self, connection: Connection, request: Request) -> Answer:
        stored = self._copied(request) or Stored(*connection.body(request))
        if "partNumber" in request.query:
            self._uploads[request.query["uploadId"]][int(request.query["partNumber"])] = stored
        elif request.path.count("/") > 1:
            if request.headers.get("if-none-match") == "*" and request.path in self._objects:
                return _xml("<Error><Code>PreconditionFailed</Code></Error>", 412)
            stored.headers = _kept(request)
            self._objects[request.path] = stored
        if "x-amz-copy-source" in request.headers:
            kind = "CopyPartResult" if "partNumber" in request.query else "CopyObjectResult"
            return _xml(f"<{kind} {_XML}><LastModified>{_ISO}</LastModified><ETag>{stored.etag}</ETag></{kind}>")
        return Answer(200, {"etag": stored.etag, "x-amz-checksum-crc64nvme": stored.checksum})

    def _copied(self, request: Request) -> Stored | None:
        if "x-amz-copy-source" not in request.headers:
            return None
        path = "/" + request.headers["x-amz-copy-source"].split("?")[0].lstrip("/")
        source = self._object(Request("GET", path, {}, {}))
        if source is None or source.file is None:
            raise ConnectionError(f"no source {path}")
        if "x-amz-copy-source-range" not in request.headers:
            return Stored(source.size, source.crc, source.file)
        first, _, last = request.headers["x-amz-copy-source-range"].removeprefix("bytes=").partition("-")
        length = int(last) - int(first) + 1
        return Stored(length, crc_of(source.file, int(first), length))

    def _post(self, connection: Connection, request: Request) -> Answer:
        body = connection.text(request)
        if "uploads" in request.query:
            with self._lock:
                upload_id = f"upload{len(self._uploads)}"
                self._uploads[upload_id] = {}
            answer = _xml(
                f"<InitiateMultipartUploadResult {_XML}><UploadId>{upload_id}</UploadId>"
                "</InitiateMultipartUploadResult>"
            )
            answer.headers |= {"x-amz-checksum-algorithm": "CRC64NVME", "x-amz-checksum-type": "FULL_OBJECT"}
            return answer
        if "uploadId" not in request.query:
            return Answer(501)
        numbers = [
            int(item.text or 0) for item in ElementTree.fromstring(body).iter() if item.tag.endswith("PartNumber")
        ]
        parts = self._uploads.pop(request.query["uploadId"])
        whole = Stored(0, 0)
        for number in numbers:
            part = parts[number]
            whole = Stored(whole.size + part.size, combine_crc64nvme(whole.crc, part.crc, part.size))
        self._objects[request.path] = whole
        return _xml(
            f"<CompleteMultipartUploadResult {_XML}><ETag>{whole.etag}</ETag>"
            f"<ChecksumCRC64NVME>{whole.checksum}</ChecksumCRC64NVME><ChecksumType>FULL_OBJECT</ChecksumType>"
            "</CompleteMultipartUploadResult>"
        )

    def _send_file(self, connection: Connection, request: Request, found: Stored, file: Path) -> None:
        first, length, status = 0, found.size, "200 OK"
        headers = _object_headers(found)
        if request.headers.get("range", "").startswith("bytes="):
            begin, _, end = request.headers["range"].removeprefix("bytes=").partition("-")
            first = int(begin) if begin else found.size - int(end)
            length = min(int(end) + 1 if begin and end else found.size, found.size) - first
            status = "206 Partial Content"
            # S3 tells it with the whole object only, and boto3 would hold a range to it.
            del headers["x-amz-checksum-crc64nvme"], headers["x-amz-checksum-type"]
            headers["content-range"] = f"bytes {first}-{first + length - 1}/{found.size}"
        headers["content-length"] = str(length)
        if self._latency:
            time.sleep(self._latency)
        connection.sock.sendall(_head(status, headers))
        with file.open("rb") as opened:
            if self._rate is None and not isinstance(connection.sock, ssl.SSLSocket):
                connection.sock.sendfile(opened, first, length)
            else:
                _send_slices(connection.sock, opened.fileno(), first, length, self._rate)


def _send_slices(sock: socket.socket, descriptor: int, first: int, length: int, rate: int | None) -> None:
    """Over TLS too: `sendfile` would send 8 KiB at a time there."""
    begin, sent = time.monotonic(), 0
    while sent < length:
        sock.sendall(os.pread(descriptor, min(_SLICE, length - sent), first + sent))
        sent += min(_SLICE, length - sent)
        if rate is not None:
            time.sleep(max(0.0, begin + sent / rate - time.monotonic()))


def _object_headers(found: Stored) -> dict[str, str]:
    return {
        "etag": found.etag,
        "last-modified": _DATE,
        "accept-ranges": "bytes",
        "content-type": "binary/octet-stream",
        "x-amz-checksum-crc64nvme": found.checksum,
        "x-amz-checksum-type": "FULL_OBJECT",
        **found.headers,
    }


def _kept(request: Request) -> dict[str, str]:
    return {name: value for name, value in request.headers.items() if name.startswith("x-amz-meta-")}


def _xml(text: str, status: int = 200) -> Answer:
    return Answer(status, {"content-type": "application/xml"}, f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode())


def _send(connection: Connection, request: Request, answer: Answer) -> None:
    headers = {"content-length": str(len(answer.body)), **answer.headers}
    body = b"" if request.method == "HEAD" else answer.body
    connection.sock.sendall(_head(f"{answer.status} Said", headers) + body)


def _head(status: str, headers: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Date: {_DATE}", "x-amz-request-id: 1"]
    return "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode("latin-1")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--certificate", nargs=2)
    parser.add_argument("--rate", type=int)
    parser.add_argument("--latency", type=float, default=0.0)
    given = parser.parse_args()
    server, listening = (
        FastS3(given.folder, given.rate, given.latency),
        socket.create_server(("127.0.0.1", 0), backlog=256),
    )
    context = None
    if given.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*given.certificate)
    print(listening.getsockname()[1], flush=True)
    while True:
        sock, _ = listening.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=_serve, args=(server, sock, context), daemon=True).start()


def _serve(server: FastS3, sock: socket.socket, context: ssl.SSLContext | None) -> None:
    with contextlib.suppress(OSError):
        server.serve(context.wrap_socket(sock, server_side=True) if context else sock)


if __name__ == "__main__":
    main()
