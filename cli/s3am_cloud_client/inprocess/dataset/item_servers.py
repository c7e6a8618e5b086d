"""The servers of a dataset's items, and what each of them gets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from s3am_cloud.datasets.selection import Selected
from s3am_cloud.logins import HostLogins
from s3am_cloud_client.logins import Logins, SeenServers, servers_of


class ItemServers:
    """`named` are the URLs in the command itself, to whose server headers go where there are any: what a list from
    elsewhere says must not lead them to a server of its choice."""

    def __init__(self, logins: Logins, named: Iterable[str]) -> None:
        self._logins, self._named, self._seen = logins, servers_of(named), SeenServers()

    def named_logins(self) -> HostLogins:
        """For reading lists and trees. Raises Usage."""
        return self._logins.of((), self._named, certain=False)

    def watching(self, items: Iterable[Selected]) -> Iterator[Selected]:
        """The items, whose servers are kept in mind."""
        return self._seen.watching(items, lambda one: (one.item.source, *one.item.mirrors))

    def logins(self) -> HostLogins:
        """For all items that have passed by. Raises Usage."""
        return self._logins.of(self._seen.servers(), self._named)
