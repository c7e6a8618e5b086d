"""An HTTP server that is too busy for more than some requests at once."""

from __future__ import annotations

from servers.faults import Fault, Slow, Status
from servers.faulty_http import FaultyHttp
from servers.http_model import Request


class CrowdedHttp(FaultyHttp):
    """Remembers, besides what every such server does, how many requests there were at once whenever one came."""

    def __init__(self) -> None:
        super().__init__()
        self.at_once: list[int] = []
        self.refused = 0

    def faults(self, rate: float, most: int = 10**6, status: int = 503) -> list[Fault]:
        """Bytes a second for each request, of which `most` are answered at once."""

        def is_one_too_many(request: Request) -> bool:
            # The site's lock is held by whoever asks.
            self.at_once.append(self._site.busy)
            self.refused += self._site.busy > most
            return self._site.busy > most

        return [Slow(bytes_per_second=rate), Status(status=status, where=is_one_too_many)]
