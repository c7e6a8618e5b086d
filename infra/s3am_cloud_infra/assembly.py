"""The cloud assembly that the CDK's command deploys: `python -m s3am_cloud_infra.assembly OUT STACK QUALIFIER
[ASSET INGEST]`.

QUALIFIER is that of the CDK's bootstrap, empty for the usual one. ASSET is the folder with the functions' code, INGEST
what comes in by itself, as JSON. In a process of its own, because
the CDK takes 200 MB of memory and a Node.js process, and gives neither back.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import msgspec

from s3am_cloud.ingest.rules import Ingest
from s3am_cloud_infra.app import bootstrap_context, make_app
from s3am_cloud_infra.node import NodeMissing, point_jsii_at_node


@dataclass(frozen=True)
class Bootstrap:
    """What a stack needs of the CDK's bootstrap: a version, and the SSM parameter with the version that is there."""

    parameter: str
    version: int


def write_assembly(outdir: Path, stack_name: str, qualifier: str | None, asset_dir: Path, ingest: Ingest) -> None:
    """Synthesize into `outdir`, with the functions' code left where it is: the CDK's command zips it from there.

    Raises NodeMissing.
    """
    make_app(asset_dir, stack_name, outdir, copy_asset=False, ingest=ingest, qualifier=qualifier).synth()


def write_empty_assembly(outdir: Path, stack_name: str, qualifier: str | None) -> None:
    """An assembly that names the stack and says nothing of it, which is all that is needed to remove it.

    Raises NodeMissing.
    """
    point_jsii_at_node()
    from aws_cdk import App, Stack

    app = App(outdir=str(outdir), analytics_reporting=False, context=bootstrap_context(qualifier))
    Stack(app, stack_name)
    app.synth()


def needed_bootstrap(assembly: Path, stack_name: str) -> Bootstrap:
    """As the assembly's manifest has it."""
    manifest = json.loads((assembly / "manifest.json").read_text(encoding="utf-8"))
    stack = manifest["artifacts"][stack_name]["properties"]
    return Bootstrap(stack["bootstrapStackVersionSsmParameter"], stack["requiresBootstrapStackVersion"])


def resource_counts(assembly: Path, stack_name: str) -> Counter[str]:
    """How many resources of each CloudFormation type the stack's template has."""
    template = json.loads((assembly / f"{stack_name}.template.json").read_text(encoding="utf-8"))
    return Counter(resource["Type"] for resource in template["Resources"].values())


def main() -> None:
    out, stack, qualifier, *more = sys.argv[1:]
    try:
        if more:
            asset, ingest = more
            write_assembly(Path(out), stack, qualifier or None, Path(asset), msgspec.json.decode(ingest, type=Ingest))
        else:
            write_empty_assembly(Path(out), stack, qualifier or None)
    except NodeMissing as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
