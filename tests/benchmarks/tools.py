"""The tools that are compared, and how each is told to do a job: at its own defaults, as its manual has it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

PEERS = Path(__file__).with_name("peers")
OWN = "s3am-cloud"
FLOOR = "curl"


@dataclass(frozen=True)
class Bench:
    """Where the peers are installed, and the endpoint that all are pointed at."""

    programs: Path
    endpoint: str
    certificate: Path | None

    def rclone(self, *words: str | Path) -> list[str | Path]:
        return [
            self.programs / "rclone",
            *words,
            "--config",
            "",
            "--s3-provider",
            "Other",
            "--s3-env-auth",
            "--s3-endpoint",
            self.endpoint,
            "--s3-region",
            "us-east-1",
        ]

    def s5cmd(self, *words: str | Path) -> list[str | Path]:
        return [self.programs / "s5cmd", "--endpoint-url", self.endpoint, *words]

    def script(self, name: str, *words: str | Path) -> list[str | Path]:
        return [self.programs / "python", PEERS / f"{name}_peer.py", *words]

    def own(self, *words: str | Path) -> list[str | Path]:
        return [Path(sys.executable).with_name("s3am-cloud"), *words]


Command = Sequence[str | Path]
Way = Callable[[Bench, str, str], Command]


def _bucket_path(url: str) -> str:
    return ":s3:" + url.removeprefix("s3://")


def _floor_download(bench: Bench, source: str, target: str) -> Command:
    """One connection, to see what the bytes themselves cost."""
    trust: list[str | Path] = ["--cacert", bench.certificate] if bench.certificate else []
    return ["curl", "-s", "-S", *trust, "-o", target, f"{bench.endpoint}/{source.removeprefix('s3://')}"]


def _floor_upload(bench: Bench, source: str, target: str) -> Command:
    trust: list[str | Path] = ["--cacert", bench.certificate] if bench.certificate else []
    return ["curl", "-s", "-S", *trust, "-T", source, f"{bench.endpoint}/{target.removeprefix('s3://')}"]


DOWNLOAD: dict[str, Way] = {
    OWN: lambda bench, source, target: bench.own("download", source, target),
    "s5cmd": lambda bench, source, target: bench.s5cmd("cp", source, target),
    "obstore": lambda bench, source, target: bench.script("obstore", "download", source, target),
    "awscrt": lambda bench, source, target: bench.script("crt", "download", source, target),
    "rclone": lambda bench, source, target: bench.rclone("copyto", _bucket_path(source), target),
    "aws-cli": lambda bench, source, target: [bench.programs / "aws", "s3", "cp", "--quiet", source, target],
    "boto3": lambda bench, source, target: bench.script("boto3", "download", source, target),
    FLOOR: _floor_download,
    "dd": lambda bench, source, target: ["dd", f"if={_file_of(source)}", f"of={target}", "bs=1M", "status=none"],
}
UPLOAD: dict[str, Way] = {
    OWN: lambda bench, source, target: bench.own("upload", "--exists", "overwrite", source, target),
    "s5cmd": lambda bench, source, target: bench.s5cmd("cp", source, target),
    "obstore": lambda bench, source, target: bench.script("obstore", "upload", source, target),
    "awscrt": lambda bench, source, target: bench.script("crt", "upload", source, target),
    "rclone": lambda bench, source, target: bench.rclone(
        "copyto", "--s3-no-check-bucket", source, _bucket_path(target)
    ),
    "aws-cli": lambda bench, source, target: [bench.programs / "aws", "s3", "cp", "--quiet", source, target],
    "boto3": lambda bench, source, target: bench.script("boto3", "upload", source, target),
    FLOOR: _floor_upload,
}
FROM_URL: dict[str, Way] = {
    OWN: lambda bench, source, target: bench.own(
        "upload", "--exists", "overwrite", "--download-slots", "16", "--part-size", "5MB", source, target
    ),
    "rclone": lambda bench, source, target: bench.rclone(
        "copyurl", "--s3-no-check-bucket", source, _bucket_path(target)
    ),
    "boto3": lambda bench, source, target: bench.script("boto3", "stream", source, target),
    "curl|aws-cli": lambda bench, source, target: [
        "sh",
        "-c",
        'curl -s -S "$1" | "$3" s3 cp --quiet - "$2"',
        "sh",
        source,
        target,
        bench.programs / "aws",
    ],
}
COPY: dict[str, Way] = {
    OWN: lambda bench, source, target: bench.own("upload", "--exists", "overwrite", source, target),
    "aws-cli": lambda bench, source, target: [bench.programs / "aws", "s3", "cp", "--quiet", source, target],
    "s5cmd": lambda bench, source, target: bench.s5cmd("cp", source, target),
    "rclone": lambda bench, source, target: bench.rclone(
        "copyto", "--s3-no-check-bucket", _bucket_path(source), _bucket_path(target)
    ),
}
HELP: dict[str, Way] = {
    OWN: lambda bench, source, target: bench.own("--help"),
    "aws-cli": lambda bench, source, target: [bench.programs / "aws", "--version"],
    "boto3": lambda bench, source, target: [bench.programs / "python", "-c", "import boto3"],
}


def _file_of(url: str) -> str:
    """Where the benchmark keeps the object's bytes: all commands run in a folder beside it."""
    return "../served/" + url.removeprefix("s3://")
