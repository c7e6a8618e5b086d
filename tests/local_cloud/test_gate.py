"""The embedded cloud obeys its owner, and neither a web page nor another user of the machine."""

from __future__ import annotations

import http.client
import http.server
import json
import os
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_cloud.probes import Probes
from s3am_cloud_cli.local_cloud import LocalCloud
from s3am_cloud_cli.local_cloud.gate import refusal
from s3am_cloud_cli.local_cloud.state import Server, StateFolder

SERVER = Server(pid=1, port=4566, access_key_id="AKIAOWNER", secret_access_key="secret")
SIGNED = "AWS4-HMAC-SHA256 Credential={}/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
OWNERS = {"Host": "127.0.0.1:4566", "Authorization": SIGNED.format("AKIAOWNER")}
RESET = "/_ministack/reset"
INVOKE = "/2015-03-31/functions/probe/invocations"
ANOTHER_USER = 54321
CHROMIUM = shutil.which("chromium")


def judged(headers: dict[str, str], path: str = "/bucket/key", query: str = "") -> str | None:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return refusal({"type": "http", "path": path, "headers": raw, "query_string": query.encode()}, SERVER)


def test_the_owner_is_answered_by_either_name_of_the_machine() -> None:
    assert judged(OWNERS) is None
    assert judged({**OWNERS, "Host": "localhost:4566"}) is None
    assert judged({"Host": "127.0.0.1:4566"}, query="X-Amz-Credential=AKIAOWNER%2F20260101%2Fus-east-1") is None


@pytest.mark.parametrize(
    ("headers", "path", "query"),
    [
        pytest.param({"Authorization": ""}, "/", "", id="unsigned"),
        pytest.param({"Authorization": SIGNED.format("test")}, "/", "", id="another key"),
        pytest.param({"Authorization": SIGNED.format("AKIAOWNE")}, "/", "", id="a part of the key"),
        pytest.param({"Authorization": SIGNED.format("000000000000")}, "/", "", id="the account's number"),
        pytest.param({"Authorization": SIGNED.format("ключ")}, "/", "", id="a key beyond ASCII"),
        pytest.param({"Authorization": "AWS AKIAOWNER:sig"}, "/", "", id="an old kind of signature"),
        pytest.param(
            {"Authorization": "AWS4-HMAC-SHA256 x"}, "/", "X-Amz-Credential=AKIAOWNER/1", id="signed, and presigned"
        ),
        pytest.param({"Authorization": "Bearer AKIAOWNER/"}, "/", "", id="a bearer token"),
        pytest.param({"Host": "evil.example:4566"}, "/", "", id="a name of somebody else's"),
        pytest.param({"Host": "127.0.0.1"}, "/", "", id="no port"),
        pytest.param({"Host": "127.0.0.1:4567"}, "/", "", id="another port"),
        pytest.param({"Host": "127.0.0.1:4566.evil.example"}, "/", "", id="a longer name"),
        pytest.param({"Host": ""}, "/", "", id="no name"),
        pytest.param({"Origin": "http://evil.example"}, "/", "", id="a page of another site"),
        pytest.param({"Origin": "null"}, "/", "", id="a page without a site"),
        pytest.param({"oRiGiN": "http://127.0.0.1:4566"}, "/", "", id="a page of its own"),
        pytest.param({"Sec-Fetch-Site": "none"}, "/", "", id="an address typed into a browser"),
        pytest.param({"Access-Control-Request-Method": "POST"}, "/", "", id="a browser's question"),
        pytest.param({}, RESET, "", id="reset"),
        pytest.param({}, "//_ministack/reset", "", id="reset, two slashes"),
        pytest.param({}, "/_ministack/config", "", id="settings"),
        pytest.param({}, "/_localstack/health", "", id="the other emulator's"),
        pytest.param({}, "/_aws/execute-api/x", "", id="unsigned APIs"),
    ],
)
def test_nobody_else_is(headers: dict[str, str], path: str, query: str) -> None:
    assert judged({**OWNERS, **headers}, path, query) is not None


def test_a_request_with_two_hosts_or_none_is_refused() -> None:
    raw = [(b"host", b"127.0.0.1:4566"), (b"authorization", OWNERS["Authorization"].encode())]
    for hosts in ([], [raw[0], (b"Host", b"evil.example")]):
        assert refusal({"path": "/", "headers": [*hosts, raw[1]], "query_string": b""}, SERVER) is not None


def test_a_temporary_key_of_the_owner_is_good_and_an_invented_one_is_not(probes: Probes) -> None:
    """A temporary key that the owner asked for is as good and an invented one is not."""
    role = "arn:aws:iam::000000000000:role/some"
    given = probes.client("sts").assume_role(RoleArn=role, RoleSessionName="me")["Credentials"]["AccessKeyId"]
    statuses = [
        asked(probes.cloud, "GET", "/", {"Authorization": SIGNED.format(key)}).status
        for key in (given, given[:-1] + ("0" if given[-1] != "0" else "1"), "000000000000")
    ]
    assert statuses == [200, 403, 403]


