"""What a Lambda function needs of the world, from its environment."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from pathlib import Path

import boto3
import botocore
import msgspec
from aws_lambda_powertools import Logger

from s3am_cloud.adapters.clock import SystemClock
from s3am_cloud.adapters.curl.easy import CurlSettings
from s3am_cloud.adapters.curl.movers import CurlMovers
from s3am_cloud.adapters.curl.readers import CurlReaders
from s3am_cloud.adapters.executions import EventBus, StateMachine
from s3am_cloud.adapters.jobs import Jobs
from s3am_cloud.adapters.s3.access import S3Access, S3Settings
from s3am_cloud.adapters.s3.documents import Bucket
from s3am_cloud.adapters.s3.store import S3Store
from s3am_cloud.adapters.sources import AnySource
from s3am_cloud.ports import Ports


class World(msgspec.Struct, frozen=True):
    """The ports as a Lambda environment has them, kept from one invocation to the next."""

    ports: Ports
    logger: Logger
    work_bucket: str


def ports_of(environment: Mapping[str, str]) -> Ports:
    """Sources at addresses that are not public are refused, unless the environment allows them in so many words."""
    clock = SystemClock()
    settings = CurlSettings(
        ca_file=str(Path(botocore.__file__).with_name("cacert.pem")),
        allow_private=environment.get("S3AM_CLOUD_ALLOW_PRIVATE_SOURCES") == "1",
    )
    access = S3Access(S3Settings())
    store = S3Store(access, clock)
    return Ports(
        source=AnySource(settings, store, clock),
        store=store,
        movers=CurlMovers(settings, access, clock),
        readers=CurlReaders(settings, access, clock),
        jobs=Jobs(Bucket(access, environment["S3AM_CLOUD_WORK_BUCKET"])),
        clock=clock,
    )


@functools.cache
def world() -> World:
    """Made at the first invocation: what is imported makes no connection."""
    return World(ports_of(os.environ), Logger(), os.environ["S3AM_CLOUD_WORK_BUCKET"])


def event_bus() -> EventBus:
    return EventBus(boto3.client("events"), os.environ["S3AM_CLOUD_EVENT_BUS"])


def state_machine(arn: str) -> StateMachine:
    return StateMachine(boto3.client("stepfunctions"), arn)
