"""Secrets that a request names: their values are in Secrets Manager, and say themselves what they may be used for.

Whoever may start a job may name any secret below the prefix, and whoever may put an event on the bus those that the
ingest file grants to its source. Neither may read it, so neither must be able to have it used elsewhere: a secret says
the sources and the destinations that it is for. One that doesn't is for nothing that an execution's input requests,
an event's or anybody's; who submits may still use it, as that needs the right to write records of jobs.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote, urlsplit

import msgspec

from s3am_cloud.decoders import Decoder
from s3am_cloud.errors import BadSecret, SecretElsewhere, SecretInClear, SecretUnrestricted, Usage
from s3am_cloud.jobs.secrets import Secrets
from s3am_cloud.logins import HostLogin, HostLogins, bearer_header, cookie_lines, cookies_for, header_line
from s3am_cloud.model import Job, TransferRequest
from s3am_cloud.ports.vault import Vault
from s3am_cloud.url_prefixes import covers, is_prefix
from s3am_cloud.urls import NETWORK_SCHEMES, SourceUrl, parse_source, place_of

# Over these a password can be read by whoever is on the way; ftp may be upgraded to TLS, but need not be.
_IN_CLEAR = ("http", "ftp")


class NamedSecrets(Secrets, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The value of a secret in Secrets Manager.

    The login goes to `host` and to what is below `sources`, URLs of a scheme, host, port and folder: a user with a
    password, `headers` by their names, a token (`bearer`), `cookies` in Netscape's format. `destinations` are s3://
    URLs of a bucket and folder. With `cleartext`, the login also goes over http and ftp.
    """

    host: str | None = None
    user: str | None = None
    password: str | None = None
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    bearer: str | None = None
    cookies: str | None = None
    sources: tuple[str, ...] = ()
    destinations: tuple[str, ...] = ()
    cleartext: bool = False

    __repr__ = Secrets.__repr__

    @property
    def logs_in(self) -> bool:
        return bool(self.user is not None or self.headers or self.bearer or self.cookies)


_decode_named: Decoder[NamedSecrets] = Decoder(NamedSecrets)
_FIELDS = set(NamedSecrets.__struct_fields__) - {"logins"}
_WEB = ("http", "https")
_USES = {"sources", "destinations", "cleartext"}
# Fields that no request may have: their values would be in an execution's history.
SECRET_FIELDS = frozenset(NamedSecrets.__struct_fields__) - _USES - frozenset(TransferRequest.__struct_fields__)


def named_secrets(job: Job, vault: Vault) -> NamedSecrets:
    """What the job's request names, if it may be used for that. Raises NoSuchSecret, BadSecret, SecretRefused."""
    name = job.request.secret
    if name is None:
        return NamedSecrets()
    found = _read(vault.named(name), name)
    _check_use(found, name, job)
    return found


def with_login(url: str, named: NamedSecrets) -> str:
    """The URL with the secret's login, where it has none of its own.

    Raises SecretElsewhere where that is another host's, SecretInClear where all could read it on its way.
    """
    if url.startswith("s3://"):
        return url  # of a dataset it may be a whole bucket
    source = parse_source(url)
    if source.scheme not in NETWORK_SCHEMES:
        return url
    parts = urlsplit(source.url)
    if named.user is not None and parts.username is None:
        _check_host(source, named)
        url = login_url(source.url, named.user, named.password or "")
    elif named.source is None or url != named.source:
        return url
    _check_clear(source, named)
    return url


def host_logins(source: SourceUrl, named: NamedSecrets) -> HostLogins:
    """The secret's headers and cookies, for the source's server. Raises what `with_login` does, and BadSecret."""
    if not (named.headers or named.bearer or named.cookies) or source.scheme not in _WEB:
        return ()
    _check_host(source, named)
    _check_clear(source, named)
    try:
        headers = [header_line(f"{name}: {value}") for name, value in named.headers.items()]
        token = [bearer_header(named.bearer)] if named.bearer else []
        lines = cookie_lines(named.cookies) if named.cookies else ()
    except Usage as error:
        raise BadSecret(f"the secret can't be used: {error.message}", error.hint) from None
    cookies = cookies_for(lines, urlsplit(source.url).hostname or "")
    return (HostLogin(place=place_of(source), headers=(*headers, *token), cookies=cookies),)


def _check_host(source: SourceUrl, named: NamedSecrets) -> None:
    parts = urlsplit(source.url)
    host = parts.netloc.rpartition("@")[2]
    if named.host and named.host not in {parts.hostname, host}:
        raise SecretElsewhere(f"the login of the secret is for another host than that of {source.display}")


def _check_clear(source: SourceUrl, named: NamedSecrets) -> None:
    if source.scheme in _IN_CLEAR and not named.cleartext:
        raise SecretInClear(f"the login of the secret would be sent in clear to {source.display}")


def login_url(url: str, user: str, password: str) -> str:
    """The URL of a host, with this login."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{quote(user, '')}:{quote(password, '')}@{rest}"


def _read(text: str, name: str) -> NamedSecrets:
    try:
        found = _decode_named(text)
    except msgspec.DecodeError:
        # Its own message may repeat a piece of the value.
        raise BadSecret(
            f"the value of the secret {name} can't be read",
            f"it is a JSON object with any of {', '.join(sorted(_FIELDS))}",
        ) from None
    if found.logins:
        raise BadSecret(f"the secret {name} has the field logins", "write headers, bearer or cookies")
    if found.logs_in and not found.host and not found.sources:
        raise BadSecret(
            f"the secret {name} has a login and does not say for which host",
            'add "sources", or "host": its login is sent nowhere else',
        )
    if not all(map(is_prefix, (*found.sources, *found.destinations))):
        raise BadSecret(
            f'the secret {name} has something else than URLs in "sources" or "destinations"',
            "write them as https://HOST/FOLDER/ and s3://BUCKET/FOLDER/, without login and query",
        )
    return found


def _check_use(found: NamedSecrets, name: str, job: Job) -> None:
    if job.requested and not (found.sources and found.destinations):
        raise SecretUnrestricted(f"the secret {name} does not say for which sources and destinations it may be used")
    source, target = job.source, job.target
    for what, shown, url, allowed in (
        ("source", source.display, job.request.source, found.sources),
        ("destination", str(target), str(target), found.destinations),
    ):
        if allowed and not _is_below(url, allowed):
            raise SecretElsewhere(f"the secret {name} may not be used for the {what} {shown}")


def _is_below(url: str, allowed: Iterable[str]) -> bool:
    return any(covers(prefix, url) for prefix in allowed)
