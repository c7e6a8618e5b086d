"""The template for CloudFormation alone: no bootstrap of the CDK's is needed, as it names the bucket of its code."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path


def plain_template(template: Path, bucket: str, code: str, defaults: Mapping[str, str] | None = None) -> bytes:
    """The synthesized `template`, whose functions run what is in `bucket` under the key `code`. `defaults` are those
    of parameters, in place of its own."""
    document = json.loads(template.read_text(encoding="utf-8"))
    for resource in document["Resources"].values():
        if resource["Type"] == "AWS::Lambda::Function":
            resource["Properties"]["Code"] = {"S3Bucket": bucket, "S3Key": code}
    for name, value in (defaults or {}).items():
        document["Parameters"][name]["Default"] = value
    return json.dumps(document, separators=(",", ":")).encode()


def zip_code(folder: Path, target: Path) -> None:
    """The functions' code with its bytecode, as Lambda unpacks it; without dates, so equal folders give equal files."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix())
            entry.external_attr = (path.stat().st_mode & 0xFFFF) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
