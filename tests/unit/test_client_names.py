"""The names of the Python client, which are imported when they are used."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import s3am_cloud_client

TYPED = {
    name.name: f"{node.module}.{name.name}"
    for node in ast.walk(ast.parse(Path(s3am_cloud_client.__file__).read_text(encoding="utf-8")))
    if isinstance(node, ast.ImportFrom)
    for name in node.names
    if node.module != "typing"
}


def test_every_public_name_has_a_module() -> None:
    assert set(TYPED) == set(s3am_cloud_client.__all__)
    assert set(dir(s3am_cloud_client)) >= set(TYPED)


@pytest.mark.parametrize("name", s3am_cloud_client.__all__)
def test_a_name_is_imported_from_where_its_type_is(name: str) -> None:
    assert f"{s3am_cloud_client._module_of(name)}.{name}" == TYPED[name]
    assert getattr(s3am_cloud_client, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    name = "uplaod"
    with pytest.raises(AttributeError, match=f"no attribute '{name}'"):
        getattr(s3am_cloud_client, name)


def test_a_name_loads_what_it_needs_and_not_the_others() -> None:
    code = "import sys; from s3am_cloud_client import upload; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    loaded = set(done.stdout.split())
    assert "s3am_cloud_client.transfers" in loaded
    assert loaded & {"s3am_cloud_client.datasets", "s3am_cloud_client.jobs", "s3am_cloud_client.objects"} == set()
