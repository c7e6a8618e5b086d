"""Jobs in the cloud from Python, against the real stack on the embedded cloud."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from s3am_cloud.errors import NoStack, NoSuchJob, SourceNotFound
from s3am_cloud_cli import local_cloud as embedded
from s3am_cloud_cli.local_cloud import LocalCloud
from s3am_cloud_client import Aws, Client, Job
from servers.content import pattern
from servers.faulty_http import FaultyHttp
from support.examples import blocks, run_block, run_docstring

GUIDE = (Path(__file__).parents[3] / "docs" / "python.md").read_text()


@pytest.fixture(autouse=True)
def _cloud(local_cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in embedded.environment(local_cloud).items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def names(http_server: FaultyHttp, destination: str) -> dict[str, str]:
    """What the names in examples stand for."""
    url = http_server.add("/run42.tar", pattern(1000))
    return {"https://host/run42.tar": url, "s3://bucket/": f"s3://{destination}/"}


def test_the_examples_of_the_guide_work(names: dict[str, str], destination: str, s3: Any) -> None:
    for block in blocks(GUIDE, "Jobs in the cloud"):
        run_block(block, names)
    assert s3.get_object(Bucket=destination, Key="again.tar")["Body"].read() == pattern(1000)


@pytest.mark.parametrize("documented", [Client, Job])
def test_the_examples_of_docstrings_say_what_comes(documented: Any, names: dict[str, str]) -> None:
    assert run_docstring(documented, names) > 1


@pytest.mark.parametrize("method", [Client.submit, Client.job], ids=lambda method: str(method.__name__))
def test_the_examples_of_methods_say_what_comes(method: Any, names: dict[str, str], destination: str, s3: Any) -> None:
    assert run_docstring(method, names) > 1


def test_a_job_that_failed_raises_its_own_error_and_prints_nothing(
    http_server: FaultyHttp, destination: str, capfd: pytest.CaptureFixture[str]
) -> None:
    job = Client().submit(http_server.url("/missing"), f"s3://{destination}/x")
    seen: list[str] = []
    with pytest.raises(SourceNotFound):
        job.wait(lambda status: seen.append(status.status))
    receipt = job.receipt()
    assert receipt is not None
    assert receipt.error is not None
    assert seen[-1] == "failed"
    assert capfd.readouterr() == ("", "")


def test_what_is_not_there_is_named() -> None:
    with pytest.raises(NoSuchJob):
        Client().job("20260102-030405-0a1b2c3d").status()
    with pytest.raises(NoStack):
        Client(stack="Other", aws=Aws()).jobs()
