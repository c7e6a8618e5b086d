"""The template and the code that it refers to, for those who deploy without the CDK's command: the embedded cloud."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import msgspec

from s3am_cloud import names
from s3am_cloud.ingest.rules import Ingest
from s3am_cloud_infra.app import feature_flags, make_app
from s3am_cloud_infra.asset import source_files, tree_digest

STAMP = "inputs.sha256"


@dataclass(frozen=True)
class ZippedAsset:
    """A zip file, and the bucket and key under which the template looks for it."""

    zip: Path
    bucket: str
    key: str

    def bucket_in(self, account: str, region: str) -> str:
        """The bucket's name, which the template makes of account and region."""
        return self.bucket.replace("${AWS::AccountId}", account).replace("${AWS::Region}", region)


@dataclass(frozen=True)
class Synthesized:
    """A CloudFormation template (JSON) that needs no CDK, and the assets that must be in place before it."""

    stack_name: str
    template: Path
    assets: tuple[ZippedAsset, ...]


def synthesized(
    asset_dir: Path, outdir: Path, stack_name: str = names.DEFAULT_STACK, ingest: Ingest | None = None
) -> Synthesized:
    """Synthesize the stack into `outdir`, whose functions run the code in `asset_dir`.

    What `outdir` holds from another time is used again if nothing that goes into it has changed, which saves the
    seconds that the CDK takes to start; else it is emptied first. Raises NodeMissing.
    """
    stamp = outdir / STAMP
    comes_in = ingest or Ingest()
    inputs = fingerprint(asset_dir, stack_name, comes_in)
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != inputs:
        shutil.rmtree(outdir, ignore_errors=True)
        make_app(asset_dir, stack_name, outdir, ingest=comes_in).synth()
        for packaged in _assets(outdir, stack_name):
            _write_zip(packaged.zip.with_suffix(""), packaged.zip)
        stamp.write_text(inputs, encoding="utf-8")
    return Synthesized(stack_name, outdir / f"{stack_name}.template.json", _assets(outdir, stack_name))


def fingerprint(asset_dir: Path, stack_name: str, ingest: Ingest) -> str:
    """A hash, in hex, of all that the template and the zip are made of."""
    stack = tree_digest(Path(__file__).parent)
    parts = [tree_digest(asset_dir), stack, json.dumps(feature_flags()), version("aws-cdk-lib"), stack_name]
    parts.append(msgspec.json.encode(ingest).decode())
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _assets(outdir: Path, stack_name: str) -> tuple[ZippedAsset, ...]:
    """The folders that the cloud assembly wants zipped; its other file is the template itself."""
    manifest = json.loads((outdir / f"{stack_name}.assets.json").read_text(encoding="utf-8"))
    return tuple(
        ZippedAsset(
            (outdir / f"{asset['source']['path']}.zip").resolve(),
            destination["bucketName"],
            destination["objectKey"],
        )
        for asset in manifest["files"].values()
        if asset["source"]["packaging"] == "zip"
        for destination in asset["destinations"].values()
    )


def _write_zip(folder: Path, target: Path) -> None:
    """Not compressed, since it goes no further than this machine; without dates, so equal folders give equal files."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for path in source_files(folder):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix())
            entry.external_attr = (path.stat().st_mode & 0xFFFF) << 16
            archive.writestr(entry, path.read_bytes())
