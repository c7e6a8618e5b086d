"""How names are written in URLs, and what becomes of them."""

from __future__ import annotations

import pytest

from s3am_cloud.errors import BadSource
from s3am_cloud.urls import S3Url, parse_destination, parse_source


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://host/Müller/naïve.txt", "https://host/M%C3%BCller/na%C3%AFve.txt"),
        ("https://host/a%20b+c;d?q=ü&r=%20+#é", "https://host/a%20b+c;d?q=%C3%BC&r=%20+#%C3%A9"),
        ("https://bücher.example:8080/x", "https://xn--bcher-kva.example:8080/x"),
        ("ftp://jörg:gr%C3%BCn@host/日本.txt", "ftp://j%C3%B6rg:gr%C3%BCn@host/%E6%97%A5%E6%9C%AC.txt"),
        ("sftp://ann:pä@ss@[::1]:22/é", "sftp://ann:p%C3%A4%40ss@[::1]:22/%C3%A9"),
        ("https://host/100%/a", "https://host/100%/a"),
    ],
)
def test_characters_beyond_ascii_are_encoded_and_others_kept(text: str, url: str) -> None:
    """Characters beyond ASCII are encoded and all others left as they are."""
    assert parse_source(text).url == url


def test_a_host_that_has_no_name_in_ascii_is_a_bad_source() -> None:
    with pytest.raises(BadSource):
        parse_source(f"https://{'ü' * 70}.example/x")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("https://host/dir/a%20b+c.txt?x=1/2#f", "a b+c.txt"),
        ("https://host/Müller", "Müller"),
        ("https://host/M%C3%BCller", "Müller"),
        ("https://host/M%FCller", "Müller"),
        ("https://host/100%", "100%"),
        ("ftp://host/dir/data.bin;type=i", "data.bin"),
        ("ftp://host//abs/data.bin", "data.bin"),
        ("ftp://host/a%3Fb%23c", "a?b#c"),
        ("sftp://host/~/data.bin", "data.bin"),
        ("https://host/data;type=i", "data;type=i"),
    ],
)
def test_a_destination_with_a_slash_takes_the_decoded_last_component(text: str, name: str) -> None:
    """A destination that ends in a slash takes the decoded last component."""
    assert parse_destination("s3://bucket/dir/", parse_source(text)) == S3Url("bucket", f"dir/{name}")
