"""The login that requests for one source carry: the user's for its server, or that of ~/.netrc."""

from __future__ import annotations

import pycurl

from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.logins import has_user, logins_of
from s3am_cloud.same_source import is_signed
from s3am_cloud.url_prefixes import covers
from s3am_cloud.urls import SourceUrl

_NONE_GIVEN = "give its login with --bearer-file, --header, --cookie-file, --netrc or a hosts.toml"
_IN_HEADERS = "check the header or token that it gets, and whether that may read this file"
_IN_COOKIES = "check whether the cookies are still those of a session, and log in anew in the browser if not"
_OF_A_USER = (
    "check the user name and password, and whether that user may read this file; in a URL, characters such as @ / # % "
    "are percent-encoded (%40)"
)
_OF_NETRC = "check the login that ~/.netrc has for its host"
_SIGNED = "the signed URL may have expired: give a fresh one, and continue with --resume if it was under way"


class SourceLogin:
    """Of the server that `source` is at. It says nothing about others, to which that one may redirect."""

    def __init__(self, source: SourceUrl, settings: CurlSettings) -> None:
        within = settings.login_within
        is_within = not within or any(covers(prefix, source.url) for prefix in within)
        given = logins_of(settings.logins, source) if is_within else ()
        self._netrc = settings.netrc
        self._user = next((one for one in given if one.user is not None), None)
        self.headers = tuple(pair for one in given for pair in one.headers)
        self.cookies = tuple(line for one in given for line in one.cookies)
        self.given = bool(given)

    def use(self, easy: pycurl.Curl, digest: bool = False) -> None:
        """Has libcurl log in. `digest` where the HTTP server was found to want logins by Digest; others get theirs with
        the first request."""
        if self._user is not None:
            easy.setopt(pycurl.USERNAME, (self._user.user or "").encode())
            easy.setopt(pycurl.PASSWORD, (self._user.password or "").encode())
        elif self._netrc and not any(name.lower() == "authorization" for name, _ in self.headers):
            easy.setopt(pycurl.NETRC, pycurl.NETRC_OPTIONAL)
        if digest:
            easy.setopt(pycurl.HTTPAUTH, pycurl.HTTPAUTH_DIGEST)

    def denied_hint(self, source: SourceUrl) -> str:
        """What to do where the server refuses a request with this login."""
        if is_signed(source.url):
            return _SIGNED
        if self.headers:
            return _IN_HEADERS
        if self._user is not None or has_user(source):
            return _OF_A_USER
        if self.cookies:
            return _IN_COOKIES
        return _OF_NETRC if self._netrc else _NONE_GIVEN
