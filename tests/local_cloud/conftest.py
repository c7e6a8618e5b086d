"""Small functions and state machines of the tests' own on the session's embedded cloud."""

from __future__ import annotations

from pathlib import Path

import pytest

from local_cloud.probes import Probes
from s3am_cloud_cli.local_cloud import LocalCloud


@pytest.fixture(scope="session")
def probes(local_cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Probes:
    return Probes(local_cloud, tmp_path_factory.mktemp("probes"))


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """A file to which a probe function writes a line at its start and at its end."""
    return tmp_path / "notes"
