"""Who the user is at AWS, and whether the clock is right."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from s3am_cloud.errors import TransferError
from s3am_cloud.limits import CLOCK_SKEW_SECONDS
from s3am_cloud_client.doctor.findings import Finding, Findings, Report
from s3am_cloud_client.doctor.ports import Answer, Refused, Site

# S3 refuses requests whose time differs by more (API reference, RequestTimeTooSkewed).
_MOST_SKEW_SECONDS = 900
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired"}
_UNKNOWN_KEY = {"InvalidClientTokenId", "InvalidAccessKeyId", "UnrecognizedClientException", "InvalidToken"}
_SKEWED = {"RequestTimeTooSkewed", "RequestInTheFuture"}
_WRONG_SECRET = {"SignatureDoesNotMatch", "InvalidSignatureException", "AuthFailure", "IncompleteSignature"}


def check_credentials(site: Site) -> Findings:
    """The last finding is a problem where no request can be signed, so that nothing else at AWS can be checked."""
    yield from _precedence(site)
    report = Report("credentials", "AWS")
    try:
        site.aws.require_credentials()
    except TransferError as error:
        yield report.problem(error.message, error.hint)
        return
    if not site.aws.has_services:
        yield report.ok("credentials were found; they are for another store than Amazon's, so AWS is not asked")
        return
    try:
        answer = site.aws.ask("sts", "get_caller_identity")
    except Refused as refused:
        yield _refused(report, refused, site)
        return
    except TransferError as error:
        # A firewall may let out requests to S3 alone.
        yield report.unknown(f"AWS STS can't be reached, so who you are is unknown: {error.message}", error.hint)
        return
    yield report.ok(f"account {answer.get('Account')}, {answer.get('Arn')}")
    yield from _clock(answer, site)


def _precedence(site: Site) -> Findings:
    """botocore takes keys from the environment before those of AWS_PROFILE, and an option before both."""
    variables = site.environment
    if variables.get("AWS_ACCESS_KEY_ID") and variables.get("AWS_PROFILE") and site.profile is None:
        yield Report("credentials", "AWS_PROFILE").warning(
            "AWS_ACCESS_KEY_ID is set, so the profile of AWS_PROFILE is not used for credentials",
            f"unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN, or use --profile "
            f"{variables['AWS_PROFILE']}",
        )


def _refused(report: Report, refused: Refused, site: Site) -> Finding:
    profile = site.profile or site.environment.get("AWS_PROFILE")
    again = f"aws sso login --profile {profile}" if profile else "aws sso login, or aws login"
    if refused.code in _EXPIRED:
        return report.problem("the credentials have expired", f"renew them: {again}")
    if refused.code in _UNKNOWN_KEY:
        return report.problem(
            "AWS does not know this access key, or its session token does not belong to it",
            "check AWS_ACCESS_KEY_ID and AWS_SESSION_TOKEN, or the profile; temporary keys need all three values",
        )
    if refused.code in _SKEWED:
        return report.problem("this machine's clock is wrong, so AWS refuses its signatures", _SET_CLOCK)
    if refused.code in _WRONG_SECRET:
        skew = _skew(refused.headers.get("date"), site)
        if skew is not None and abs(skew) > _MOST_SKEW_SECONDS:
            return report.problem(f"this machine's clock is {_off(skew)}, so AWS refuses its signatures", _SET_CLOCK)
        return report.problem(
            "AWS refuses the signature: the secret key does not belong to the access key, or a proxy changes requests",
            "check AWS_SECRET_ACCESS_KEY, or the profile's secret key",
        )
    if refused.denied:
        return report.warning(f"a policy denies even sts:GetCallerIdentity: {refused}", None, "sts:GetCallerIdentity")
    return report.problem(f"AWS refuses the credentials: {refused}", "check the credentials, or choose a --profile")


_SET_CLOCK = "set the clock: timedatectl set-ntp true"


def _clock(answer: Answer, site: Site) -> Findings:
    report = Report("clock", "this machine")
    skew = _skew(answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date"), site)
    if skew is None:
        return
    if abs(skew) > _MOST_SKEW_SECONDS:
        yield report.problem(f"the clock is {_off(skew)}: S3 refuses requests beyond 15 minutes", _SET_CLOCK)
    elif abs(skew) > CLOCK_SKEW_SECONDS:
        yield report.warning(f"the clock is {_off(skew)}: beyond 15 minutes S3 refuses requests", _SET_CLOCK)
    else:
        yield report.ok("the clock agrees with AWS's")


def _skew(date: object, site: Site) -> float | None:
    """Seconds by which this machine is ahead, by the date of an answer; None where it has none that can be read."""
    try:
        there = parsedate_to_datetime(str(date))
    except ValueError:
        return None
    if there.tzinfo is None:
        there = there.replace(tzinfo=UTC)
    return (site.clock.now() - there.astimezone(UTC)).total_seconds() if isinstance(there, datetime) else None


def _off(skew: float) -> str:
    minutes = abs(skew) / 60
    return f"{minutes:.0f} minutes {'ahead' if skew > 0 else 'behind'}"
