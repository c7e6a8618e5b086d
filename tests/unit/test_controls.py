"""A control character makes no header, no command and no line of anything that is sent."""

from __future__ import annotations

import base64
from collections.abc import Mapping

import msgspec
import pytest

from s3am_cloud.adapters.curl.transport.easy import Response, _lines
from s3am_cloud.adapters.s3.attributes import object_info, own_headers, parameters, tagging_headers
from s3am_cloud.controls import check_text
from s3am_cloud.errors import BadRequest, BadS3Url, BadSource
from s3am_cloud.ingest.accept import read_request
from s3am_cloud.model import Attributes
from s3am_cloud.request import TransferRequest
from s3am_cloud.urls import parse_destination, parse_s3, parse_source

EVIL = "a\r\nX-Evil: 1"
TEXTS = ["content_type", "cache_control", "content_disposition", "content_encoding", "content_language", "expires"]


def asked(**attributes: object) -> dict[str, object]:
    return {"source": "https://host/x", "destination": "s3://b/k", "attributes": attributes}


@pytest.mark.parametrize("control", ["\n", "\r", "\0", "\x1b", "\x7f", "\x9b", "\t"])
@pytest.mark.parametrize("field", [*TEXTS, "storage_class"])
def test_a_request_with_a_control_character_is_refused_by_its_field(field: str, control: str) -> None:
    with pytest.raises(BadRequest, match=f"^{field} has a control character$") as refused:
        read_request(asked(**{field: f"x{control}hidden"}))
    assert "hidden" not in str(refused.value)


@pytest.mark.parametrize("pairs", [{"a": EVIL}, {EVIL: "a"}, {"a": "b", "c": "\x1b"}])
@pytest.mark.parametrize("field", ["metadata", "tags"])
def test_so_are_metadata_and_tags(field: str, pairs: Mapping[str, str]) -> None:
    with pytest.raises(BadRequest, match=f"^{field} has a control character$"):
        read_request(asked(**{field: pairs}))


@pytest.mark.parametrize("name", ["", "a b", "a:b", "é", "a,b", 'a"'])
def test_metadata_have_names_that_a_header_can_have(name: str) -> None:
    with pytest.raises(BadRequest, match="name that can't be a header's"):
        read_request(asked(metadata={name: "x"}))


@pytest.mark.parametrize("field", ["expect", "secret", "source_digest", "idempotency_key"])
def test_so_is_every_other_field(field: str) -> None:
    with pytest.raises(BadRequest, match=f"^{field} has a control character$"):
        read_request({**asked(), field: EVIL})
    with pytest.raises(BadRequest, match=r"^host_keys has a control character$"):
        read_request({**asked(), "host_keys": ["ssh-ed25519 AAAA\nother ssh-ed25519 BBBB"]})


def test_what_is_not_utf8_is_refused_and_what_people_write_is_taken() -> None:
    with pytest.raises(BadRequest, match="metadata is not UTF-8"):
        check_text(TransferRequest(source="x", destination="s3://b/k", attributes=Attributes(metadata={"a": "\udcff"})))
    request = read_request(asked(metadata={"a-b_c.d": "é, 日本 \u202e"}, tags={"a b": "ü"}))
    assert request.attributes.metadata["a-b_c.d"].startswith("é")


@pytest.mark.parametrize("names", [("a\nb", "s3://b/a\nb"), ("\udcff", "s3://b/k")])
def test_names_of_files_and_keys_may_have_them(names: tuple[str, str]) -> None:
    check_text(TransferRequest(source=names[0], destination=names[1]))
    assert parse_destination("s3://b/p/", parse_source("a\nb")).key == "p/a\nb"


CODES = ["%0d%0aDELE%20x", "%0A", "%00", "%1b", "%7F"]


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("scheme", ["ftp", "ftps", "ftpes", "sftp"])
def test_a_file_servers_url_with_an_encoded_control_is_refused(scheme: str, code: str) -> None:
    for url in (f"{scheme}://h/a{code}", f"{scheme}://u{code}:p@h/a", f"{scheme}://u:hidden{code}@h/a"):
        with pytest.raises(BadSource, match="control characters") as refused:
            parse_source(url)
        assert "hidden" not in str(refused.value)


@pytest.mark.parametrize("code", CODES)
def test_a_web_servers_path_keeps_it_encoded_and_a_login_may_not_have_it(code: str) -> None:
    url = f"https://h/a{code}?b={code}"
    assert parse_source(url).url == url
    with pytest.raises(BadSource, match="control characters"):
        parse_source(f"https://u{code}:p@h/a")


def test_a_bucket_has_none_and_a_path_no_nul() -> None:
    with pytest.raises(BadS3Url, match="control characters"):
        parse_s3("s3://b\r\nX: 1/k")
    with pytest.raises(BadSource, match="NUL"):
        parse_source("file:///a%00b")


def answered(headers: Mapping[str, str], metadata: Mapping[str, str]) -> Attributes:
    answer = {"ContentLength": 1, "Metadata": metadata, "ResponseMetadata": {"HTTPHeaders": headers}}
    return object_info(answer, "it").attributes


def test_metadata_of_a_source_object_are_kept_and_make_no_header() -> None:
    """S3 answers what is beyond ASCII as RFC 2047 words, in which a line break may be encoded."""
    word = f"=?utf-8?b?{base64.b64encode(EVIL.encode()).decode()}?="
    found = answered({"content-type": word, "cache-control": word}, {"note": word, "other": f"é {word}"})
    assert (found.content_type, found.metadata["note"]) == ("a  X-Evil: 1", EVIL)
    tagged = msgspec.structs.replace(found, tags={"a\r\nb": EVIL})
    sent = {**own_headers(tagged), **tagging_headers(tagged), **parameters(tagged)["Metadata"]}
    assert all(value.isprintable() for value in sent.values())
    assert answered({}, {"note": sent["x-amz-meta-note"]}).metadata == {"note": EVIL}


def test_a_header_of_an_answer_has_spaces_for_them_and_none_is_sent() -> None:
    response = Response()
    for line in (b"HTTP/1.1 200 OK\r\n", b'ETag: "a\rX-Evil: 1\x1b"\r\n', b"X-Tab: a\tb\r\n", b"\r\n"):
        response.take_line(line)
    assert response.header("ETag") == '"a X-Evil: 1 "'
    assert response.header("X-Tab") == "a\tb"
    assert _lines({"If-Match": EVIL, "X\r\nY": ""}) == ["If-Match: a  X-Evil: 1", "X  Y;"]
