"""A denied bucket: a command knows by the stack's own patterns whether the stack may use it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from s3am_cloud import names
from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.error_base import ErrorReport
from s3am_cloud.errors import AccessDenied
from s3am_cloud.jobs.cleanup import failed
from s3am_cloud.ports.executions import Execution
from s3am_cloud_client.remote.client import Remote, find_stack
from s3am_cloud_client.remote.status import status_of
from support import fake_aws
from support.fakes import SOURCE, TARGET, World, request

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:M"


def stack_of(**parameters: str) -> Any:
    """As a command finds it, with what CloudFormation says of its parameters."""
    client = SimpleNamespace(describe_stacks=lambda **asked: fake_aws.stack("CREATE_COMPLETE", **parameters))
    boto = SimpleNamespace(client=lambda *service, **options: client)
    settings = SimpleNamespace(endpoint_url=None)
    return find_stack(cast("S3Access", SimpleNamespace(boto=boto, region="us-east-1", settings=settings)), "S3amCloud")


def shown(message: str, parameters: dict[str, str], source: str = SOURCE, left: bool = False) -> ErrorReport:
    """The error of a job that S3 has denied something, as `status` shows it: the janitor's report, and the stack."""
    world = World()
    job = world.job(msgspec.structs.replace(request(), source=source))
    if left:
        job = msgspec.structs.replace(job, upload=world.store.create(TARGET, job.request.attributes))
    world.jobs.save(job)
    world.jobs.write_report(job.id, failed(job, AccessDenied(message), world.clock))
    execution = Execution(arn=f"{MACHINE}:j".replace(":stateMachine:", ":execution:"), name=job.id, status="FAILED")
    remote = SimpleNamespace(
        jobs=world.jobs, execution=lambda job: execution, clock=world.clock, stack=stack_of(**parameters)
    )
    found = status_of(job.id, cast("Remote", remote)).receipt
    assert found is not None
    assert found.error is not None
    return found.error


ON_TARGET = f"not authorized to perform: s3:PutObject on resource arn:aws:s3:::{TARGET.bucket}/key"


def test_an_uncovered_bucket_has_the_whole_command_that_adds_it() -> None:
    """Also where S3's words speak of another policy: that one alone would not help."""
    runs = {names.DESTINATION_BUCKETS: "arn:aws:s3:::runs-*,arn:aws:s3:::archive"}
    command = f"deploy --destination-bucket 'runs-*' --destination-bucket archive --destination-bucket {TARGET.bucket};"
    for message in (ON_TARGET, f"{ON_TARGET} with an explicit deny in a resource-based policy"):
        found = shown(message, runs, left=True)
        assert found.hint.startswith(f"the stack may not write to {TARGET.bucket}: add it to its buckets")
        assert command in found.hint
        assert found.hint.endswith("; then continue it with s3am-cloud resume job-1")


@pytest.mark.parametrize("pattern", [f"arn:aws:s3:::{TARGET.bucket}", f"arn:aws-cn:s3:::{TARGET.bucket[:3]}*"])
def test_a_bucket_that_a_pattern_covers_has_no_such_hint(pattern: str) -> None:
    """Another policy denies it, whatever the words: the report that the janitor wrote may have said so."""
    found = shown(ON_TARGET, {names.DESTINATION_BUCKETS: pattern})
    assert "deploy" not in found.hint
    assert found.hint == AccessDenied.hint


@pytest.mark.parametrize(("pattern", "option"), [("arn:aws:s3:::other", "--source-bucket source"), (None, None)])
def test_a_denied_source_goes_by_the_patterns_of_sources(pattern: str | None, option: str | None) -> None:
    given = {names.SOURCE_BUCKETS: pattern or "arn:aws:s3:::sourc?"}
    found = shown("s3://source/data can't be read or does not exist", given, "s3://source/data")
    assert (option in found.hint) if option else ("deploy" not in found.hint)


def test_a_stack_has_its_patterns_by_default() -> None:
    found = stack_of().buckets
    assert found == ((names.DEFAULT_BUCKETS,), (names.DEFAULT_BUCKETS,))
