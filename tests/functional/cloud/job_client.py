"""A place from which jobs are started on the embedded cloud, and that knows what functions did and may do."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from functional.cloud.permissions import Grant, Stack, grants
from s3am_cloud import names
from s3am_cloud_cli import local_cloud as embedded
from s3am_cloud_cli.local_cloud import LocalCloud, aws
from s3am_cloud_cli.local_cloud.state import StateFolder
from servers.content import Pattern
from support.command import Command, eventually
from support.fork_server import ForkServer
from template_roles import function, of_type

MIB = 1 << 20
PART = 5 * MIB
CONTENT = Pattern(11 * MIB, seed=9)
HANDLERS = ("control", "worker", "janitor")
Json = dict[str, Any]


class JobClient:
    """Starts jobs on the embedded cloud, and waits for them."""

    def __init__(
        self, cloud: LocalCloud, home: Path, server: ForkServer | None = None, known_as: Mapping[str, str] | None = None
    ) -> None:
        """`known_as` are variables by which its own requests are recognized."""
        self.cloud = cloud
        self.s3, self.states = aws.client("s3", cloud), aws.client("stepfunctions", cloud)
        self.buckets = [f"s3am-{side}-{uuid.uuid4().hex[:8]}" for side in ("from", "from-plain", "to", "to-kept")]
        self.source, self.plain_source, self.destination, self.keeping_destination = self.buckets
        for bucket in self.buckets:
            self.s3.create_bucket(Bucket=bucket)
        for bucket in (self.source, self.keeping_destination):
            self.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        (home / "key").write_bytes(bytes(range(32)))
        state = StateFolder().root.parent
        variables = {**embedded.environment(cloud), "S3AM_CLOUD_STATE_HOME": str(state), **(known_as or {})}
        self.command = Command(home, variables, server=server)

    def start(self, source: str, key: str, **options: object) -> str:
        """A job for a request as any client may make it."""
        job = f"client-{uuid.uuid4().hex[:8]}"
        target = key if key.startswith("s3://") else f"s3://{self.destination}/{key}"
        request = {"source": source, "destination": target, **options}
        self.states.start_execution(
            stateMachineArn=self.cloud.state_machine_arn, name=job, input=json.dumps({"request": request})
        )
        return job

    def submit(self, source: str, key: str, *options: str) -> str:
        target = f"s3://{self.destination}/{key}"
        job: str = self.command.run("submit", "--json", *options, source, target).ended(0).document["job"]
        return job

    def ended(self, job: str) -> Json:
        """The report of a job, when it has one."""
        return eventually(lambda: self.report(job), f"the report of {job}", 90)

    def report(self, job: str) -> Json | None:
        try:
            found = self.s3.get_object(Bucket=self.cloud.work_bucket, Key=f"jobs/{job}/report.json")
        except self.s3.exceptions.NoSuchKey:
            return None
        report: Json = json.loads(found["Body"].read())
        return report

    def expire(self, job: str) -> None:
        """Makes the time in which the job can be resumed be over, and calls the janitor as its schedule does."""
        report = self.ended(job) | {"expires": datetime(2020, 1, 1, tzinfo=UTC).isoformat()}
        self.s3.put_object(
            Bucket=self.cloud.work_bucket, Key=f"jobs/{job}/report.json", Body=json.dumps(report).encode()
        )
        aws.client("lambda", self.cloud).invoke(
            FunctionName=self.outputs()["JanitorName"], Payload=json.dumps({"action": "sweep"})
        )

    def outputs(self) -> dict[str, str]:
        [stack] = aws.client("cloudformation", self.cloud).describe_stacks(StackName=self.cloud.stack)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    def calls(self) -> list[Json]:
        """What the functions and clients asked S3 for, as the embedded cloud recorded it."""
        trail = StateFolder().trail_file
        files = trail.parent.glob(f"{trail.name}*")  # it begins a new one now and then
        return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def stack_of(job_client: JobClient) -> Stack:
    outputs = job_client.outputs()
    bus = outputs["EventBus"]
    region, account = outputs["StateMachineArn"].split(":")[3:5]
    return Stack(
        work_bucket=job_client.cloud.work_bucket,
        key=outputs["KeyArn"],
        region=region,
        account=account,
        buses={bus: f"arn:aws:events:{region}:{account}:event-bus/{bus}"},
    )


def granted_to(module: str, name: str, job_client: JobClient) -> list[Grant]:
    """What CloudFormation made of the function's role.

    Source and destination buckets have the same pattern unless whoever deploys says otherwise: here they differ by
    the parameter that the template names.
    """
    iam, functions = (aws.client(service, job_client.cloud) for service in ("iam", "lambda"))
    role = functions.get_function_configuration(FunctionName=name)["Role"].rsplit("/", 1)[-1]
    policies = {
        policy: iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
        for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]
    }
    sides = {names.SOURCE_BUCKETS: "s3am-from-*", names.DESTINATION_BUCKETS: "s3am-to-*"}
    # Of policies on a condition, as for keys, there are only those that it holds for.
    written = {name: found for name, found in _written_policies(module, job_client).items() if name in policies}
    for policy, statements in written.items():
        for made, written in zip(policies[policy]["Statement"], statements, strict=True):
            for parameter, pattern in sides.items():
                if parameter in json.dumps(written["Resource"]):
                    made["Resource"] = json.loads(json.dumps(made["Resource"]).replace("s3am-*", pattern))
    return list(grants(policies.values()))


def _written_policies(module: str, job_client: JobClient) -> dict[str, list[Json]]:
    """The statements of the function's role as they are in the template, by the names of the policies."""
    body = aws.client("cloudformation", job_client.cloud).get_template(StackName=job_client.cloud.stack)
    template = body["TemplateBody"]
    made: Json = json.loads(template) if isinstance(template, str) else template
    role = function(made, module)["Role"]["Fn::GetAtt"][0]
    inline = made["Resources"][role]["Properties"]["Policies"]
    found = [policy for policy in inline if "Fn::If" not in policy] + [
        policy["Properties"]
        for policy in of_type(made, "AWS::IAM::Policy")
        if {"Ref": role} in policy["Properties"]["Roles"]
    ]
    # What is on a condition, or nothing: whether it holds shows in what was made.
    written = [policy.get("Fn::If", [None, policy])[1] for policy in found]
    return {policy["PolicyName"]: policy["PolicyDocument"]["Statement"] for policy in written}
