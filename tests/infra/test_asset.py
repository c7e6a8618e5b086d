"""The code that Lambda runs: complete, lean, the same for the same inputs, built by several at once."""

from __future__ import annotations

import json
import re
import shutil
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import s3am_cloud
from s3am_cloud_infra import asset
from s3am_cloud_infra.asset import AssetError, Target, build_asset, default_cache, tree_digest

AARCH64 = 183  # e_machine in an ELF header
PACKAGE = Path(s3am_cloud.__file__).parent

# Run without site-packages: what it imports can only come from the asset.
IMPORT_ALL = """
import sys
sys.path.insert(0, sys.argv[1])
import aws_lambda_powertools, awscrt.checksums, boto3, msgspec, pycurl, s3am_cloud
for service in sys.argv[2:]:
    boto3.client(service, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
print(awscrt.checksums.crc64nvme(b"123456789"), s3am_cloud.__file__)
"""


def megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def refuse(*_: Any) -> None:
    raise AssertionError("nothing had to be installed")


@pytest.fixture
def small_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package in place of ours, and an installer that installs one small module."""
    package = tmp_path / "source" / "s3am_cloud"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("x = 1\n", encoding="utf-8")

    def install(target: Target, requirements: Path, folder: Path) -> None:
        folder.mkdir()
        (folder / "six.py").write_text("y = 2\n", encoding="utf-8")

    monkeypatch.setattr(asset, "_package_folder", lambda: package)
    monkeypatch.setattr(asset, "_install", install)
    return package


def test_the_asset_alone_has_all_that_the_functions_import(asset_here: Path) -> None:
    answer = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", IMPORT_ALL, str(asset_here), *sorted(asset.SERVICES)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.split() == [str(0xAE8B14860A799888), str(asset_here / "s3am_cloud" / "__init__.py")]


def test_every_handler_that_the_template_names_is_in_the_asset(asset_here: Path, template: dict[str, Any]) -> None:
    functions = [r["Properties"] for r in template["Resources"].values() if r["Type"] == "AWS::Lambda::Function"]
    modules = [function["Handler"].removesuffix(".handler").replace(".", "/") for function in functions]
    assert [module for module in modules if not (asset_here / f"{module}.py").is_file()] == []


def test_the_asset_has_the_model_of_every_service_that_the_functions_call() -> None:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))
    called = set(re.findall(r"client\(\s*\"([a-z0-9-]+)\"", sources))
    assert called
    assert called <= asset.SERVICES


def test_the_asset_for_aws_is_below_60_mb_and_for_its_processor(asset_for_aws: Path) -> None:
    assert megabytes(asset_for_aws) < 60
    libraries = [path for path in asset_for_aws.rglob("*") if re.search(r"\.so(\.|$)", path.name)]
    assert libraries
    for library in libraries:
        assert struct.unpack_from("<H", library.read_bytes(), 18) == (AARCH64,), library


def test_the_asset_carries_no_programs_but_the_licences(asset_here: Path) -> None:
    assert not (asset_here / "bin").exists()
    assert list(asset_here.glob("pycurl-*.dist-info/**/COPYING*"))


def test_the_asset_carries_bytecode_that_serves_wherever_it_is_unpacked(asset_here: Path, tmp_path: Path) -> None:
    """Lambda would compile 400 modules at each cold start."""
    unpacked = shutil.copytree(asset_here, tmp_path / "task", copy_function=shutil.copy)
    answer = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-v", "-c", IMPORT_ALL, str(unpacked)],
        capture_output=True,
        text=True,
        check=True,
    )
    read = [line for line in answer.stderr.splitlines() if "# code object from" in line and str(unpacked) in line]
    assert len(read) > 100
    assert [line for line in read if ".pyc" not in line] == []


def test_the_asset_is_below_60_mb_with_its_bytecode(asset_here: Path) -> None:
    assert megabytes(asset_here) < 60


def test_equal_inputs_give_equal_assets(asset_here: Path, tmp_path: Path) -> None:
    again = build_asset(Target.here(), tmp_path)
    assert again.name == asset_here.name
    assert tree_digest(again) == tree_digest(asset_here)


def test_a_built_asset_is_used_again_without_an_installer(asset_here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", refuse)
    assert build_asset(Target.here(), asset_here.parent) == asset_here


def test_a_change_of_ours_gives_another_asset_without_installing_anew(
    small_package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = build_asset(Target.here(), tmp_path / "cache")
    monkeypatch.setattr(asset, "_install", refuse)
    (small_package / "__init__.py").write_text("x = 3\n", encoding="utf-8")
    after = build_asset(Target.here(), tmp_path / "cache")
    assert (before / "s3am_cloud" / "__init__.py").read_text(encoding="utf-8") == "x = 1\n"
    assert (after / "s3am_cloud" / "__init__.py").read_text(encoding="utf-8") == "x = 3\n"
    assert (after / "six.py").is_file()


def test_bytecode_beside_our_sources_changes_nothing(small_package: Path, tmp_path: Path) -> None:
    before = build_asset(Target.here(), tmp_path / "cache")
    (small_package / "__pycache__").mkdir()
    (small_package / "__pycache__" / "module.pyc").write_bytes(b"\0")
    assert build_asset(Target.here(), tmp_path / "cache") == before


def test_builders_at_the_same_time_end_with_one_whole_asset(small_package: Path, tmp_path: Path) -> None:
    """Builders at the same time end with one asset and nothing half built."""
    cache = tmp_path / "cache"
    with ThreadPoolExecutor(8) as pool:
        built = set(pool.map(lambda _: build_asset(Target.here(), cache), range(16)))
    assert len(built) == 1
    assert {path.name.split("-")[0] for path in cache.iterdir()} == {"packages", "asset"}


def test_a_build_that_fails_leaves_nothing_behind(
    small_package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail_half_way(target: Target, requirements: Path, folder: Path) -> None:
        folder.mkdir()
        (folder / "six.py").write_text("y = ", encoding="utf-8")
        raise AssetError("no network")

    monkeypatch.setattr(asset, "_install", fail_half_way)
    with pytest.raises(AssetError, match="no network"):
        build_asset(Target.here(), tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_without_uv_the_error_says_which_extra_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uv", None)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(AssetError, match="s3am-cloud\\[deploy\\]"):
        build_asset(Target.here(), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_package_that_cannot_be_had_is_an_error_with_the_reason(tmp_path: Path) -> None:
    """A package that cannot be had is an error with the installer's reason."""
    # The oldest glibc that wheels name: pycurl has none for it.
    too_old = Target("nowhere", "3.13", "aarch64-manylinux_2_17")
    with pytest.raises(AssetError, match=r"(?s)for nowhere:.*pycurl"):
        build_asset(too_old, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_assets_are_kept_in_the_users_cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache() == tmp_path / "s3am-cloud" / "assets"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert default_cache() == Path("/home/somebody/.cache/s3am-cloud/assets")


def test_the_asset_serves_whoever_reads_it(asset_here: Path) -> None:
    closed = [path for path in asset_here.rglob("*") if path.stat().st_mode & 0o444 != 0o444]
    assert json.dumps([str(path) for path in closed]) == "[]"
