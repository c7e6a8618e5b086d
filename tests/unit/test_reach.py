"""Before a stack with routes is deployed: may its jobs use the buckets, and do these tell of new objects?"""

from __future__ import annotations

from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from s3am_cloud import names
from s3am_cloud.errors import BadIngest
from s3am_cloud.ingest.file import parse_ingest
from s3am_cloud_cli.deployment.account import Account
from s3am_cloud_cli.deployment.scope import refuse_unreachable, refuse_work_bucket, silent_buckets, switch_on

INGEST = parse_ingest("""
[[route]]
name = "runs"
source = "s3://incoming/runs/"
destination = "s3://archive/{key}"

[[schedule]]
name = "daily"
every = "1 day"
source = "https://host/latest.csv"
destination = "s3://s3am-daily/{name}"

[[schedule]]
name = "lists"
every = "1 day"
source = "s3://lists/latest.csv"
destination = "s3://archive/lists/{name}"
""")
READ = {names.SOURCE_BUCKETS: "arn:aws:s3:::in*,arn:aws:s3:::lists"}
WRITE = {names.DESTINATION_BUCKETS: "arn:aws:s3:::archive,arn:aws:s3:::s3am-*"}


class Buckets:
    """S3 as far as it tells of notifications."""

    def __init__(self, answer: dict[str, Any] | None) -> None:
        self._answer = answer
        self.asked: list[str] = []

    def client(self, service: str) -> Any:
        assert service == "s3"
        return self

    def get_bucket_notification_configuration(self, **named: str) -> dict[str, Any]:
        self.asked.append(named["Bucket"])
        if self._answer is None:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "GetBucketNotificationConfiguration")
        return self._answer


@pytest.mark.parametrize(("given", "before"), [({**READ, **WRITE}, {}), ({}, {**READ, **WRITE}), (READ, WRITE)])
def test_buckets_that_are_given_now_or_were_before_may_be_used(given: dict[str, str], before: dict[str, str]) -> None:
    refuse_unreachable(INGEST, given, before)


@pytest.mark.parametrize(
    ("given", "before", "said", "option"),
    [
        (READ, {}, "runs: jobs of this stack may not use the bucket archive, only s3am-*", "--destination-bucket"),
        (WRITE, {}, "runs: jobs of this stack may not use the bucket incoming, only s3am-*", "--source-bucket"),
        ({names.SOURCE_BUCKETS: "arn:aws:s3:::in*"}, {**READ, **WRITE}, "lists: jobs of this stack", "--source-bucket"),
        ({names.DESTINATION_BUCKETS: "arn:aws:s3:::archive"}, READ, "daily: jobs of this", "--destination-bucket"),
        ({names.SOURCE_BUCKETS: "arn:aws:s3:::incomin"}, WRITE, "runs: ", "--source-bucket"),
    ],
)
def test_any_other_bucket_is_refused_with_the_option_that_names_it(
    given: dict[str, str], before: dict[str, str], said: str, option: str
) -> None:
    with pytest.raises(BadIngest) as refused:
        refuse_unreachable(INGEST, given, before)
    assert refused.value.message.startswith(said)
    assert option in refused.value.hint


@pytest.mark.parametrize(
    ("answer", "silent"),
    [
        ({}, ["incoming"]),
        ({"QueueConfigurations": []}, ["incoming"]),
        ({"EventBridgeConfiguration": {}}, []),
        (None, []),
    ],
)
def test_a_routes_bucket_that_tells_eventbridge_nothing_is_found(
    answer: dict[str, Any] | None, silent: list[str]
) -> None:
    buckets = Buckets(answer)
    assert silent_buckets(INGEST, cast(Account, buckets)) == silent
    assert buckets.asked == ["incoming"]
    assert "--bucket incoming" in switch_on("incoming")


@pytest.mark.parametrize(("bucket", "entry"), [("incoming", "runs"), ("s3am-daily", "daily"), ("lists", "lists")])
def test_the_bucket_of_the_stacks_records_is_in_no_route_and_no_schedule(bucket: str, entry: str) -> None:
    with pytest.raises(BadIngest, match=f"{entry}: {bucket} holds the records"):
        refuse_work_bucket(INGEST, bucket)


def test_other_buckets_are_taken_and_all_where_there_is_no_stack_yet() -> None:
    """Other buckets are taken and so are all where there is no stack yet."""
    refuse_work_bucket(INGEST, "work")
    refuse_work_bucket(INGEST, None)
