"""The tools that are compared, and how each is told to do a job: at its own defaults, as its manual has it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PEERS = Path(__file__).with_name("peers")
OWN = "s3am-cloud"
FLOOR = "curl"
RANGES = 8
"""As many as s3am-cloud's own connections."""
RANGED = f"{FLOOR}, {RANGES} ranges"
FLOORS = frozenset({FLOOR, RANGED, "dd", "raw socket", "socket to file"})
"""They check nothing, repeat nothing, know nothing of S3: what the bytes themselves cost."""
ONE_COMMAND = ", one command"
"""The end of the names of those that are told of many objects at once."""


@dataclass(frozen=True)
class Bench:
    """Where the tools are installed, and the S3 that all are pointed at, with the process ids of its servers."""

    programs: Path
    own_programs: Path
    endpoint: str
    certificate: Path | None = None
    access_key: str = "key"
    secret_key: str = "secret"
    servers: tuple[int, ...] = ()

    def rclone(self, *words: str | Path) -> list[str | Path]:
        options = ["--config", "", "--s3-provider", "Other", "--s3-env-auth", "--s3-endpoint", self.endpoint]
        return [self.programs / "rclone", *words, *options, "--s3-region", "us-east-1", "--s3-no-check-bucket"]

    def s5cmd(self, *words: str | Path) -> list[str | Path]:
        return [self.programs / "s5cmd", "--endpoint-url", self.endpoint, *words]

    def aws(self, *words: str | Path) -> list[str | Path]:
        return [self.programs / "aws", "s3", "cp", "--only-show-errors", *words]

    def script(self, name: str, *words: str | Path) -> list[str | Path]:
        return [self.programs / "python", PEERS / f"{name}_peer.py", *words]

    def own(self, *words: str | Path) -> list[str | Path]:
        return [self.own_programs / "s3am-cloud", *words]

    def url(self, s3_url: str) -> str:
        return f"{self.endpoint}/{s3_url.removeprefix('s3://')}"

    def environment(self, home: Path) -> dict[str, str]:
        """All that a tool gets to see of the environment; nothing that keeps Python from using its bytecode."""
        found = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ENDPOINT_URL_S3": self.endpoint,
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }
        if self.certificate:
            found |= {name: str(self.certificate) for name in ("AWS_CA_BUNDLE", "SSL_CERT_FILE")}
        return found


Command = Sequence[str | Path]
Way = Callable[[Bench, str, str], Command]
Ways = Mapping[str, Way]

CURL = ("curl", "-s", "-S", "--fail")


def _bucket_path(url: str) -> str:
    return ":s3:" + url.removeprefix("s3://")


