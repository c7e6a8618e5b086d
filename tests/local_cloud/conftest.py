"""One embedded cloud for the whole test session, and small functions and state machines of the tests' own on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local_cloud.probes import Probes
from s3am_cloud_cli import local_cloud as embedded
from s3am_cloud_cli.local_cloud import LocalCloud


@pytest.fixture(scope="session")
def local_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """The embedded cloud with the real stack, its state in a temporary folder; ended after the session."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("S3AM_CLOUD_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        steps: list[str] = []
        try:
            yield embedded.up(on_step=steps.append)
        finally:
            embedded.down()


@pytest.fixture(scope="session")
def probes(local_cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Probes:
    return Probes(local_cloud, tmp_path_factory.mktemp("probes"))


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """A file to which a probe function writes a line at its start and at its end."""
    return tmp_path / "notes"
