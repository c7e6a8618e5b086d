"""`python -m s3am_cloud_cli.local_cloud.synthesize ASSET_FOLDER OUT_FOLDER STACK`: the stack's template and zip files.

In a process of its own, because the CDK takes 200 MB of memory and a Node.js process, and gives neither back.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from s3am_cloud_infra.synth import synthesized


def main() -> None:
    asset, out, stack = sys.argv[1:]
    for packaged in synthesized(Path(asset), Path(out), stack).assets:
        # The folder that was zipped is not needed again, and takes 35 MB.
        shutil.rmtree(packaged.zip.with_suffix(""), ignore_errors=True)


if __name__ == "__main__":
    main()
