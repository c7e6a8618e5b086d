"""How many Lambda invocations of the account may run at once."""

from __future__ import annotations

from s3am_cloud.errors import TransferError
from s3am_cloud.limits import SMALL_LAMBDA_QUOTA
from s3am_cloud_client.doctor.findings import Findings, Report
from s3am_cloud_client.doctor.ports import Refused, Site

_PERMISSION = "lambda:GetAccountSettings"
# "Concurrent executions" (Lambda quotas, developer guide).
_QUOTA = "L-B99A9384"


def check_lambda_quota(site: Site) -> Findings:
    region = site.aws.region
    report = Report("lambda quota", region)
    try:
        limit = site.aws.ask("lambda", "get_account_settings")["AccountLimit"]
        total = int(limit["ConcurrentExecutions"])
    except Refused as refused:
        fix = f"get the right {_PERMISSION}" if refused.denied else "try again later"
        yield report.unknown(f"the quota can't be read: {refused}", fix, _PERMISSION)
        return
    except TransferError as error:
        yield report.unknown(f"the quota can't be read: {error.message}", error.hint)
        return
    if total >= SMALL_LAMBDA_QUOTA:
        yield report.ok(f"{total:,} invocations may run at once")
        return
    yield report.warning(
        f"only {total} invocations may run at once: jobs wait for each other and for all other functions",
        "aws service-quotas request-service-quota-increase --service-code lambda "
        f"--quota-code {_QUOTA} --desired-value 1000 --region {region}",
    )
