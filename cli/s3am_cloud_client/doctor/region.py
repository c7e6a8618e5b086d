"""Which region is used, and why; and which endpoint and proxy requests go through."""

from __future__ import annotations

from s3am_cloud_client.doctor.findings import Findings, Report
from s3am_cloud_client.doctor.ports import Site


def check_region(site: Site) -> Findings:
    used, variables = site.aws.region, site.environment
    report = Report("region", used)
    other = variables.get("AWS_DEFAULT_REGION")
    if site.known_regions and used not in site.known_regions:
        yield report.problem(f"{used} is an unknown region", "check --region, AWS_REGION and the profile")
    elif not any((site.region_option, variables.get("AWS_REGION"), other, site.profile_region)):
        yield report.warning(
            f"no region is set, so {used} is used: the stack is looked for there",
            "export AWS_REGION=REGION, with the region of your stack",
        )
    elif other and not site.region_option and variables.get("AWS_REGION") not in {None, "", other}:
        yield report.warning(
            f"AWS_REGION ({used}) is used, and AWS_DEFAULT_REGION ({other}) is not; the AWS CLI's version 1 and older "
            "programs do the opposite",
            "set both to the same region",
        )
    else:
        yield report.ok(f"{used}, by {_by(site)}")


def check_endpoint(site: Site) -> Findings:
    if not site.aws.at_aws:
        yield Report("endpoint", "S3").warning(
            "requests go to another endpoint than Amazon's: some checks ask for what only AWS has",
            "unset AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_S3 if you mean AWS",
        )
    proxy = site.proxy_of(f"https://s3.{site.aws.region}.amazonaws.com")
    if proxy is not None and site.aws.at_aws:
        yield Report("endpoint", "proxy").ok(f"requests to AWS go through the proxy {proxy}")


def _by(site: Site) -> str:
    if site.region_option:
        return "--region"
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        if site.environment.get(name):
            return name
    return "the profile"
