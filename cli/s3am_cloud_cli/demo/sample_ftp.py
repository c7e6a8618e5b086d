"""An FTP server with one sample file, for the demo. Anybody may read it, nobody may write."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from s3am_cloud_cli.demo.sample_server import Sample

_TURN_SECONDS = 0.05


@contextmanager
def serving_by_ftp(sample: Sample) -> Iterator[str]:
    """The sample's URL, for as long as it is served."""
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.handlers import FTPHandler
    from pyftpdlib.ioloop import IOLoop
    from pyftpdlib.servers import FTPServer

    class Handler(FTPHandler):  # type: ignore[misc]  # pyftpdlib has no types
        authorizer = DummyAuthorizer()
        banner = "sample files"

        def log(self, msg: str, logfun: object = None) -> None:
            """The demo has its own words."""

        logline = logerror = log_cmd = log_transfer = lambda self, *words, **more: None

    with tempfile.TemporaryDirectory(prefix="s3am-cloud-demo-") as folder:
        with (Path(folder) / sample.name).open("wb") as file:
            file.writelines(sample.blocks(0, sample.size))
        Handler.authorizer.add_anonymous(folder)
        loop = IOLoop()
        server, ended = FTPServer(("127.0.0.1", 0), Handler, ioloop=loop), threading.Event()

        def serve() -> None:
            while not ended.is_set():
                loop.loop(_TURN_SECONDS, blocking=False)
            server.close_all()

        thread = threading.Thread(target=serve, name="sample FTP server", daemon=True)
        thread.start()
        try:
            yield f"ftp://127.0.0.1:{server.address[1]}/{sample.name}"
        finally:
            ended.set()
            thread.join()
