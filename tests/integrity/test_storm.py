"""Random faults, kills and concurrent transfers of one object and one file.

No wrong object, no wrong file, no wrong name of an error, nothing that hangs, and nothing hidden that is left.

`make stress` does this for minutes (STRESS_SECONDS); here it is one round, in which the processes meet by chance.
"""

import os
import random
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.retries.standard import ExponentialBackoff

from integrity.storm import actors, storm
from servers.strict_s3 import StrictS3

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture(autouse=True)
def in_this_process(strict_s3: StrictS3, monkeypatch: pytest.MonkeyPatch) -> None:
    """What jobs of the cloud need: the store's keys, and short waits of boto3's."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, strict_s3.environment()[name])
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0.01)


@pytest.mark.timeout(180)
def test_transfers_that_meet_at_one_object_end_rightly(
    strict_s3: StrictS3, s3_client: "S3Client", tmp_path: Path
) -> None:
    with actors() as forked_runs:
        outcomes = storm(strict_s3, s3_client, forked_runs, tmp_path, seed=6, deeds=2)
    assert outcomes.total() == 6


@pytest.mark.stress
@pytest.mark.timeout(3600)
def test_minutes_of_faults_kills_and_concurrent_transfers(
    strict_s3: StrictS3, s3_client: "S3Client", tmp_path: Path
) -> None:
    end, rounds, seen = time.monotonic() + float(os.environ.get("STRESS_SECONDS", "300")), 0, Counter[str]()
    first = int(os.environ.get("STRESS_SEED", random.randrange(10**6)))
    with actors() as forked_runs:
        while time.monotonic() < end:
            folder = tmp_path / str(rounds)
            folder.mkdir()
            seen += storm(strict_s3, s3_client, forked_runs, folder, first + rounds, deeds=5)
            rounds += 1
    print(
        f"\n{rounds} rounds from seed {first}", *(f"{count:6} {what}" for what, count in seen.most_common()), sep="\n"
    )
