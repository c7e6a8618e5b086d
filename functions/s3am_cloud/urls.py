"""Source URLs, s3:// targets, and what may be shown of them.

A URL may carry secrets: a password before the host, a signature in the query. `display` is the only form of a URL
that goes into messages, logs and records that people read.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import msgspec

from s3am_cloud.command_lines import shell_word
from s3am_cloud.errors import BadDestination, BadS3Url, BadSource
from s3am_cloud.secret_names import may_hold_secret

# Their requests can't carry validators, and their servers often bear few connections.
FILE_TRANSFER_SCHEMES = ("ftp", "ftpes", "ftps", "sftp")
NETWORK_SCHEMES = ("http", "https", *FILE_TRANSFER_SCHEMES)
# All that a URL is written with: only what is not is to be encoded.
_ASCII = "".join(map(chr, range(33, 127)))
# How FTP URLs may ask for text or binary (RFC 1738, section 3.2.2).
_TYPE = re.compile(r";type=([aid])$", re.IGNORECASE)
# Of a path: /a;jsessionid=1/b.
_PARAMETER = re.compile(r";([^/;=]*)[^/;]*")
_HIDDEN = ";..."
# How S3 itself writes an object: with the bucket in the host, or in the path.
_S3_HOST = re.compile(
    r"https?://(?:(?P<bucket>[^/?#@]+)\.)?s3(?:[.-][a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?/(?P<path>[^?#]+)"
)
# A version of an object, as its URL may name it. S3 makes ids of letters, digits, dots, underscores and dashes.
_VERSION = re.compile(r"\?versionId=([A-Za-z0-9._~-]+)\Z")
# What S3 keeps apart by the end of a bucket's name ("General purpose bucket naming rules", user guide).
_KINDS = {
    "--x-s3": "a directory bucket (S3 Express One Zone)",
    "--table-s3": "a table bucket",
    "--ol-s3": "an access point of S3 Object Lambda",
    ".mrap": "a multi-region access point",
}
# Most URLs in a list of a million: nothing in them is to be checked, encoded or left out.
_PLAIN = re.compile(r"https?://[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?/[A-Za-z0-9/._~+=-]*")
# C0 and DEL, which end or change a line.
LINE_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
# As a source: standard input. A file that is called so is ./-
STDIN = "-"


class S3Url(msgspec.Struct, frozen=True):
    """An object in S3. The key is taken literally: S3AM decoded nothing in it, and neither do we.

    `version` is the VersionId that the user named; None is the object as it is now.
    """

    bucket: str
    key: str
    version: str | None = None

    def __str__(self) -> str:
        version = f"?versionId={self.version}" if self.version else ""
        return f"s3://{self.bucket}/{self.key}{version}"

    @property
    def latest(self) -> S3Url:
        """The same object, whatever its version."""
        return S3Url(self.bucket, self.key)

    @property
    def as_source(self) -> SourceUrl:
        """The same object as what is read."""
        return SourceUrl("s3", str(self))


class SourceUrl(msgspec.Struct, frozen=True):
    """Where bytes come from. For `file`, `url` is the path itself, or `-` for standard input."""

    scheme: str
    url: str

    @property
    def path(self) -> Path:
        return Path(self.url)

    @property
    def stored(self) -> S3Url | None:
        """The object in S3 that this is; None for what is elsewhere."""
        return parse_s3(self.url) if self.scheme == "s3" else None

    @property
    def name(self) -> str:
        """The decoded last component of the path, empty where there is none."""
        if self.scheme == "file":
            return "" if self.url == STDIN else self.path.name
        if self.scheme == "s3":
            return parse_s3(self.url, key_needed=False).key.rsplit("/", 1)[-1]
        path = _PARAMETER.sub(_named_parameter, urlsplit(self.url).path)
        return _decoded(path).rsplit("/", 1)[-1]

    @property
    def display(self) -> str:
        """The URL without user name, password, query, fragment and parameters of its path that may be secret."""
        if self.scheme == "file":
            return shown_path(self.url)
        if self.scheme == "s3":
            return self.url
        parts = urlsplit(self.url)
        host = parts.netloc.rsplit("@", 1)[-1]
        path = _PARAMETER.sub(_shown_parameter, parts.path)
        return f"{parts.scheme}://{host}{path}" + ("?..." if parts.query else "")


def _shown_parameter(found: re.Match[str]) -> str:
    return _HIDDEN if may_hold_secret(unquote(found[1])) else found[0]


def _named_parameter(found: re.Match[str]) -> str:
    """As a part of the name: the whole URL and its displayable form have the same one."""
    return "" if _HIDDEN in {found[0], _shown_parameter(found)} else found[0]


# Where servers listen that a URL names no port of.
_PORTS = {"http": 80, "https": 443, "ftp": 21, "ftpes": 21, "ftps": 990, "sftp": 22}


def place_of(source: SourceUrl) -> str:
    """Who is asked for a source: the server's scheme, host and port, or the whole URL of an object in S3."""
    if source.scheme not in NETWORK_SCHEMES:
        return source.url
    parts = urlsplit(source.url)
    port = _PORTS[source.scheme] if parts.port is None else parts.port
    return f"{source.scheme}://{parts.hostname}:{port}"


