"""The code that Lambda runs, built without Docker: our package and the wheels that it imports, in one folder.

Folders are cached by a hash of what goes into them, the wheels apart from our package, so that a change of ours costs
less than a second. Equal inputs give equal folders, byte for byte, but for the bytecode, which is there where a Python
of the functions' version is at hand to make it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PACKAGE: Final = "s3am_cloud"

SERVICES: Final = frozenset({"events", "kms", "s3", "secretsmanager", "stepfunctions", "sts"})
"""AWS services whose clients the functions make. botocore carries the models of 400 others, 28 MB."""

INSTALLER_NOTES: Final = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json"})
"""What an installer writes into *.dist-info. The rest of it stays: licences have to travel with the code."""

_IN_LAMBDA: Final = "/var/task"
"""The folder that Lambda unpacks the asset into."""


class AssetError(Exception):
    """The asset can't be built; the message says why and what to do."""


@dataclass(frozen=True)
class Target:
    """What an asset is built for: a Python version and a platform, in uv's terms (None: this Python, this machine)."""

    name: str
    python: str | None
    platform: str | None

    @classmethod
    def here(cls) -> Target:
        """This machine and the Python that runs this: what the embedded cloud's functions run on."""
        return cls(f"{sysconfig.get_platform()}-{sys.implementation.cache_tag}", None, None)

    def uv_options(self) -> list[str]:
        options = ["--python", sys.executable]
        if self.python is not None:
            options += ["--python-version", self.python]
        if self.platform is not None:
            options += ["--python-platform", self.platform]
        return options


# pycurl's wheels ask for glibc 2.28, which Lambda has from python3.12 on.
AWS: Final = Target("lambda-arm64-python3.13", "3.13", "aarch64-manylinux_2_28")


def default_cache() -> Path:
    """Where assets are kept unless the caller says otherwise: `s3am-cloud/assets` in the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "s3am-cloud" / "assets"


def build_asset(target: Target, into: Path) -> Path:
    """The folder with the code for `target`, somewhere in the cache folder `into`; built unless it is there.

    Several processes may build at the same time: each builds apart, and one of the equal results stays.
    It needs uv (extra `deploy`) and, for wheels that uv hasn't cached, a package registry. Raises AssetError.
    """
    requirements = Path(__file__).with_name("asset.txt")
    rules = Path(__file__).read_bytes()
    packages_key = _digest(repr(target).encode(), requirements.read_bytes(), rules)
    packages = into / f"packages-{packages_key}"
    ours = _contents(_package_folder())
    asset = into / f"asset-{_digest(packages_key.encode(), _tree_digest(ours).encode())}"
    if not asset.is_dir():
        publish(packages, lambda folder: _install(target, requirements, folder))
        publish(asset, lambda folder: _assemble(target, packages, ours, folder))
    return asset


def tree_digest(folder: Path) -> str:
    """SHA-256, in hex, of the relative paths and contents of the files below `folder`, bytecode apart."""
    return _tree_digest(_contents(folder))


def _contents(folder: Path) -> dict[str, bytes]:
    """Read once, so that what is hashed is what is copied even while somebody edits it."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in source_files(folder)}


def _tree_digest(contents: dict[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, content in contents.items():
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def source_files(folder: Path) -> Iterator[Path]:
    """The files below `folder` in a fixed order, without Python's bytecode."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc":
            yield path


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:20]


def _package_folder() -> Path:
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise AssetError(f"the package {PACKAGE} is not installed")
    return Path(spec.submodule_search_locations[0])


def publish(final: Path, build: Callable[[Path], None]) -> None:
    """Have `build` fill a folder, which then becomes `final` at once; the first to finish wins."""
    if final.is_dir():
        return
    # What is in the cache is run and deployed, so others must not write there.
    for folder in (*reversed(final.parent.parents), final.parent):
        folder.mkdir(mode=0o700, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".building-", dir=final.parent) as workplace:
        folder = Path(workplace) / final.name
        build(folder)
        try:
            folder.rename(final)
        except OSError:
            if not final.is_dir():
                raise


def _install(target: Target, requirements: Path, folder: Path) -> None:
    command = [_uv(), "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
    command += [*target.uv_options(), "--target", str(folder), "--requirement", str(requirements)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise AssetError(f"the functions' packages can't be installed for {target.name}:\n{answer.stderr.strip()}")
    _trim(folder)
    _compile(target, folder, folder)
    _fix_modes(folder)


def _compile(target: Target, below: Path, root: Path) -> None:
    """Adds bytecode to the sources `below`: Lambda would spend 0.4 s of each cold start on compiling 400 modules.

    Its files hold no time of the sources', which zipping changes, and the paths that these have in Lambda.
    """
    python = _python_of(target)
    if python is not None:
        options = ["-q", "--invalidation-mode", "unchecked-hash", "-s", str(root), "-p", _IN_LAMBDA]
        command = [python, "-I", "-m", "compileall", *options, str(below)]
        # What does not compile is none of what is imported: it stays without.
        subprocess.run(command, capture_output=True, check=False)


def _python_of(target: Target) -> str | None:
    """A Python of the target's version, None where there is none."""
    if target.python in {None, f"{sys.version_info.major}.{sys.version_info.minor}"}:
        return sys.executable
    command = [_uv(), "python", "find", "--no-project", "--no-python-downloads", str(target.python)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return answer.stdout.strip() if answer.returncode == 0 else None


def _uv() -> str:
    try:
        from uv import find_uv_bin

        return find_uv_bin()
    except (ImportError, FileNotFoundError):
        found = shutil.which("uv")
    if found is None:
        raise AssetError("uv is missing: install the extra `deploy` (pip install 's3am-cloud[deploy]')")
    return found


def _trim(folder: Path) -> None:
    """Remove what no function ever reads."""
    for path in list(_dispensable(folder)):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _dispensable(folder: Path) -> Iterator[Path]:
    yield from (folder / "bin", folder / ".lock", folder / "boto3" / "examples")
    for data in (folder / "botocore" / "data", folder / "boto3" / "data"):
        yield from (model for model in data.iterdir() if model.is_dir() and model.name not in SERVICES)
    yield from folder.glob("botocore/data/*/*/examples-1.json")
    yield from (note for note in folder.glob("*.dist-info/*") if note.name in INSTALLER_NOTES)
    yield from folder.rglob("__pycache__")


def _fix_modes(folder: Path) -> None:
    """Lambda's user must be able to read what this user installed, whatever the umask."""
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _assemble(target: Target, packages: Path, ours: dict[str, bytes], folder: Path) -> None:
    shutil.copytree(packages, folder, copy_function=_link)
    for name, content in ours.items():
        copy = folder / PACKAGE / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(content)
    _compile(target, folder / PACKAGE, folder)
    _fix_modes(folder / PACKAGE)


def _link(original: str, copy: str) -> None:
    """The wheels are the same in every asset, so they need no room twice where the file system has hard links."""
    try:
        os.link(original, copy)
    except OSError:
        shutil.copy2(original, copy)
