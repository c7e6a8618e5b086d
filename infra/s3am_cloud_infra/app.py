"""The CDK app, made the same way for the CDK's command, the embedded cloud and the tests."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from s3am_cloud import names
from s3am_cloud.ingest.file import read_ingest
from s3am_cloud.ingest.rules import Ingest
from s3am_cloud_infra.node import point_jsii_at_node

if TYPE_CHECKING:
    from aws_cdk import App

_DONT_COPY = "aws:cdk:disable-asset-staging"  # the CDK's name for it, in its module cx-api

_QUALIFIER = "@aws-cdk/core:bootstrapQualifier"


def make_app(
    asset_dir: Path,
    stack_name: str | None = None,
    outdir: Path | None = None,
    copy_asset: bool = True,
    ingest: Ingest | None = None,
    qualifier: str | None = None,
) -> App:
    """The app with its one stack, whose functions run the code in `asset_dir`; `.synth()` writes it to `outdir`.

    The stack's name is `stack_name`, else the context's `stack`, else the environment's S3AM_CLOUD_STACK, else the
    default. Without `outdir` the CDK's command says where to write (CDK_OUTDIR), or it is a temporary folder. Without
    `copy_asset` what is written refers to `asset_dir` where it is. What comes in by itself is `ingest`, else what the
    file says that the context's `ingest` names, else the environment's S3AM_CLOUD_INGEST, else nothing. `qualifier` is
    that of the CDK's bootstrap, else the usual one. Raises NodeMissing, BadIngest.
    """
    point_jsii_at_node()
    from aws_cdk import App

    from s3am_cloud_infra.stack import S3amCloudStack

    app = App(
        context={**feature_flags(), _DONT_COPY: not copy_asset, **bootstrap_context(qualifier)},
        outdir=None if outdir is None else str(outdir),
        analytics_reporting=False,
    )
    chosen = stack_name or app.node.try_get_context(names.STACK_CONTEXT) or os.environ.get(names.STACK_VARIABLE)
    if ingest is None:
        file = app.node.try_get_context(names.INGEST_CONTEXT) or os.environ.get(names.INGEST_VARIABLE)
        ingest = read_ingest(Path(file)) if file else Ingest()
    S3amCloudStack(app, chosen or names.DEFAULT_STACK, asset_dir=asset_dir, ingest=ingest)
    return app


def feature_flags() -> dict[str, Any]:
    """The context of cdk.json, which is kept in the package, so that an installed one has it as well.

    The CDK's command reads it through the link in the project's root; an app that runs by itself has to be given it.
    """
    text = Path(__file__).with_name("cdk.json").read_text(encoding="utf-8")
    return cast("dict[str, Any]", json.loads(text)["context"])


def bootstrap_context(qualifier: str | None) -> dict[str, str]:
    return {} if qualifier is None else {_QUALIFIER: qualifier}
