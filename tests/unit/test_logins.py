"""What servers get besides requests: read from options and files, and given to no other server."""

from __future__ import annotations

import pickle
import sys
import time
from pathlib import Path

import pytest

from s3am_cloud.errors import Usage
from s3am_cloud.logins import HostLogin, cookie_lines, header_line, logins_of
from s3am_cloud.urls import parse_source
from s3am_cloud_client import Logins
from s3am_cloud_client.hosts_file import HostsFile, place_of_host, read_hosts_file

SECRET = "hunter2"
LATER = int(time.time()) + 1000


def cookie(domain: str, name: str = "session", tail: str = "FALSE", until: int = LATER) -> str:
    return f"{domain}\t{tail}\t/\tTRUE\t{until}\t{name}\t{SECRET}"


def hosts(folder: Path, text: str) -> HostsFile:
    path = folder / "hosts.toml"
    path.write_text(text)
    found = read_hosts_file(path)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"X-Token {SECRET}", "not NAME: VALUE"),
        (f"X Token: {SECRET}", "not NAME: VALUE"),
        (f": {SECRET}", "not NAME: VALUE"),
        ("X-Token:", "no value"),
        (f"X-Token: a\r\nHost: {SECRET}", "control character"),
        (f"X-Token: {SECRET}\0", "control character"),
        ("Range: bytes=0-1", "Range can't be given"),
        ("if-match: x", "can't be given"),
        ("HOST: x", "can't be given"),
    ],
)
def test_a_header_that_is_none_is_refused_without_its_value(text: str, message: str) -> None:
    with pytest.raises(Usage, match=message) as refused:
        header_line(text)
    assert SECRET not in f"{refused.value} {refused.value.hint}"


def test_headers_go_to_the_one_server_of_the_sources() -> None:
    logins = Logins.given([f"X-Token: {SECRET}"])
    [found] = logins.of([parse_source("https://host/a"), parse_source("https://HOST:443/b"), parse_source("ftp://x/c")])
    assert (found.place, found.headers) == ("https://host:443", (("X-Token", SECRET),))


@pytest.mark.parametrize("other", ["https://other/b", "http://host/b", "https://host:8443/b"])
def test_headers_for_several_servers_are_refused(other: str) -> None:
    with pytest.raises(Usage, match="several servers") as refused:
        Logins.given([f"X-Token: {SECRET}"]).of([parse_source("https://host/a"), parse_source(other)])
    assert "--hosts-file" in refused.value.hint
    assert SECRET not in str(refused.value)


def test_headers_go_to_the_server_that_the_user_named_and_not_to_a_lists() -> None:
    """A list from there may name any server."""
    named, items = (
        parse_source("https://host/list.csv"),
        [parse_source("https://evil/a"), parse_source("https://host/a")],
    )
    logins = Logins.given([f"X-Token: {SECRET}"])
    assert [found.place for found in logins.of(items, [named])] == ["https://host:443"]
    assert [found.place for found in logins.of((), [named], certain=False)] == ["https://host:443"]


@pytest.mark.parametrize("url", ["ftp://host/a", "s3://bucket/a", "/a/file"])
def test_headers_are_refused_where_no_source_takes_them(url: str) -> None:
    with pytest.raises(Usage, match="http or https"):
        Logins.given([f"X-Token: {SECRET}"]).of([parse_source(url)])


def test_a_login_is_for_its_scheme_host_and_port() -> None:
    login = HostLogin(place="https://host:443", headers=(("X", SECRET),))
    assert logins_of([login], parse_source("https://host/a")) == (login,)
    for other in ("http://host/a", "https://host:8443/a", "https://sub.host/a", "ftp://host/a", "s3://host/a", "/host"):
        assert logins_of([login], parse_source(other)) == ()


@pytest.mark.parametrize(
    "url", ["https://ann:x@host/a", "https://host/a?X-Amz-Signature=x", "https://host/a?se=1&sig=x"]
)
def test_a_url_with_a_login_of_its_own_gets_no_second_one(url: str) -> None:
    """Unless an option of this very command gives it."""
    listed = HostLogin(place="https://host:443", headers=(("X", SECRET),))
    given = HostLogin(place="https://host:443", headers=(("X", SECRET),), always=True)
    assert logins_of([listed, given], parse_source(url)) == (given,)


def test_cookies_go_to_the_hosts_that_they_name(tmp_path: Path) -> None:
    text = ["# Netscape HTTP Cookie File", cookie("host"), "#HttpOnly_" + cookie(".example.org", "wide", "TRUE")]
    path = tmp_path / "cookies.txt"
    path.write_text("\n".join([*text, cookie("other"), cookie("host", "old", until=1)]) + "\n")
    logins = Logins.given(cookie_file=path)
    found = logins.of([parse_source(f"https://{host}/a") for host in ("host", "a.example.org", "evilexample.org")])
    assert {one.place: [line.split("\t")[5] for line in one.cookies] for one in found} == {
        "https://host:443": ["session"],
        "https://a.example.org:443": ["wide"],
    }


def test_cookies_for_nobody_are_refused_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "cookies.txt"
    path.write_text(cookie("host", until=1))
    for url, why in (("https://host/a", "have expired"), ("https://other/a", "are missing")):
        with pytest.raises(Usage, match=why) as refused:
            Logins.given(cookie_file=path).of([parse_source(url)])
        assert SECRET not in str(refused.value)


