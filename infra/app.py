"""What the CDK's command runs, and anybody who wants the template: builds the Lambda asset, then synthesizes.

`python infra/app.py` writes cdk.out, offline once the asset's packages are in uv's cache.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from s3am_cloud.errors import BadIngest
from s3am_cloud_infra.app import make_app
from s3am_cloud_infra.asset import AWS, AssetError, build_asset, default_cache
from s3am_cloud_infra.node import NodeMissing


def main() -> None:
    try:
        asset = build_asset(AWS, default_cache())
        make_app(asset, outdir=Path(os.environ.get("CDK_OUTDIR", "cdk.out"))).synth()
    except (AssetError, NodeMissing, BadIngest) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
