"""The published schemas, and the examples in them."""

from __future__ import annotations

import msgspec
import pytest

from s3am_cloud import schemas
from s3am_cloud.ingest.accept import decode_request
from s3am_cloud.model import Receipt, TransferRequest


@pytest.mark.parametrize("which", ["request", "outcome"])
def test_the_published_schemas_are_those_of_the_code(which: str) -> None:
    """`python -m s3am_cloud.schemas` writes them anew."""
    assert schemas.published(which) + "\n" == schemas.made(which)


def test_every_field_of_a_request_is_explained_and_no_other_may_be_added() -> None:
    schema = schemas.document("request")["$defs"]["TransferRequest"]
    assert {name for name, field in schema["properties"].items() if field.get("description")} == set(
        TransferRequest.__struct_fields__
    )
    assert schema["required"] == ["source", "destination"]
    assert schema["additionalProperties"] is False


def test_the_examples_are_what_the_code_takes_and_tells() -> None:
    for example in schemas.document("request")["examples"]:
        decode_request(example)
    outcomes = schemas.document("outcome")["examples"]
    assert [example["state"] for example in outcomes] == ["succeeded", "failed", "cancelled", "partial"]
    for example in outcomes:
        assert set(example) <= set(Receipt.__struct_fields__)
        msgspec.convert(example, Receipt)
        assert {"job", "source", "destination"} <= set(example)
    assert all("event" in example for example in outcomes[:3])
    assert {"size", "checksum", "seconds"} <= set(outcomes[0])
    assert all({"name", "hint"} <= set(example["error"]) for example in outcomes[1:])