def local_error(source: SourceUrl) -> BadSource:
    """The error of a local source where only the cloud could read it."""
    what = "standard input is on this machine" if source.url == STDIN else f"{source.url} is a local path"
    return BadSource(f"{what}, which the cloud can't read", "use s3am-cloud upload")


def shown_path(path: str | Path) -> str:
    """A path as text that can be written everywhere: one that is not UTF-8 as a file URL, by which it can be given."""
    text = str(path)
    if _is_utf8(text):
        return text
    return "file://" + quote(str(Path(text).absolute()), errors="surrogateescape")


def is_download(source: str, destination: str) -> bool:
    """Whether these are an object in S3 and a local path."""
    return source.lower().startswith("s3://") and ":" not in destination


def parse_s3(text: str, *, key_needed: bool = True) -> S3Url:
    """An object, or with `?versionId=ID` behind its key one version of it. Raises BadS3Url."""
    if not _is_utf8(text):
        raise BadS3Url(f"not UTF-8, as the keys of S3 are: {text}", "write the key in UTF-8")
    if not text.startswith("s3://"):
        raise BadS3Url(f"not an S3 URL: {shown(text)}", _in_s3_form(text))
    bucket, _, key = text[len("s3://") :].partition("/")
    key, version = _without_version(key)
    if "@" in bucket:
        # Some tools take keys there, which must not be shown.
        raise BadS3Url("an S3 URL has a login before the bucket", "leave it out: s3://BUCKET/KEY")
    if not bucket:
        raise BadS3Url(f"no bucket in {text}")
    if LINE_CONTROLS.search(bucket):
        raise BadS3Url(f"control characters in the name of the bucket in {text}")
    _check_kind(bucket, text)
    if key_needed and not key:
        raise BadS3Url(f"no key in {text}")
    return S3Url(bucket, key, version)


def _check_kind(bucket: str, text: str) -> None:
    """Raises BadS3Url for what S3 addresses otherwise than a bucket, so that requests would go astray."""
    if bucket.startswith("arn:"):
        kind = "a multi-region access point" if bucket.endswith(".mrap") or ".mrap/" in text else "an access point"
        raise BadS3Url(f"{text} names {kind} by its ARN, which is not supported", "give the name of the bucket")
    for ending, kind in _KINDS.items():
        if bucket.endswith(ending):
            raise BadS3Url(f"{bucket} is {kind}, which is not supported", "give a general purpose bucket")


def parse_s3_target(text: str, *, key_needed: bool = True) -> S3Url:
    """An object, or a prefix, that is written to or cleared up: never one version. Raises BadS3Url."""
    target = parse_s3(text, key_needed=key_needed)
    if target.version is not None:
        raise BadS3Url(f"{text} names a version, which only a source can have", "leave ?versionId= out")
    return target


def _without_version(key: str) -> tuple[str, str | None]:
    found = _VERSION.search(key)
    return (key, None) if found is None else (key[: found.start()], found[1])


def _in_s3_form(text: str) -> str | None:
    """The hint for an S3 URL in another form; None for what is none."""
    if text[:5].lower() == "s3://":
        return "write s3:// in small letters"
    match = _S3_HOST.match(text)
    if match is None:
        return None
    bucket, path = match["bucket"], match["path"]
    return f"write it as {shell_word(f's3://{bucket}/{path}' if bucket else f's3://{path}')}"


def parse_destination(text: str, source: SourceUrl) -> S3Url:
    """The object that `source` becomes; a destination that ends in `/` gets its file name. Raises BadDestination.

    Keys are taken literally: `s3://b//` is the prefix `/` of the bucket, not the bucket itself.
    """
    try:
        target = parse_s3_target(text, key_needed=False)
    except BadS3Url as error:
        raise BadDestination(error.message, None if error.hint == BadS3Url.hint else error.hint) from error
    if target.key and not target.key.endswith("/"):
        return target
    if not text.endswith("/"):
        raise BadDestination(f"no key in {text}")
    if not source.name:
        what = "standard input" if source.url == STDIN else source.display
        raise BadDestination(f"{what} has no file name to add to {text}", "write the whole key")
    if not _is_utf8(source.name):
        raise BadDestination(f"{source.name} is not UTF-8, as the keys of S3 are", "write the whole key")
    return S3Url(target.bucket, target.key + source.name)


def parse_prefix(text: str) -> S3Url:
    """What several objects are below: a bucket, or a prefix that ends in a slash. Raises BadDestination."""
    try:
        target = parse_s3(text, key_needed=False)
    except BadS3Url as error:
        raise BadDestination(error.message, error.hint) from error
    if target.key and not target.key.endswith("/"):
        raise BadDestination(f"{text} is one object, and there may be several items", f"write {text}/")
    return target


