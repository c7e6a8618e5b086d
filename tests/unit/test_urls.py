"""Source URLs, S3 URLs, and what of them may be shown."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3am_cloud import urls
from s3am_cloud.adapters.s3.signer import Endpoint, Signer, object_url
from s3am_cloud.errors import BadDestination, BadS3Url, BadSource
from s3am_cloud.urls import S3Url, SourceUrl, parse_destination, parse_s3, parse_s3_target, parse_source

WEB = parse_source("https://host/dir/run%2042.tar?x=1#top")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/a/b", "/a/b"),
        ("./b", "./b"),
        ("../b", "../b"),
        ("b", "b"),
        ("a/b c", "a/b c"),
        ("./a:b", "./a:b"),
        ("/a:b", "/a:b"),
        ("/a%20b", "/a%20b"),
        ("file:/a/b", "/a/b"),
        ("file:///a/b", "/a/b"),
        ("file://localhost/a/b", "/a/b"),
        ("FILE:///a/b", "/a/b"),
        ("file:///a%20b", "/a b"),
    ],
)
def test_the_forms_of_a_local_path_are_s3ams(text: str, path: str) -> None:
    assert parse_source(text) == SourceUrl("file", path)


@pytest.mark.parametrize("text", ["", "file:b", "file://other/a", "file:", "file://localhost"])
def test_what_is_no_local_path_is_a_bad_source(text: str) -> None:
    with pytest.raises(BadSource):
        parse_source(text)


@pytest.mark.parametrize("scheme", ["http", "https", "ftp", "ftps", "sftp", "HTTPS"])
def test_network_schemes_are_taken_in_any_case(scheme: str) -> None:
    assert parse_source(f"{scheme}://host:8080/data").scheme == scheme.lower()


@pytest.mark.parametrize(
    "text",
    [
        "gopher://host/a",
        "mailto:me",
        "https:",
        "https:///a",
        "https://host:port/a",
        "https://[::1/a",
        "https://host/a b",
        "https://host/a\nb",
        "https://host/a\x00b",
    ],
)
def test_what_is_no_url_is_a_bad_source(text: str) -> None:
    with pytest.raises(BadSource):
        parse_source(text)


def test_a_bad_url_is_named_without_its_secrets() -> None:
    for text in ("https://ann:s3cret@host:port/a?sig=s3cret", "odd://ann:s3cret@host/a", "http://ann:s3cret@host/a b"):
        with pytest.raises(BadSource) as caught:
            parse_source(text)
        assert "s3cret" not in repr(caught.value)


def test_an_s3_source_is_taken_literally() -> None:
    assert parse_source("s3://bucket/a b?c#d%20") == SourceUrl("s3", "s3://bucket/a b?c#d%20")


@pytest.mark.parametrize(
    "text", ["s3://", "s3:///key", "s3://bucket", "s3://bucket/", "S3://bucket/key", "https://b/k"]
)
def test_what_is_no_s3_url_is_refused(text: str) -> None:
    with pytest.raises(BadS3Url):
        parse_s3(text)


@given(st.text(min_size=1))
def test_any_key_comes_back_as_it_was_written(key: str) -> None:
    assert parse_s3(f"s3://bucket/{key}") == S3Url("bucket", key)
    assert str(parse_s3(f"s3://bucket/{key}")) == f"s3://bucket/{key}"


@pytest.mark.parametrize(
    ("destination", "key"),
    [
        ("s3://bucket/key", "key"),
        ("s3://bucket/dir/", "dir/run 42.tar"),
        ("s3://bucket/", "run 42.tar"),
        ("s3://bucket/a//", "a//run 42.tar"),
        ("s3://bucket/a?b#c", "a?b#c"),
    ],
)
def test_a_destination_that_ends_in_a_slash_gets_the_sources_file_name(destination: str, key: str) -> None:
    assert parse_destination(destination, WEB) == S3Url("bucket", key)


@pytest.mark.parametrize("destination", ["s3://bucket", "s3://", "https://bucket/key", "key", ""])
def test_what_is_no_destination_is_refused(destination: str) -> None:
    with pytest.raises(BadDestination):
        parse_destination(destination, WEB)


def test_a_source_without_a_file_name_gives_none() -> None:
    with pytest.raises(BadDestination, match="no file name"):
        parse_destination("s3://bucket/dir/", parse_source("https://host/dir/"))


@pytest.mark.parametrize(
    ("text", "name"),
    [("/a/b.bin", "b.bin"), ("s3://bucket/a/b%20c", "b%20c"), ("https://h/a/b%20c?x=/y", "b c"), ("https://h", "")],
)
def test_a_sources_name_is_its_last_component(text: str, name: str) -> None:
    assert parse_source(text).name == name


PLAIN = st.text("abcdefghij", min_size=1, max_size=8)
SECRET = st.text("XYZW0123456789", min_size=1, max_size=12)


@given(PLAIN, SECRET, SECRET, SECRET, SECRET, st.sampled_from(["http", "https", "ftp", "ftps", "sftp"]))
def test_what_is_shown_has_no_user_no_password_no_query_and_no_fragment(
    path: str, user: str, password: str, query: str, fragment: str, scheme: str
) -> None:
    url = parse_source(f"{scheme}://{user}:{password}@host/{path}?sig={query}#{fragment}")
    assert url.display == f"{scheme}://host/{path}?..."


@pytest.mark.parametrize("password", ["p/ss", "p#ss", "p?ss", "p[ss", "p]ss", "p ss", "12/34", "1#2"])
@pytest.mark.parametrize("scheme", ["ftp", "ftpes", "ftps", "sftp"])
def test_a_password_that_can_not_be_read_is_refused_with_how_it_is_written(scheme: str, password: str) -> None:
    with pytest.raises(BadSource) as caught:
        parse_source(f"{scheme}://ann:{password}@host/file")
    assert "%40" in caught.value.hint
    assert password not in caught.value.message + caught.value.hint


def test_a_port_before_a_folder_with_an_at_sign_is_no_password_on_the_web() -> None:
    assert parse_source("https://host:8080/@scope/x").display == "https://host:8080/@scope/x"


@pytest.mark.parametrize("kind", [";type=a", ";type=i", ";TYPE=A"])
def test_the_kind_of_transfer_that_a_url_asks_for_is_left_out(kind: str) -> None:
    assert parse_source(f"ftp://host/a.txt{kind}") == parse_source("ftp://host/a.txt")


def test_what_is_shown_of_a_password_with_an_at_sign_is_the_host() -> None:
    assert parse_source("https://ann:a@b@host:81/x").display == "https://host:81/x"


def test_an_objects_url_quotes_every_byte_of_its_key() -> None:
    endpoint = Endpoint("https://h/bucket", "r")
    assert object_url(endpoint, "a b+c/é?#%41", {}) == "https://h/bucket/a%20b%2Bc/%C3%A9%3F%23%2541"
    assert object_url(endpoint, "a/../b/./c", {}) == "https://h/bucket/a/../b/./c"
    assert object_url(endpoint, "/a//b", {}) == "https://h/bucket//a//b"
    assert object_url(endpoint, "k", {"uploadId": "a/b=", "partNumber": "1"}) == (
        "https://h/bucket/k?partNumber=1&uploadId=a%2Fb%3D"
    )


def test_without_credentials_a_request_goes_unsigned() -> None:
    url, headers = Signer(None).sign("PUT", Endpoint("https://h/b", "r"), "k", {}, {"A": "1"})
    assert (url, headers) == ("https://h/b/k", {"A": "1"})


def test_a_path_that_is_not_utf_8_is_shown_as_a_url_that_can_be_given() -> None:
    """A path that is not UTF-8 is shown as the URL by which it can be given."""
    source = parse_source("/data/a\udcff b.bin")
    assert source.display == "file:///data/a%FF%20b.bin"
    assert parse_source(source.display) == source
    with pytest.raises(BadDestination, match="not UTF-8"):
        parse_destination("s3://b/p/", source)
    with pytest.raises(BadS3Url, match="not UTF-8"):
        parse_s3("s3://b/\udcff")


def test_a_local_name_with_a_colon_gets_a_hint_unless_it_may_be_secret() -> None:
    """A local name with a colon gets a hint how to write it, unless it may hold a password."""
    with pytest.raises(BadSource) as refused:
        parse_source("a:b.bin")
    assert "./a:b.bin" in refused.value.hint
    with pytest.raises(BadSource) as refused:
        parse_source("gopher://anna:hidden@host/")
    assert "hidden" not in refused.value.hint


def test_standard_input_has_no_name_and_a_file_called_so_has() -> None:
    assert parse_source("-").name == ""
    assert parse_source("./-").name == "-"
    with pytest.raises(BadDestination, match="standard input has no file name"):
        parse_destination("s3://b/p/", parse_source("-"))


def test_a_source_may_name_a_version_and_no_destination_does() -> None:
    source = parse_source("s3://b/dir/k?versionId=3.L4_q-x")
    assert source.stored == S3Url("b", "dir/k", "3.L4_q-x")
    assert (source.name, source.display) == ("k", "s3://b/dir/k?versionId=3.L4_q-x")
    assert parse_destination("s3://b/copies/", source) == S3Url("b", "copies/k")
    with pytest.raises(BadDestination, match="version"):
        parse_destination("s3://b/k?versionId=3", source)
    with pytest.raises(BadS3Url, match="version"):
        parse_s3_target("s3://b/k?versionId=3")


@pytest.mark.parametrize("key", ["k?versionId=", "k?versionId=a/b", "k?versionId=a&x=1", "k?version=1", "?"])
def test_what_only_looks_like_a_version_belongs_to_the_key(key: str) -> None:
    assert parse_s3(f"s3://b/{key}") == S3Url("b", key)


@pytest.mark.parametrize(
    ("bucket", "kind"),
    [
        ("data--usw2-az1--x-s3", "directory bucket"),
        ("arn:aws:s3:eu-west-1:111122223333:accesspoint/mine", "access point"),
        ("arn:aws:s3::111122223333:accesspoint/mfzwi23gnjvgw.mrap", "multi-region access point"),
        ("mfzwi23gnjvgw.mrap", "multi-region access point"),
        ("mine--ol-s3", "Object Lambda"),
    ],
)
def test_what_is_no_general_purpose_bucket_is_refused_by_its_name(bucket: str, kind: str) -> None:
    for url in (f"s3://{bucket}/key", f"s3://{bucket}/prefix/"):
        with pytest.raises(BadS3Url, match=kind):
            parse_s3(url)
        with pytest.raises(BadDestination, match=kind):
            parse_destination(url, WEB)


@pytest.mark.parametrize("url", ["https://h/", "http://h.org/a/b-1.2_~+=.x", "https://1.2.3.4/x", "https://a-b.c/../x"])
def test_a_plain_url_is_read_as_any_other(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    quickly = parse_source(url)
    monkeypatch.setattr(urls, "_PLAIN", re.compile("(?!)"))
    assert parse_source(url) == quickly == SourceUrl(url.partition(":")[0], url)
