"""kill -9 at every step of a transfer: whoever goes on with it ends with the right object, or finds it there.

Of the command each kill is real, at the moment when S3 gets a request or has done what it asks. In the cloud a function
dies at each call of its ports, before it is made or before anybody hears of it, and the machine does its task again.
"""

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING

import pytest

from integrity.case_env import KEY, MIB, SMALL, CaseEnv, case_env_of
from integrity.crashing_port import CrashSchedule
from integrity.drivers import check_leftovers, command, request_of
from integrity.faults import OBJECT, Case, Ended, Fault, both
from integrity.forked_runs import ForkedRuns
from integrity.machine import cloud_ports, run_job
from s3am_cloud.adapters.records.jobs import Folder
from s3am_cloud.adapters.s3.access import S3Access, S3Settings
from s3am_cloud.ports.transfer import Ports
from servers.content import Content, Pattern
from servers.proxy_rules import Action, Do, LoseReply, Match, ProxiedRequest, ResetBefore
from servers.strict_s3 import StrictS3
from support.stored import assert_file_holds

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NewSite = Callable[..., "CaseEnv"]
CONTENT = Pattern(6 * MIB, seed=25)
"""Two parts."""
UP = ("--part-size", "5MB", "--resume")
DOWN = ("--part-size", "5MB", "--download-exists", "resume")
FAULT = Fault(
    name="kill -9 at every step", source="http", arrange=CaseEnv.on_http, outcome=both(OBJECT), content=CONTENT
)
MOMENTS = pytest.mark.parametrize("after", [False, True], ids=["as S3 gets a request", "as S3 has done it"])


class _Every(Match):
    def matches(self, request: ProxiedRequest) -> bool:
        return True


EVERY = _Every("ANY")


@pytest.fixture
def forked() -> Iterator[ForkedRuns]:
    with closing(ForkedRuns()) as made:
        yield made


@pytest.fixture(autouse=True)
def in_the_table(record_property: Callable[[str, object], None], request: pytest.FixtureRequest) -> None:
    driver = next(name for name in ("upload", "download", "function") if name in request.node.name)
    for name, value in (("fault", FAULT.name), ("source", "s3" if driver == "download" else "http")):
        record_property(name, value)
    record_property("driver", "cloud" if driver == "function" else driver)
    record_property("outcome", "object, when it is resumed" if driver != "function" else OBJECT)


def _killed(site: CaseEnv, number: int, after: bool, *arguments: str) -> bool:
    """Whether the run was killed at its request of this number, from 0; else it came to its end before."""
    site.proxy.clear()
    kill: list[Action] = [Do(site.forked.kill, after=after), LoseReply() if after else ResetBefore()]
    for action in kill:
        site.proxy.add(EVERY, action, skip=number)
    result = command(site, *arguments)
    site.proxy.clear()
    assert result.returncode in {0, -9}, result
    return result.returncode == -9


@MOMENTS
def test_an_upload_killed_at_any_request_is_resumed_to_the_right_object(
    after: bool, strict_s3: StrictS3, s3_client: "S3Client", forked: ForkedRuns, tmp_path: Path
) -> None:
    number, going = 0, True
    while going:
        folder = tmp_path / str(number)
        folder.mkdir()
        with case_env_of(strict_s3, s3_client, forked, folder, CONTENT) as site:
            upload = ("upload", site.on_http(), site.destination, *UP)
            going = _killed(site, number, after, *upload)
            made = site.stored.keys() == [KEY]
            command(site, *upload).ended(3 if made else 0)
            site.stored.assert_holds(KEY, CONTENT)
            assert site.stored.unfinished() == []
        number += 1
    assert number > 8


@pytest.mark.stress
@pytest.mark.timeout(3600)
def test_uploads_killed_at_random_moments(
    strict_s3: StrictS3, s3_client: "S3Client", forked: ForkedRuns, tmp_path: Path
) -> None:
    end, number = time.monotonic() + float(os.environ.get("STRESS_SECONDS", "300")) / 5, 0
    while time.monotonic() < end:
        folder = tmp_path / str(number)
        folder.mkdir()
        with case_env_of(strict_s3, s3_client, forked, folder, CONTENT) as site:
            upload = ("upload", site.on_http(), site.destination, *UP, "--exists", "overwrite")
            for _ in range(4):
                timer = Timer(random.uniform(0, 0.4), forked.kill)
                timer.start()
                assert command(site, *upload).returncode in {0, -9}
                timer.cancel()
                timer.join()
            command(site, *upload).ended(0)
            site.stored.assert_holds(KEY, CONTENT)
            assert site.stored.unfinished() == []
        number += 1


@MOMENTS
def test_a_download_killed_at_any_request_is_resumed_to_the_right_file(
    after: bool, strict_s3: StrictS3, s3_client: "S3Client", forked: ForkedRuns, tmp_path: Path
) -> None:
    number, going = 0, True
    with case_env_of(strict_s3, s3_client, forked, tmp_path, CONTENT) as site:
        site.put(CONTENT)
        while going:
            going = _killed(site, number, after, "download", site.destination, KEY, *DOWN)
            assert going == (not site.file.exists())
            if going:
                command(site, "download", site.destination, KEY, *DOWN).ended(0)
            assert_file_holds(site.file, CONTENT)
            assert list(tmp_path.glob(f".{KEY}.*")) == []
            site.file.unlink()
            number += 1
    assert number > 4


@pytest.mark.parametrize("content", [CONTENT, SMALL], ids=["in parts", "at once"])
def test_a_function_that_dies_at_any_step_is_repeated_to_the_right_object(
    content: Content,
    strict_s3: StrictS3,
    s3_client: "S3Client",
    forked: ForkedRuns,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A function that dies at any step is done again to the right object."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, strict_s3.environment()[name])
    access = S3Access(S3Settings(endpoint_url=strict_s3.endpoint_url, region=strict_s3.region))
    number, going = 0, True
    while going:
        folder = tmp_path / str(number)
        folder.mkdir()
        with case_env_of(strict_s3, s3_client, forked, folder, content) as site:
            going = _dies(number, site, access)
        number += 1
    assert number > 20


def _dies(number: int, site: CaseEnv, access: S3Access) -> bool:
    """Whether the job's functions came to a step of this number, at which one of them died."""
    documents, life = Folder(site.folder / "work"), CrashSchedule(number)
    ports = cloud_ports(access, documents, 20)
    mortal = life.ports(ports)

    def invocation() -> Ports:
        life.again()
        return mortal

    report = run_job(request_of(FAULT, site.on_http(), site), documents, ports, invocation)
    assert report.error is None, (number, report.error)
    site.stored.assert_holds(KEY, site.content)
    ended = Ended(OBJECT, "", "", report.proof)
    check_leftovers(ended, Case(FAULT, "cloud"), [], site)
    return life.steps > number