def _curl_ranges(size: int) -> Way:
    """As many connections at once as s3am-cloud opens, each to a file of its own."""

    def way(bench: Bench, source: str, target: str) -> Command:
        command: list[str | Path] = ["curl", "--parallel", "--parallel-immediate"]
        for turn in range(RANGES):
            first, stop = (size * place // RANGES for place in (turn, turn + 1))
            fetch = [*CURL[1:], "-r", f"{first}-{stop - 1}", "-o", f"{target}.part{turn}", bench.url(source)]
            command += ["--next", *fetch] if turn else fetch
        return command

    return way


def _file_of(url: str) -> str:
    """Where the benchmark keeps the object's bytes: all commands run in a folder beside it."""
    return "../served/" + url.removeprefix("s3://")


DOWNLOAD: Ways = {
    OWN: lambda bench, source, target: bench.own("download", source, target),
    "s5cmd": lambda bench, source, target: bench.s5cmd("cp", source, target),
    "obstore": lambda bench, source, target: bench.script("obstore", "download", source, target),
    "awscrt": lambda bench, source, target: bench.script("crt", "download", source, target),
    "rclone": lambda bench, source, target: bench.rclone("copyto", _bucket_path(source), target),
    "aws-cli": lambda bench, source, target: bench.aws(source, target),
    "boto3": lambda bench, source, target: bench.script("boto3", "download", source, target),
}
UPLOAD: Ways = {
    OWN: lambda bench, source, target: bench.own("upload", "--exists", "overwrite", source, target),
    "s5cmd": lambda bench, source, target: bench.s5cmd("cp", source, target),
    "obstore": lambda bench, source, target: bench.script("obstore", "upload", source, target),
    "awscrt": lambda bench, source, target: bench.script("crt", "upload", source, target),
    "rclone": lambda bench, source, target: bench.rclone("copyto", source, _bucket_path(target)),
    "aws-cli": lambda bench, source, target: bench.aws(source, target),
    "boto3": lambda bench, source, target: bench.script("boto3", "upload", source, target),
}
FROM_URL: Ways = {
    OWN: lambda bench, source, target: bench.own(
        "upload", "--exists", "overwrite", "--download-slots", "16", source, target
    ),
    "rclone": lambda bench, source, target: bench.rclone("copyurl", source, _bucket_path(target)),
    "boto3": lambda bench, source, target: bench.script("boto3", "stream", source, target),
    "curl|aws-cli": lambda bench, source, target: [
        "sh",
        "-c",
        'curl -s -S --fail "$0" | "$@"',
        source,
        *bench.aws("-", target),
    ],
}
COPY: Ways = {
    OWN: lambda bench, source, target: bench.own("upload", "--exists", "overwrite", source, target),
    "aws-cli": lambda bench, source, target: bench.aws(source, target),
    "s5cmd": lambda bench, source, target: bench.s5cmd("cp", source, target),
    "rclone": lambda bench, source, target: bench.rclone("copyto", _bucket_path(source), _bucket_path(target)),
}
HELP: Ways = {
    OWN: lambda bench, source, target: bench.own("--help"),
    "aws-cli": lambda bench, source, target: [bench.programs / "aws", "--version"],
    "boto3": lambda bench, source, target: [bench.programs / "python", "-c", "import boto3"],
    "s5cmd": lambda bench, source, target: bench.s5cmd("--help"),
    "rclone": lambda bench, source, target: [bench.programs / "rclone", "--help"],
}
_AT_ONCE: Ways = {
    OWN: lambda bench, folder, target: bench.own("upload", "--exists", "overwrite", f"{folder}/", f"{target}/"),
    "s5cmd": lambda bench, folder, target: bench.s5cmd("cp", f"{folder}/*", f"{target}/"),
    "rclone": lambda bench, folder, target: bench.rclone("copy", folder, _bucket_path(target)),
    "aws-cli": lambda bench, folder, target: bench.aws("--recursive", folder, target),
}
WHOLE_PREFIX: Ways = {
    OWN: lambda bench, prefix, folder: bench.own("download", f"{prefix}/", f"{folder}/"),
    "s5cmd": lambda bench, prefix, folder: bench.s5cmd("cp", f"{prefix}/*", f"{folder}/"),
    "rclone": lambda bench, prefix, folder: bench.rclone("copy", _bucket_path(prefix), folder),
    "aws-cli": lambda bench, prefix, folder: bench.aws("--recursive", prefix, folder),
}
URLS: Ways = {
    OWN: lambda bench, source, target: bench.own("upload", "--exists", "overwrite", "--manifest", source, f"{target}/"),
    "rclone": lambda bench, source, target: bench.rclone("copyurl", "--urls", source, _bucket_path(target)),
}
UPLOAD_FLOORS: Ways = {
    FLOOR: lambda bench, source, target: [*CURL, "-T", source, bench.url(target)],
    "dd": lambda bench, source, target: ["dd", f"if={source}", "of=/dev/null", "bs=1M", "status=none"],
    "raw socket": lambda bench, source, target: bench.script("socket", "upload", source, bench.url(target)),
}


def download_floors(size: int) -> Ways:
    """What the bytes of an object of `size` bytes cost at least."""
    return {
        FLOOR: lambda bench, source, target: [*CURL, "-o", target, bench.url(source)],
        RANGED: _curl_ranges(size),
        "dd": lambda bench, source, target: ["dd", f"if={_file_of(source)}", f"of={target}", "bs=1M", "status=none"],
        "raw socket": lambda bench, source, target: bench.script("socket", "download", bench.url(source), str(size)),
        "socket to file": lambda bench, source, target: bench.script("socket", "store", bench.url(source), target),
    }


def each_file(ways: Ways) -> Ways:
    """The same, as a command for each file of a folder, one after the other."""
    return {name: _each(way) for name, way in ways.items()}


def _each(way: Way) -> Way:
    def ways(bench: Bench, folder: str, target: str) -> Command:
        one = way(bench, f"{folder}/{{}}", f"{target}/{{}}")
        return ["sh", "-c", 'ls "$0" | xargs -I{} "$@"', folder, *one]

    return ways


def all_files() -> Ways:
    """A whole folder by one command, for those that can."""
    return {name + ONE_COMMAND: way for name, way in _AT_ONCE.items()}


def whole_folder() -> Ways:
    """The same, where nothing else is compared."""
    return _AT_ONCE
