"""Whether two URLs name one source: their logins and signatures may differ."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import parse_qsl, urlencode, urlsplit

from s3am_cloud.urls import NETWORK_SCHEMES, SourceUrl

# Query parameters by which AWS, Google, Azure and CloudFront sign URLs, and names that others give to their keys.
_SIGNED = {"x-amz-signature", "x-goog-signature", "signature", "sig"}
_SIGNATURES = {*_SIGNED, "x-amz-security-token"}
_SIGNATURES |= {"access_token", "api_key", "apikey", "password", "token"}
# What stands in a signed URL beside the signature, and changes with it.
_SIGNING = ("x-amz-", "x-goog-")
# What a path leaves out of its text: slashes and dots that change nothing.
_UNTIDY = re.compile(r"//|/\.(?:/|\Z)|/\Z")
_BESIDE_SIGNATURES = {"awsaccesskeyid", "googleaccessid", "expires", "key-pair-id", "policy", "se", "st", "sp", "sv"}


def is_signature(name: str) -> bool:
    """Whether a query's parameter of that name gives access to what the URL names, and does not say what that is."""
    return name.lower() in _SIGNATURES


def is_signed(url: str) -> bool:
    """Whether AWS, Google, Azure or CloudFront let whoever has this URL read: with another login beside it, S3 refuses
    the request."""
    return any(name.lower() in _SIGNED for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True))


def unsigned(source: SourceUrl) -> str:
    """The URL without login and signature: signed anew it is the same source. Others than network URLs as they are."""
    if source.scheme not in NETWORK_SCHEMES:
        return source.url
    parts = urlsplit(source.url)
    query = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if not _signs(pair[0])]
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query=urlencode(query), fragment="").geturl()


def source_id(source: SourceUrl) -> str:
    """What two URLs of one source have in common, of a fixed length and without a secret in clear."""
    place = _absolute(source) if source.scheme == "file" else unsigned(source)
    return hashlib.sha256(place.encode(errors="surrogateescape")).hexdigest()[:32]


def _absolute(source: SourceUrl) -> str:
    # Most paths are in that form already, and to parse one takes longer than all else here.
    is_plain = source.url.startswith("/") and not _UNTIDY.search(source.url)
    return source.url if is_plain else str(source.path.absolute())


def _signs(name: str) -> bool:
    return is_signature(name) or name.lower().startswith(_SIGNING) or name.lower() in _BESIDE_SIGNATURES
