"""The examples in docs/manifests.md are read, and in the format that they are examples of."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from s3am_cloud.datasets.manifests.reading import FORMATS, read_manifest
from s3am_cloud.datasets.names import FIELDS

TEXT = (Path(__file__).parents[2] / "docs" / "manifests.md").read_text()
EXAMPLES = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, flags=re.MULTILINE | re.DOTALL)


def test_every_format_has_an_example() -> None:
    assert sorted(form for form, _ in EXAMPLES) == sorted(set(FORMATS) - {"auto"})


@pytest.mark.parametrize(("form", "text"), EXAMPLES, ids=[form for form, _ in EXAMPLES])
def test_an_example_is_detected_as_what_it_is(form: str, text: str) -> None:
    detected, named = (list(read_manifest(io.BytesIO(text.encode()), "doc", each)) for each in ("auto", form))
    assert detected == named != []


def test_every_field_of_a_template_is_explained() -> None:
    assert [field for field in FIELDS if f"`{{{field}}}`" not in TEXT] == []
