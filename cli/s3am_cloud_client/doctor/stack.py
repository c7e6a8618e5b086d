"""Whether the stack is there, whole, and deployed by this version."""

from __future__ import annotations

import re

import msgspec

from s3am_cloud import __version__, names
from s3am_cloud.command_lines import command_line
from s3am_cloud.errors import TransferError
from s3am_cloud_client.doctor.findings import Finding, Report
from s3am_cloud_client.doctor.ports import Answer, Refused, Site

_VERSION = re.compile(r"\((\d+\.\d+\.\d+[^)]*)\)\s*$")
# Nothing of them can be used, and CloudFormation updates none.
_NEVER_FINISHED = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED", "REVIEW_IN_PROGRESS"}
_PERMISSION = "cloudformation:DescribeStacks"


class StackFound(msgspec.Struct, frozen=True):
    """What later checks need to know of the stack; without `parameters` there is none."""

    region: str
    account: str = ""
    parameters: dict[str, str] | None = None

    def list(self, name: str) -> tuple[str, ...]:
        return tuple(word for word in (self.parameters or {}).get(name, "").split(",") if word)


def find_stack(site: Site) -> tuple[StackFound, Finding]:
    report, region = Report("stack", site.stack), site.aws.region
    nothing = StackFound(region)
    try:
        [found] = site.aws.ask("cloudformation", "describe_stacks", StackName=site.stack)["Stacks"][:1]
    except Refused as refused:
        if refused.code == "ValidationError":
            return nothing, _missing(report, site)
        if refused.denied:
            denied = f"whether there is a stack can't be seen: {refused}"
            return nothing, report.unknown(denied, f"get the right {_PERMISSION}", _PERMISSION)
        return nothing, report.unknown(f"CloudFormation answered {refused}", "try again later")
    except TransferError as error:
        return nothing, report.unknown(f"whether there is a stack can't be seen: {error.message}", error.hint)
    except ValueError:
        return nothing, _missing(report, site)
    parameters = {item["ParameterKey"]: item.get("ParameterValue", "") for item in found.get("Parameters", [])}
    account = str(found.get("StackId", "")).split(":")[4:5]
    return StackFound(region, "".join(account), parameters), _judged(report, found, site)


def _missing(report: Report, site: Site) -> Finding:
    said = f"there is no stack {site.stack} in {site.aws.region}"
    fix = "s3am-cloud deploy, or --region REGION if it is in another region"
    if site.stack_named:
        return report.problem(said, fix)
    return report.warning(f"{said}: upload and download work without one, submit does not", fix)


def _judged(report: Report, found: Answer, site: Site) -> Finding:
    status, description = str(found.get("StackStatus", "")), str(found.get("Description", ""))
    outputs = {item["OutputKey"] for item in found.get("Outputs", [])}
    if names.STATE_MACHINE_ARN not in outputs and not description.startswith(names.DESCRIPTION):
        return report.problem("a stack of this name exists, but is not one of s3am-cloud's", "choose another --stack")
    if status in _NEVER_FINISHED:
        return report.problem(
            f"its deployment failed ({status}): {found.get('StackStatusReason') or 'no reason was given'}",
            f"{command_line('destroy', '--stack', site.stack)}, then {command_line('deploy', '--stack', site.stack)}",
        )
    if status.endswith("_IN_PROGRESS"):
        return report.warning(f"CloudFormation is at work on it ({status})", "wait until it has finished")
    lacking = sorted(set(names.OUTPUTS) - outputs)
    if status.endswith("_FAILED") or names.STATE_MACHINE_ARN in lacking:
        return report.problem(f"its last update failed ({status})", command_line("deploy", "--stack", site.stack))
    version = _VERSION.search(description)
    if lacking or (version is not None and version[1] != __version__):
        other = f"version {version[1]}" if version else "another version"
        return report.warning(
            f"it was deployed by {other}, and this is {__version__}", command_line("deploy", "--stack", site.stack)
        )
    return report.ok(f"{status}, version {version[1] if version else 'unknown'}")
