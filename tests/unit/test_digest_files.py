"""Files of digests in the forms that tools and people write: each is read, and nothing else is taken for one."""

from __future__ import annotations

import codecs
import hashlib
import time

import pytest

from s3am_cloud.checksums.digest_files import in_file, is_page
from s3am_cloud.checksums.digests import Expected

DATA = b"content"
MD5, SHA1, SHA, SHA512 = (hashlib.new(name, DATA).hexdigest() for name in ("md5", "sha1", "sha256", "sha512"))
OTHER = hashlib.sha256(b"other").hexdigest()
TABLE = f"\r\nAlgorithm       Hash\r\n---------       ----\r\nSHA256          {SHA.upper()}{{path}}\r\n\r\n"
LIST = f"\r\n\r\nAlgorithm : SHA256\r\nHash      : {SHA.upper()}\r\nPath      : C:\\run\\x.bin\r\n\r\n"
GENTOO = f"# BLAKE2B HASH\n{'0' * 128}  y\n# SHA512 HASH\n{SHA512}  x.bin\n# WHIRLPOOL HASH\n{'1' * 128}  x.bin\n"


def stated(text: str | bytes, file_name: str = "x.bin.sha256", name: str = "x.bin") -> dict[str, str]:
    data = text if isinstance(text, bytes) else text.encode(errors="surrogateescape")
    found = in_file(data, name, file_name)
    assert all(isinstance(one, Expected) for one in found)
    return {one.algorithm: one.digest for one in found}


@pytest.mark.parametrize(
    "text",
    [
        SHA,
        f"  {SHA.upper()}\r\n",
        f"{SHA}  x.bin\n",
        f"{SHA} *x.bin\n",
        f"{SHA}\tx.bin\n",
        f"{SHA}  -\n",
        f"{SHA}  /data/run/x.bin\n",
        f"{SHA} *C:\\run\\x.bin\r\n",
        f"{SHA}  https://host/a/x.bin\n",
        f"{SHA},x.bin\n",
        f"# made by us\n\n{SHA}  x.bin\n",
        f"{'0' * 64}  y.bin\n{SHA}  ./dir/x.bin\n{'1' * 64}  z.bin\n",
        f"{OTHER}  dir/x.bin\n{SHA}  x.bin\n",
        f"SHA256 (x.bin) = {SHA}\n",
        f"SHA256(x.bin)= {SHA}\n",
        f"SHA2-256(x.bin)= {SHA}\n",
        f"SHA2-256(stdin)= {SHA}\n",
        f"(stdin)= {SHA}\n",
        f"HMAC-SHA256(x.bin)= {OTHER}\nSHA256(x.bin)= {SHA}\n",
        f"x.bin {SHA}\n",
        f"x.bin: {SHA}\n",
        f"x.bin:{SHA}\n",
        f"SHA256: {SHA}\n",
        f"sha256:{SHA}\n",
        f"sha256sum {SHA}\n",
        f"sha256:{SHA}  x.bin\n",
        TABLE.format(path=""),
        TABLE.format(path="   C:\\run\\x.bin"),
        LIST,
        LIST.replace(SHA.upper(), OTHER).replace("x.bin", "y.bin") + LIST,
        LIST.replace("Path      : C:\\run\\x.bin\r\n", ""),
        f"SHA256 hash of x.bin:\r\n{SHA}\r\nCertUtil: -hashfile command completed successfully.\r\n",
        f"SHA256 hash of file x.bin:\r\n{SHA[:2]} {' '.join(SHA[i : i + 2] for i in range(2, 64, 2))}\r\n",
        f"{SHA}  old name.bin\n",
        codecs.BOM_UTF8 + f"{SHA}  x.bin\n".encode(),
        f"{SHA}  x.bin\n".encode("utf-16"),
        f"{SHA}  x.bin\n".encode("utf-16-be"),
        f"{SHA}  x.bin\n".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + f"{SHA}  x.bin\n".encode("utf-16-be"),
    ],
)
def test_every_form_states_the_digest(text: str | bytes) -> None:
    assert stated(text) == {"sha256": SHA}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (f"\\{SHA}  a\\\\b\\nc\n", "a\\b\nc"),
        (f"\\SHA256 (a\\nc) = {SHA}\n", "a\nc"),
        (f"{SHA}  two  words.bin\n", "two  words.bin"),
        (f"two words.bin: {SHA}\n", "two words.bin"),
        (f"{SHA}  e\u0301.bin\n", "\u00e9.bin"),
        (f"{SHA}  \udcff.bin\n", "\udcff.bin"),
        (f"{SHA}  https://host/a%20b.bin\n", "a b.bin"),
        (f"{SHA}  {MD5}.bin\n", f"{MD5}.bin"),
        (f"SHA256 (a (1).bin) = {SHA}\n", "a (1).bin"),
        (f"genome {SHA}\n", "genome"),
    ],
)
def test_names_are_found_however_they_are_written(text: str, name: str) -> None:
    assert stated(f"{text}{OTHER}  another\n", "SHA256SUMS", name) == {"sha256": SHA}


def test_several_kinds_are_all_stated() -> None:
    assert stated(f"{MD5}\n{SHA}") == {"md5": MD5, "sha256": SHA}
    assert stated(GENTOO, "x.bin.DIGESTS") == {"sha512": SHA512}
    assert stated(f"MD5 (x.bin.old) = {MD5}\nSHA1(x.bin)= {SHA1}\n", "x.bin.md5") == {"sha1": SHA1}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not found",
        SHA[:-1],
        f"{SHA[:40]}...  x.bin",
        f"SHA256 (x.bin) = {SHA[:-1]}",
        f"WHIRLPOOL (x.bin) = {'1' * 128}",
        f"{SHA}  other.bin\n{OTHER}  x.bin.old\n",
        f"{SHA}  x.bin\n{OTHER}  x.bin\n",
        f"{SHA}\n{OTHER}\n",
        TABLE.replace(SHA.upper(), f"{SHA.upper()[:30]}...").format(path=""),
    ],
)
def test_what_states_nothing_of_the_source_or_two_things_states_nothing(text: str) -> None:
    assert stated(text) == {}


def test_a_list_of_another_file_counts_only_if_it_has_the_sources_name() -> None:
    """A list of another file is not about the source unless it is called like it."""
    assert stated(f"{SHA}  old.bin\n", "SHA256SUMS") == {}
    assert stated(SHA, "checksum.txt") == {"sha256": SHA}


def test_a_page_for_people_is_no_file_of_digests() -> None:
    assert is_page(b"\n<!DOCTYPE html><title>Not found</title>")
    assert not is_page(f"{SHA}  x.bin\n".encode("utf-16"))


@pytest.mark.parametrize("text", ["a" + ": " * 10_000 + "z", "abc" + ": " * 10_000, "(a)" + " " * 20_000 + "z"])
def test_a_long_line_takes_a_time_in_proportion_to_its_length(text: str) -> None:
    began = time.process_time()
    assert stated(text) == {}
    assert time.process_time() - began < 0.5