@pytest.mark.parametrize("text", ["", "# nothing\n", f"session={SECRET}", f"a\tTRUE\t/\tTRUE\tsoon\tn\t{SECRET}"])
def test_a_file_that_holds_no_cookies_is_refused(text: str) -> None:
    with pytest.raises(Usage, match="can't be read") as refused:
        cookie_lines(text)
    assert SECRET not in f"{refused.value} {refused.value.hint}"


def test_a_file_of_hosts_gives_each_server_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a file, a variable and a command; a relative name is below the file's folder."""
    monkeypatch.setenv("LAB_LOGIN", f"ann:{SECRET}:x")
    (tmp_path / "token").write_text(f"{SECRET}\n")
    found = hosts(
        tmp_path,
        f"""
        ["data.example.org"]
        bearer = {{file = "token"}}
        header = {{command = "{sys.executable} -c 'print(\\"X-A: b\\")'"}}
        ["http://lab:8080"]
        basic = {{env = "LAB_LOGIN"}}
        ["sftp://lab"]
        basic = {{env = "LAB_LOGIN", secret = "s3am-cloud/lab"}}
        """,
    )
    logins = Logins(hosts=found)
    by_place = {
        one.place: one
        for one in logins.of(
            [parse_source(url) for url in ("https://data.example.org/x", "http://lab:8080/", "sftp://lab/x")]
        )
    }
    assert by_place["https://data.example.org:443"].headers == (("X-A", "b"), ("Authorization", f"Bearer {SECRET}"))
    assert (by_place["http://lab:8080"].user, by_place["http://lab:8080"].password) == ("ann", f"{SECRET}:x")
    assert by_place["sftp://lab:22"].user == "ann"
    assert logins.of([parse_source("http://data.example.org/x")]) == ()
    assert logins.secret(parse_source("sftp://lab/x")) == "s3am-cloud/lab"


def test_an_option_outdoes_the_file_of_hosts(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("old")
    found = hosts(tmp_path, '["host"]\nbearer = {file = "token"}\n')
    logins = Logins.given([f"authorization: {SECRET}"])
    logins = Logins(headers=logins.headers, hosts=found)
    assert [one.headers for one in logins.of([parse_source("https://host/x")]) if one.headers] == [
        (("authorization", SECRET),)
    ]


@pytest.mark.parametrize(
    "text",
    [
        f'["host"]\nbearer = "{SECRET}"\n',
        f'["host"]\nbearer = {{value = "{SECRET}"}}\n',
        f'["host"]\nbearer = {{file = "a", env = "{SECRET}"}}\n',
        f'["host"]\npassword = "{SECRET}"\n',
        '["host"]\nbearer = {}\n',
        '["host"]\nbearer = {env = "A"}\nbasic = {env = "A"}\n',
        '["ftp://host"]\nbearer = {env = "A"}\n',
        f'["https://ann:{SECRET}@host"]\n',
        '["https://host/path"]\n',
        f'["host"\n{SECRET}',
    ],
)
def test_a_file_of_hosts_that_is_none_is_refused_without_its_values(text: str, tmp_path: Path) -> None:
    with pytest.raises(Usage, match=r"hosts\.toml") as refused:
        hosts(tmp_path, text)
    assert SECRET not in f"{refused.value} {refused.value.hint}"
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


@pytest.mark.parametrize(
    ("bearer", "message"),
    [
        ('{env = "NOT_SET_HERE"}', "NOT_SET_HERE is not set"),
        ('{file = "missing"}', "missing can't be read"),
        ('{command = "false"}', "exit code 1"),
        ('{command = "/no/such/program"}', "can't be run"),
        ('{command = "echo two words"}', "bearer token can't be read"),
        ('{secret = "s3am-cloud/x"}', "in Secrets Manager only"),
    ],
)
def test_a_value_that_is_not_there_is_named(bearer: str, message: str, tmp_path: Path) -> None:
    """When its server is a source's, and not before."""
    logins = Logins(hosts=hosts(tmp_path, f'["host"]\nbearer = {bearer}\n'))
    assert logins.of([parse_source("https://other/x")]) == ()
    with pytest.raises(Usage, match=message):
        logins.of([parse_source("https://host/x")])


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("host", "https://host:443"),
        ("Host:8443", "https://host:8443"),
        ("http://host", "http://host:80"),
        ("sftp://host:2222/", "sftp://host:2222"),
        ("[::1]:8080", "https://::1:8080"),
    ],
)
def test_a_host_is_https_unless_it_says_otherwise(text: str, place: str) -> None:
    assert place_of_host(text) == place


def test_logins_have_no_representation_and_reach_other_processes() -> None:
    login = HostLogin(
        place="https://host:443", headers=(("X", SECRET),), user="ann", password=SECRET, cookies=(SECRET,)
    )
    assert SECRET not in repr(login)
    assert SECRET not in repr(Logins.given([f"X-Token: {SECRET}"]))
    assert pickle.loads(pickle.dumps(login)) == login


def test_the_users_own_file_is_read_if_it_exists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("S3AM_CLOUD_HOSTS_FILE", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert read_hosts_file() is None
    (tmp_path / "s3am-cloud").mkdir()
    hosts(tmp_path / "s3am-cloud", '["host"]\nbasic = {env = "A"}\n')
    found = read_hosts_file()
    assert found is not None
    assert set(found.entries) == {"https://host:443"}
    with pytest.raises(Usage, match="does not exist"):
        read_hosts_file(tmp_path / "missing.toml")
