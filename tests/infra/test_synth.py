"""Synthesis: offline, the same for everybody, not repeated without need."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from s3am_cloud import names
from s3am_cloud_infra import app, synth
from s3am_cloud_infra.node import find_node
from s3am_cloud_infra.plain import plain_template, zip_code
from s3am_cloud_infra.synth import Synthesized, synthesized
from support.linted import template_faults

Json = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]
CDK = ROOT / ".venv" / "node" / "node_modules" / "aws-cdk" / "bin" / "cdk"
NO_NETWORK = {"UV_OFFLINE": "1", "HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}


def environment(cache: Path) -> dict[str, str]:
    """Of a user who has built the asset before and is offline now."""
    return find_node().environment({**os.environ, **NO_NETWORK, "XDG_CACHE_HOME": str(cache)})


def without_code(template: Json) -> Json:
    """The template apart from the place of the functions' code."""
    for resource in template["Resources"].values():
        resource["Properties"].pop("Code", None)
    return template


def read(path: Path) -> Json:
    parsed: Json = json.loads(path.read_text(encoding="utf-8"))
    return parsed


def test_python_infra_app_py_synthesizes_offline_under_the_given_name(
    asset_for_aws: Path, asset_cache: Path, tmp_path: Path
) -> None:
    """`python infra/app.py` synthesizes offline under the name that the context gives."""
    context = {"CDK_CONTEXT_JSON": json.dumps({names.STACK_CONTEXT: "Another"}), names.STACK_VARIABLE: "Other"}
    variables = {**environment(asset_cache), **context}
    command = [sys.executable, str(ROOT / "infra" / "app.py")]
    answer = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert set(read(tmp_path / "cdk.out" / "Another.template.json")["Outputs"]) == set(names.OUTPUTS)


def test_the_cdks_command_gives_the_same_template(
    asset_for_aws: Path, asset_cache: Path, template: Json, tmp_path: Path
) -> None:
    command = find_node().command(["node", str(CDK), "synth", "--quiet", "--output", str(tmp_path)])
    variables = environment(asset_cache)
    answer = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    made = read(tmp_path / f"{names.DEFAULT_STACK}.template.json")
    assert without_code(made) == without_code(json.loads(json.dumps(template)))


def test_the_code_is_zipped_where_the_template_looks_for_it(stack: Synthesized, template: Json) -> None:
    [code] = stack.assets
    functions = [r["Properties"] for r in template["Resources"].values() if r["Type"] == "AWS::Lambda::Function"]
    for function in functions:
        assert function["Code"] == {"S3Bucket": {"Fn::Sub": code.bucket}, "S3Key": code.key}
    assert zipfile.ZipFile(code.zip).namelist() == ["placeholder.py"]
    assert code.bucket_in("123456789012", "eu-west-1").endswith("-123456789012-eu-west-1")


def test_a_plain_template_names_the_bucket_of_its_code_and_other_defaults(
    stack: Synthesized, template: Json, tmp_path: Path
) -> None:
    text = plain_template(stack.template, "deployments", "s3am/code.zip", {names.ALLOWED_HOSTS: "h.example.org"})
    made = json.loads(text)
    code = {json.dumps(r["Properties"]["Code"]) for r in made["Resources"].values() if "Code" in r["Properties"]}
    assert code == {'{"S3Bucket": "deployments", "S3Key": "s3am/code.zip"}'}
    assert made["Parameters"][names.ALLOWED_HOSTS]["Default"] == "h.example.org"
    assert "cdk-" not in text.decode()
    assert template_faults(text.decode()) == []


def test_the_code_of_a_plain_template_is_zipped_alike_for_everybody(tmp_path: Path) -> None:
    (tmp_path / "code" / "__pycache__").mkdir(parents=True)
    (tmp_path / "code" / "a.py").write_text("x = 1", encoding="utf-8")
    (tmp_path / "code" / "__pycache__" / "a.pyc").write_bytes(b"made")
    zip_code(tmp_path / "code", tmp_path / "one.zip")
    os.utime(tmp_path / "code" / "a.py", (0, 0))
    zip_code(tmp_path / "code", tmp_path / "two.zip")
    assert zipfile.ZipFile(tmp_path / "one.zip").namelist() == ["__pycache__/a.pyc", "a.py"]
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_a_second_synthesis_of_the_same_takes_no_cdk(
    stack: Synthesized, stub_asset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("nothing has changed")

    monkeypatch.setattr(synth, "make_app", refuse)
    assert synthesized(stub_asset, stack.template.parent) == stack


def test_other_code_is_synthesized_anew_and_equal_code_is_an_equal_zip(tmp_path: Path) -> None:
    """Another code is synthesized anew and equal code gives an equal zip."""
    folder = tmp_path / "asset"
    folder.mkdir()
    (folder / "module.py").write_text("x = 1\n", encoding="utf-8")
    [first] = synthesized(folder, tmp_path / "out").assets
    content = first.zip.read_bytes()
    (folder / "module.py").write_text("x = 2\n", encoding="utf-8")
    [second] = synthesized(folder, tmp_path / "out").assets
    assert second.key != first.key
    assert not first.zip.exists()
    (folder / "module.py").write_text("x = 1\n", encoding="utf-8")
    [third] = synthesized(folder, tmp_path / "other").assets
    assert (third.key, third.zip.read_bytes()) == (first.key, content)


def test_an_app_has_the_feature_flags_that_the_cdks_command_reads(stub_asset: Path, tmp_path: Path) -> None:
    made = app.make_app(stub_asset, outdir=tmp_path)
    flags = read(ROOT / "cdk.json")["context"]
    assert flags["@aws-cdk/aws-stepfunctions:useDistributedMapResultWriterV2"] is True
    assert {name: made.node.try_get_context(name) for name in flags} == flags


@pytest.mark.parametrize(("variable", "expected"), [("", names.DEFAULT_STACK), ("Mine", "Mine")])
def test_the_stack_is_named_by_the_environment_else_by_default(
    variable: str, expected: str, stub_asset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(names.STACK_VARIABLE, variable)
    made = app.make_app(stub_asset, outdir=tmp_path)
    assert [child.node.id for child in made.node.children] == [expected]


@pytest.mark.parametrize("module", ["asset", "node", "app", "synth"])
def test_the_cdk_is_loaded_only_when_a_stack_is_made(module: str) -> None:
    probe = f"import sys, s3am_cloud_infra.{module}; sys.exit('aws_cdk' in sys.modules or 'jsii' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0
