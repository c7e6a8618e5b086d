"""What is known in one place: a source is parsed once, and names are spelled once."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from s3am_cloud import names
from s3am_cloud import request as requests
from s3am_cloud.errors import SettingMissing
from s3am_cloud.handlers.environment import Environment
from s3am_cloud.model import TransferRequest
from s3am_cloud.urls import S3Url, SourceUrl, parse_destination, parse_source
from servers.content import pattern
from support.fakes import PART, SOURCE, World, request
from support.syntax import tree_of
from unit.test_layers import PRODUCT

# Where a URL comes in as text: a request's two, an item's, a list's, a named digest file, a redirect, a login with its
# host, a rule of the ingest file.
ENTRIES = {
    "s3am_cloud.datasets.candidates",
    "s3am_cloud_client.inprocess.dataset.selected",
    "s3am_cloud_client.datasets",
    "s3am_cloud.request",
    "s3am_cloud.url_prefixes",
    "s3am_cloud.adapters.curl.transport.redirects",
    "s3am_cloud.checksums.published",
    "s3am_cloud.datasets.names",
    "s3am_cloud.datasets.selection",
    "s3am_cloud.datasets.single",
    "s3am_cloud.ingest.accept",
    "s3am_cloud.ingest.dead_letter",
    "s3am_cloud.ingest.rules",
    "s3am_cloud.integrity.stated",
    "s3am_cloud.jobs.dataset.prepare",
    "s3am_cloud.jobs.named_secrets",
    "s3am_cloud_client.doctor.run",
    "s3am_cloud_client.hosts_file",
    "s3am_cloud_client.logins",
    "s3am_cloud_client.inprocess.destinations",
    "s3am_cloud_client.remote.client",
    "s3am_cloud_client.remote.datasets",
    "s3am_cloud_client.remote.host_keys",
    "s3am_cloud_client.remote.netrc_logins",
}

# What nobody writes by chance: names of variables, events, metrics, parameters and prefixes.
TELLING = re.compile(
    r"S3AM_CLOUD_\w+|POWERTOOLS_\w+|(?:Transfer|Object) \w+|aws\.\w+|(?:[A-Z][a-z]+){2,}|[\w-]+/|Retries"
)


def spelled(path: Path) -> Iterator[str]:
    """The texts of a module's code, docstrings left out."""
    docstrings = {node.value for node in ast.walk(tree_of(path)) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docstrings:
            yield node.value


def test_a_name_that_several_know_is_spelled_in_one_module() -> None:
    shared = {text for text in spelled(PRODUCT["s3am_cloud.names"]) if TELLING.fullmatch(text)}
    assert {names.JOB_AGE, names.WORK_BUCKET_VARIABLE, names.TRANSFER_FAILED, names.JOBS_PREFIX} <= shared
    again = {
        f"{module}: {text}"
        for module, path in PRODUCT.items()
        if module != "s3am_cloud.names"
        for text in spelled(path)
        if text in shared or any(name in text for name in shared if name.startswith("S3AM_CLOUD_"))
    }
    # A place in the machine's definition has that name too.
    assert again == {"s3am_cloud_infra.state_machine: EventBus"}


def test_a_setting_that_a_function_lacks_is_named() -> None:
    for setting in ("work_bucket", "key_arn", "event_bus"):
        with pytest.raises(SettingMissing, match=rf"S3AM_CLOUD_{setting.upper()} of the function is not set"):
            getattr(Environment({}), setting)
    assert Environment({}).service == names.METRICS_NAMESPACE
    assert not Environment({}).allow_private_sources


def test_a_transfer_parses_its_source_and_its_destination_once(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: Counter[str] = Counter()

    def source_of(text: str) -> SourceUrl:
        parsed["source"] += 1
        return parse_source(text)

    def target_of(text: str, source: SourceUrl) -> S3Url:
        parsed["destination"] += 1
        return parse_destination(text, source)

    monkeypatch.setattr(requests, "parse_source", source_of)
    monkeypatch.setattr(requests, "parse_destination", target_of)
    world = World()
    world.source.put(SOURCE, pattern(PART + 1))
    assert world.transfer(request(part_size=PART)).state == "succeeded"
    assert parsed == {"source": 1, "destination": 1}


def test_a_source_is_parsed_only_where_it_comes_in() -> None:
    parsing = {
        module
        for module, path in PRODUCT.items()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "parse_source"
    }
    assert parsing <= ENTRIES


def test_what_was_parsed_is_no_part_of_a_request() -> None:
    asked = TransferRequest(source="https://host/x", destination="s3://b/")
    assert asked.target == S3Url("b", "x")
    assert asked == TransferRequest(source="https://host/x", destination="s3://b/")
    assert "Url(" not in repr(asked)
