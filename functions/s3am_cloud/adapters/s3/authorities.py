"""Whose TLS certificates are trusted: one rule for libcurl, which moves the bytes, and for botocore's control calls."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import botocore

from s3am_cloud.errors import Usage

# AWS's own variable, then the profile's setting, then the variables of other tools.
_FIRST, _OTHERS = "AWS_CA_BUNDLE", ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
# Where Debian, Fedora, SUSE, Alpine and macOS keep what the machine's administrator trusts.
_SYSTEM = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
_BEGINS = b"-----BEGIN "


def trusted_authorities(of_profile: str | None = None) -> str:
    """A file of certificates: the one that is named, else the system's, else botocore's copy of Mozilla's.

    `of_profile` is the profile's `ca_bundle`. Raises Usage for a file that is named and can't be used.
    """
    for name, path in _named(of_profile):
        if path:
            return _usable(path, name)
    return next((path for path in _SYSTEM if _holds_certificates(path)), bundled_authorities())


def bundled_authorities() -> str:
    return str(Path(botocore.__file__).with_name("cacert.pem"))


def _named(of_profile: str | None) -> Iterator[tuple[str, str | None]]:
    yield _FIRST, os.environ.get(_FIRST)
    yield "ca_bundle of the AWS profile", of_profile
    yield from ((name, os.environ.get(name)) for name in _OTHERS)


def _usable(path: str, name: str) -> str:
    whole = os.path.expanduser(path)
    try:
        data = Path(whole).read_bytes()
    except OSError as error:
        raise Usage(f"{name} names {path}, which can't be read: {error.strerror}", _hint(name)) from error
    if _BEGINS not in data:
        raise Usage(f"{name} names {path}, which holds no certificate in PEM", _hint(name))
    return whole


def _hint(name: str) -> str:
    return f"name a file of certificates in {name}, or leave it out"


def _holds_certificates(path: str) -> bool:
    try:
        return _BEGINS in Path(path).read_bytes()
    except OSError:
        return False
