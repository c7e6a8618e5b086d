"""The emulator's process: `python -m s3am_cloud_cli.local_cloud.serve STATE_FOLDER`, started by `local up`.

It takes a free port on 127.0.0.1 itself, so that no port can be lost between choosing and binding, sets the emulator
up for loopback only, patches its gaps, and serves until it is ended by a signal.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from pathlib import Path
from typing import Any

from s3am_cloud_cli.local_cloud.aws import REGION, new_key
from s3am_cloud_cli.local_cloud.state import Server, StateFolder, announce_server, claim_server_lock


def main() -> None:
    # What the emulator and the functions write is this user's alone, like the state folder.
    os.umask(0o077)
    folder = StateFolder(Path(sys.argv[1]))
    lock = claim_server_lock(folder.server_lock)
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    key_id, secret = new_key()
    server = Server(pid=os.getpid(), port=listener.getsockname()[1], access_key_id=key_id, secret_access_key=secret)
    announce_server(lock, server)  # at once: whoever started this may be gone, and another has to end it
    os.environ.update(settings(server, folder))

    from s3am_cloud_cli.local_cloud import patches

    patches.apply(folder.code_folder)
    asyncio.run(_serve(listener, server, folder))


def settings(server: Server, folder: StateFolder) -> dict[str, str]:
    """The emulator's settings: this port, this machine only, and none of the listeners beside the one gateway."""
    return {
        "GATEWAY_PORT": str(server.port),
        "BIND_HOST": "127.0.0.1",
        "AWS_ENDPOINT_URL": server.endpoint_url,
        "AWS_ACCESS_KEY_ID": server.access_key_id,
        "AWS_SECRET_ACCESS_KEY": server.secret_access_key,
        "MINISTACK_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "S3_DATA_DIR": str(folder.run_folder / "s3"),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        # It sweeps containers when it starts: keep it away from the user's.
        "DOCKER_HOST": f"unix://{folder.run_folder / 'no-docker.sock'}",
    }


async def _serve(listener: socket.socket, server: Server, folder: StateFolder) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack.app import app
    from ministack.services import sts

    from s3am_cloud_cli.local_cloud.audit_log import with_trail
    from s3am_cloud_cli.local_cloud.gate import with_gate

    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.keep_alive_timeout = 75
    # A trigger that never fires leaves the signals alone: SIGTERM ends the process, there is nothing to save.
    listening: Any = with_gate(with_trail(app, folder.trail_file), server, lambda: list(sts._sessions))
    await serve(listening, config, shutdown_trigger=asyncio.Event().wait)


if __name__ == "__main__":
    main()
