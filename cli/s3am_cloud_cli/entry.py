"""The command's start: little enough is imported here that Ctrl-C is heard while the rest is."""

from __future__ import annotations

import sys

_INTERRUPTED = 130


def main() -> None:
    try:
        from s3am_cloud_client.inprocess.stopping import heed_stops

        heed_stops()
        from s3am_cloud_cli.main import main as run_main

        run_main()
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