def asked(cloud: LocalCloud, method: str, path: str, headers: dict[str, str]) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", int(cloud.endpoint_url.rpartition(":")[2]), timeout=10)
    connection.request(method, path, b"{}", headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def test_what_is_refused_does_nothing_and_no_answer_may_be_read_by_a_page(probes: Probes) -> None:
    cloud, own = probes.cloud, SIGNED.format(probes.cloud.access_key_id)
    before = probes.bucket
    attacks: list[tuple[str, str, dict[str, str]]] = [
        ("POST", RESET, {}),
        ("POST", RESET, {"Authorization": own}),
        ("POST", INVOKE, {"Content-Type": "text/plain", "Origin": "http://evil.example"}),
        ("POST", INVOKE, {"Authorization": SIGNED.format("test")}),
        ("OPTIONS", "/", {"Origin": "http://evil.example", "Access-Control-Request-Method": "DELETE"}),
        ("DELETE", f"/{before}", {"Authorization": own, "Origin": "null"}),
        ("GET", "/", {"Host": "rebound.example"}),
    ]
    for method, path, headers in attacks:
        answer = asked(cloud, method, path, headers)
        assert answer.status == 403, (method, path, headers)
        assert not [name for name, _ in answer.getheaders() if name.lower().startswith("access-control")]
    answer = asked(cloud, "GET", "/", {"Authorization": own})
    assert answer.status == 200
    assert not [name for name, _ in answer.getheaders() if name.lower().startswith("access-control")]
    assert before in [bucket["Name"] for bucket in probes.s3.list_buckets()["Buckets"]]


def test_the_key_is_in_files_of_the_owner_s_alone(local_cloud: LocalCloud) -> None:
    folder = StateFolder()
    holders = [path for path in folder.root.rglob("*") if path.is_file() and _has(path, local_cloud.secret_access_key)]
    assert {folder.record_file, folder.server_lock} <= set(holders)
    assert {stat.S_IMODE(path.stat().st_mode) for path in holders} == {0o600}
    assert stat.S_IMODE(folder.root.stat().st_mode) == 0o700


def _has(path: Path, text: str) -> bool:
    return text.encode() in path.read_bytes()


_INTRUDER = """
import http.client, json, sys
port, record = sys.argv[1:]
try:
    key = json.load(open(record))["cloud"]["access_key_id"]
except PermissionError:
    key = "test"
connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=10)
signed = f"AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
connection.request("GET", "/", headers={"Authorization": signed})
print(key, connection.getresponse().status)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_of_the_machine_gets_neither_the_key_nor_an_answer(local_cloud: LocalCloud) -> None:
    port = local_cloud.endpoint_url.rpartition(":")[2]
    done = subprocess.run(
        ["/usr/bin/env", "python3", "-c", _INTRUDER, port, str(StateFolder().record_file)],
        user=ANOTHER_USER,
        group=ANOTHER_USER,
        extra_groups=[],
        cwd="/",
        env={"PATH": _readable_python()},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert done.stdout.split() == ["test", "403"]


def _readable_python() -> str:
    """Where another user finds a Python: the tests' own may be in a folder that only its owner can enter."""
    own = str(Path(sys.executable).resolve().parent)
    return f"/usr/bin:/usr/local/bin:{own}"


PAGE = """<!doctype html><title>waiting</title><img id=i><iframe name=frame></iframe>
<form id=form method=post enctype=text/plain target=frame action=%(cloud)s%(reset)s><input name=a value=b></form>
<script>
const settled = [];
const plain = {method: "POST", mode: "no-cors", headers: {"Content-Type": "text/plain"}, body: "{}"};
for (const path of %(paths)s) {
  settled.push(fetch("%(cloud)s" + path, plain).then(r => r.type, e => "refused"));
  settled.push(fetch("%(cloud)s" + path).then(r => r.text(), e => "unreadable"));
  settled.push(fetch("%(cloud)s" + path, {method: "DELETE"}).then(r => r.text(), e => "unreadable"));
}
document.getElementById("i").src = "%(cloud)s/";
document.getElementById("form").submit();
Promise.all(settled).then(all => { document.title = all.join(" "); });
</script>"""


@pytest.fixture
def page(probes: Probes) -> Iterator[str]:
    """The address of a hostile page on this machine, at another port than the cloud's."""
    fields = {
        "cloud": probes.cloud.endpoint_url,
        "reset": RESET,
        "paths": json.dumps(["/", RESET, INVOKE, f"/{probes.bucket}"]),
    }

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write((PAGE % fields).encode())

        def log_message(self, *_: Any) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()
    thread.join(10)


@pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's package chromium")
def test_a_page_in_a_real_browser_neither_changes_nor_reads_anything(probes: Probes, page: str, tmp_path: Path) -> None:
    bucket = probes.bucket
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    done = subprocess.run(
        [
            *(str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", *quiet),
            *(f"--user-data-dir={tmp_path}", "--no-proxy-server", "--virtual-time-budget=5000", "--dump-dom", page),
        ],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )
    title = done.stdout.partition("<title>")[2].partition("</title>")[0].split()
    assert len(title) == 12, done.stdout[:500]
    assert set(title) <= {"opaque", "refused", "unreadable"}
    assert title.count("unreadable") == 8
    assert bucket in [one["Name"] for one in probes.s3.list_buckets()["Buckets"]]
