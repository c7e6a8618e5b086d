"""What may be fetched from where: every address is judged when its socket is opened, every SSH server by its key.

Judging there, and not by the URL's spelling, covers redirects, FTP data connections and names that resolve differently
the second time. A proxy would open sockets in our place, so with the guard there is none.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping

import pycurl

from s3am_cloud.adapters.curl.transport.addresses import is_public
from s3am_cloud.adapters.curl.transport.ssh_greeting import GreetingWatch

_FAMILIES = {socket.AF_INET, socket.AF_INET6}

_KEY_MATCHES: Mapping[int, str | None] = {
    pycurl.KHMATCH_OK: None,
    pycurl.KHMATCH_MISSING: "is not in known_hosts",
    pycurl.KHMATCH_MISMATCH: "is not the one that known_hosts has: this may be another server",
}


class Guard:
    """Refuses sockets to addresses that are not public, unless private ones are allowed, and unknown SSH servers."""

    def __init__(self, allow_private: bool) -> None:
        self._allow_private = allow_private
        self.refused: str | None = None
        # Ends the connection to an SSH server that never comes to its key.
        self._greeting: GreetingWatch | None = None
        # Why the key of an SSH server was refused.
        self.host_key: str | None = None
        # The SSH key that can't be used, as it is under a passphrase.
        self.locked_key: str | None = None

    def watch(self, easy: pycurl.Curl) -> None:
        # A data connection goes where the control connection goes, whatever the server answers.
        easy.setopt(pycurl.FTP_SKIP_PASV_IP, 1)
        if not self._allow_private:
            easy.setopt(pycurl.OPENSOCKETFUNCTION, self._open)
            # Not even one that the environment names.
            easy.setopt(pycurl.PROXY, "")

    @property
    def never_greeted(self) -> bool:
        """Whether an SSH server sent on and on, but no greeting."""
        return self._greeting is not None and self._greeting.late

    def watch_ssh(self, easy: pycurl.Curl, known_hosts: str, seconds: float) -> None:
        """The server has to show a key that `known_hosts` has within `seconds`. A file that is not there knows none."""
        self._greeting = GreetingWatch(seconds)
        easy.setopt(pycurl.OPENSOCKETFUNCTION, self._open)
        easy.setopt(pycurl.SSH_KNOWNHOSTS, known_hosts)
        easy.setopt(pycurl.SSH_KEYFUNCTION, self._judge_key)

    def _judge_key(self, known: object, found: object, match: int) -> int:
        if self._greeting is not None:
            self._greeting.greeted()
        self.host_key = _KEY_MATCHES.get(match, "can't be looked up in known_hosts")
        return int(pycurl.KHSTAT_REJECT if self.host_key else pycurl.KHSTAT_FINE)

    def _open(self, purpose: int, address: tuple[int, int, int, tuple[str, int]]) -> socket.socket | int:
        family, kind, protocol, where = address
        if not self._allow_private and (family not in _FAMILIES or not is_public(where[0])):
            self.refused = str(where[0])
            return int(pycurl.SOCKET_BAD)
        # A name may have a second, public address after one that is not.
        self.refused = None
        opened = socket.socket(family, kind, protocol)
        if self._greeting is not None:
            self._greeting.watch(opened)
        return opened
