"""What a user gives for sources' servers, and which of them gets what.

Headers that come without a host belong to the one server of the sources. Cookies and a hosts.toml name their hosts
themselves.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

import msgspec

from s3am_cloud.errors import Usage
from s3am_cloud.urls import SourceUrl, parse_source, place_of

if TYPE_CHECKING:
    from s3am_cloud.host_limits import HostLimits
    from s3am_cloud.logins import Headers, HostLogin, HostLogins
    from s3am_cloud_client.hosts_file import HostsFile

_SERVER = re.compile(r"(?i:https?|ftp|ftps|ftpes|sftp)://[^/?#]*")
_WEB = ("http", "https")
Each = TypeVar("Each")


class Logins(msgspec.Struct, frozen=True, kw_only=True):
    """What sources' servers get besides requests; `Logins.given` reads it from files.

    `headers` go to the one server of the sources, `cookies` (lines in Netscape's format) to the hosts that they name,
    and what is in `hosts` to its own.
    """

    headers: Headers = ()
    cookies: tuple[str, ...] = ()
    hosts: HostsFile | None = None
    # By `host_limits.limit_name`, over what `hosts` says.
    host_limits: HostLimits = {}

    def __repr__(self) -> str:
        return "Logins(...)"

    def __bool__(self) -> bool:
        return bool(self.headers or self.cookies or self.hosts)

    @classmethod
    def given(
        cls,
        headers: Iterable[str] = (),
        header_file: Path | None = None,
        bearer_file: Path | None = None,
        cookie_file: Path | None = None,
        hosts_file: Path | None = None,
        host_limits: Iterable[str] = (),
    ) -> Logins:
        """As the command's options: without `hosts_file`, the user's own is read if there is one. Raises Usage."""
        from s3am_cloud.logins import bearer_header, cookie_lines, header_line, header_lines
        from s3am_cloud_client.hosts_file import host_limit, read_hosts_file, read_secret_file

        lines = header_lines(read_secret_file(header_file)) if header_file else ()
        token = (bearer_header(read_secret_file(bearer_file)),) if bearer_file else ()
        return cls(
            headers=(*map(header_line, headers), *lines, *token),
            cookies=cookie_lines(read_secret_file(cookie_file)) if cookie_file else (),
            hosts=read_hosts_file(hosts_file),
            host_limits=dict(map(host_limit, host_limits)),
        )

    def limits(self) -> HostLimits:
        """Connections and requests a second, by host; an option outdoes what the file says of connections."""
        listed = dict(self.hosts.limits()) if self.hosts else {}
        for name, limit in self.host_limits.items():
            before = listed.get(name)
            listed[name] = limit if before is None else msgspec.structs.replace(before, connections=limit.connections)
        return listed

    def of(self, items: Iterable[SourceUrl], named: Iterable[SourceUrl] = (), certain: bool = True) -> HostLogins:
        """What each server of these items gets, and of the URLs that the user has `named`; headers go to the latter
        where there are any. Raises Usage where they would go to several, and with `certain` where they would go to
        none, or no cookie is for any."""
        if not self:
            return ()
        named_places, places = _places(named), _places((*items, *named))
        target = self._target(named_places) or self._target(places)
        if certain and not any(source.scheme in _WEB for source in places.values()):
            self._check_unused()
        given = [self._given(place, source, place == target) for place, source in places.items()]
        if certain and self.cookies and not any(one.cookies for one in given):
            raise self._no_cookie(places.values())
        listed = [login for place in places if (login := self._listed(place, place == target))]
        return (*(one for one in given if one.headers or one.cookies), *listed)

    def secret(self, source: SourceUrl) -> str | None:
        """The name of the secret in a hosts.toml that has the source's login for the cloud."""
        return self.hosts.secret(place_of(source)) if self.hosts and _SERVER.match(source.url) else None

    def _target(self, places: dict[str, SourceUrl]) -> str | None:
        web = sorted(place for place, source in places.items() if source.scheme in _WEB)
        if self.headers and len(web) > 1:
            raise Usage(
                f"the headers would go to several servers: {', '.join(web[:3])}",
                "write them for each host into a hosts.toml, and name that with --hosts-file",
            )
        return web[0] if web else None

    def _check_unused(self) -> None:
        if self.headers or self.cookies:
            raise Usage("headers and cookies are for sources with http or https", "leave them out")

    def _given(self, place: str, source: SourceUrl, gets_headers: bool) -> HostLogin:
        from s3am_cloud.logins import HostLogin, cookies_for, has_expired

        lines = cookies_for(self.cookies, urlsplit(source.url).hostname or "") if source.scheme in _WEB else ()
        cookies = tuple(line for line in lines if not has_expired(line, time.time()))
        return HostLogin(place=place, headers=self.headers if gets_headers else (), cookies=cookies, always=True)

    def _listed(self, place: str, gets_headers: bool) -> HostLogin | None:
        """What is in hosts.toml, but for what the options say instead."""
        login = self.hosts.login(place) if self.hosts else None
        if login is None or not gets_headers:
            return login
        names = {name.lower() for name, _ in self.headers}
        user = None if "authorization" in names else login.user
        rest = tuple(pair for pair in login.headers if pair[0].lower() not in names)
        return msgspec.structs.replace(login, headers=rest, user=user)

    def _no_cookie(self, servers: Iterable[SourceUrl]) -> Usage:
        from s3am_cloud.logins import cookies_for

        hosts = sorted({urlsplit(source.url).hostname or "" for source in servers})
        what = "have expired" if any(cookies_for(self.cookies, host) for host in hosts) else "are missing"
        return Usage(
            f"the cookies for {', '.join(hosts[:3])} {what}", "log in with the browser, and save its cookies again"
        )


NO_LOGINS = Logins()


class SeenServers:
    """The servers of items that pass by, whose sources `sources_of` gives."""

    def __init__(self) -> None:
        self._seen = set[str]()

    def watching(self, items: Iterable[Each], sources_of: Callable[[Each], tuple[str, ...]]) -> Iterator[Each]:
        for item in items:
            for source in sources_of(item):
                match = _SERVER.match(source)
                if match is not None:
                    self._seen.add(match[0])
            yield item

    def servers(self) -> Collection[SourceUrl]:
        return [parse_source(f"{server}/x") for server in sorted(self._seen)]


def servers_of(texts: Iterable[str | None]) -> list[SourceUrl]:
    """The URLs of servers among these arguments."""
    return [parse_source(text) for text in texts if text is not None and _SERVER.match(text)]


def _places(sources: Iterable[SourceUrl]) -> dict[str, SourceUrl]:
    return {place_of(source): source for source in sources if _SERVER.match(source.url)}