def parse_source(text: str) -> SourceUrl:
    """A URL of a supported scheme, one of S3AM's forms of a local path, or `-`. Raises BadSource."""
    if _PLAIN.fullmatch(text):
        return SourceUrl(text.partition(":")[0], text)
    if text.startswith(("/", "./", "../")) or ":" not in text:
        return _local(text)
    scheme = text.partition(":")[0].lower()
    if scheme == "file":
        return _local(_file_path(text))
    if scheme == "s3":
        return _s3_source(text)
    if scheme not in NETWORK_SCHEMES:
        # Whatever has // or @ after the colon may hold a password.
        local = None if "//" in text or "@" in text else f"a local file that is called so is written ./{text}"
        raise BadSource(f"unknown scheme {scheme!r} in the source URL", local)
    return _network(scheme, text)


def shown(text: str) -> str:
    """What may be shown of a URL that could not be parsed."""
    scheme, colon, _ = text.partition(":")
    return f"{scheme}:..." if colon else text


def _local(path: str) -> SourceUrl:
    if not path:
        raise BadSource("the source is empty")
    if "\0" in path:
        raise BadSource("the path has a NUL character, which no file's name has", "check the URL")
    return SourceUrl("file", path)


def _file_path(text: str) -> str:
    rest = text[len("file:") :]
    if rest.startswith("//"):
        host, slash, path = rest[2:].partition("/")
        if host not in {"", "localhost"}:
            raise BadSource(f"a file URL names another host: {host}", "file://localhost/PATH or file:///PATH")
        rest = slash + path
    if not rest.startswith("/"):
        raise BadSource("a file URL needs an absolute path", "write file:///PATH, or the path alone")
    return unquote(rest, errors="surrogateescape")


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _s3_source(text: str) -> SourceUrl:
    target = parse_s3(text)
    return target.as_source


def _network(scheme: str, text: str) -> SourceUrl:
    url = text if scheme not in FILE_TRANSFER_SCHEMES else _binary(text)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        # Its own message may repeat a piece of the password.
        raise _unreadable(text) from None
    if not host or " " in text or not text.isprintable():  # which no other white space is
        raise _unreadable(text)
    if scheme in FILE_TRANSFER_SCHEMES and port is not None and "@" not in parts.netloc and "@" in url:
        raise _unreadable(text)  # a password of digits and a slash, or a port before a name with an @
    _check_controls(scheme, parts.netloc, parts.path)
    try:
        return SourceUrl(scheme, _encoded(url, parts.netloc))
    except UnicodeError:
        raise BadSource(f"not a URL: {shown(text)}", "the host's name can't be written in ASCII") from None


def _check_controls(scheme: str, netloc: str, path: str) -> None:
    """Raises BadSource for encoded control characters in a login or in the path of a file server, which gets both as
    they are: a line break would be the beginning of another command. Paths of HTTP stay encoded."""
    sent = unquote(netloc.rpartition("@")[0], "iso-8859-1")
    if scheme in FILE_TRANSFER_SCHEMES:
        sent += unquote(path, "iso-8859-1")
    if LINE_CONTROLS.search(sent):
        raise BadSource(
            f"a {scheme} URL can't have control characters (%00 to %1F, %7F) in its login or path",
            "check the URL, or rename the file on its server",
        )


def _unreadable(text: str) -> BadSource:
    said = f"not a URL: {shown(text)}"
    if "@" in text:
        hint = (
            "in user names, passwords and paths, / @ # ? % [ ] and spaces are written %2F %40 %23 %3F %25 %5B %5D %20"
        )
        return BadSource(said, hint)
    return BadSource(said, "spaces in a URL are written %20")


def _binary(text: str) -> str:
    """The URL without the `;type=` of RFC 1738: a file is what its bytes are. Raises BadSource for a listing."""
    found = _TYPE.search(text)
    if found is not None and found[1] in "dD":
        raise BadSource("the URL asks for a folder's listing (;type=d)", "give the URL of a file")
    return _TYPE.sub("", text)


def _encoded(text: str, netloc: str) -> str:
    """What browsers make of characters beyond ASCII: UTF-8, percent-encoded, and punycode in the name of the host.

    Likewise an @ in a password: the last one stands before the host.
    """
    before, slashes, rest = text.partition("//")
    login, at, host = netloc.rpartition("@")
    if text.isascii() and "@" not in login:
        return text
    name, colon, port = host.partition(":") if not host.isascii() else (host, "", "")
    plain = host if host.isascii() else name.encode("idna").decode() + colon + port
    login = quote(login, _ASCII.replace("@", ""))
    return before + slashes + login + at + plain + quote(rest[len(netloc) :], _ASCII)


def _decoded(path: str) -> str:
    """Percent-encoded bytes are UTF-8 nearly everywhere; what is not is taken for Latin-1, which any bytes are."""
    try:
        return unquote(path, errors="strict")
    except UnicodeDecodeError:
        return unquote(path, "iso-8859-1")
