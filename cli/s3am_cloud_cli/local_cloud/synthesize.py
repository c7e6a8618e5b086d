"""The stack's template and zip files: `python -m s3am_cloud_cli.local_cloud.synthesize ASSET OUT STACK INGEST`.

ASSET is the folder with the functions' code, INGEST what comes in by itself, as JSON. In a process of its own, because
the CDK takes 200 MB of memory and a Node.js process, and gives neither back.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from s3am_cloud.decoders import Decoder
from s3am_cloud.ingest.rules import Ingest
from s3am_cloud_infra.synth import synthesized


def main() -> None:
    asset, out, stack, ingest = sys.argv[1:]
    comes_in: Ingest = Decoder(Ingest)(ingest)
    for packaged in synthesized(Path(asset), Path(out), stack, comes_in).assets:
        # The folder that was zipped is not needed again, and takes 35 MB.
        shutil.rmtree(packaged.zip.with_suffix(""), ignore_errors=True)


if __name__ == "__main__":
    main()
