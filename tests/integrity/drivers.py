"""The drivers of the matrix: the installed command up and down, and the state machine's tasks in this process."""

import os
import time

import msgspec

from integrity.case_env import KEY, PART, CaseEnv
from integrity.faults import OBJECT, Case, Ended, Fault
from integrity.hooks import RATE_WINDOW
from integrity.machine import cloud_ports, run_job
from s3am_cloud.adapters.records.jobs import Folder
from s3am_cloud.adapters.s3.access import S3Access, S3Settings
from s3am_cloud.errors import by_name
from s3am_cloud.limits import LEAST_RATE_SECONDS
from s3am_cloud.model import TransferRequest
from support.command import Result
from support.stored import assert_file_holds

LONGEST = 60.0


def run(case: Case, site: CaseEnv) -> Ended:
    """The case's transfer, of which everything holds that the matrix promises of every case; AssertionError if not."""
    source = case.fault.arrange(site)
    before = site.stored.unfinished()
    began = time.monotonic()
    if case.driver == "cloud":
        ended = _cloud(case.fault, source, site)
    elif case.driver == "upload":
        ended = _upload(case.fault, source, site)
    else:
        ended = _download(case.fault, site)
    assert time.monotonic() - began < LONGEST, "it hung"
    if case.driver == "download":
        check_file(ended, case.fault, site)
    else:
        check_object(ended, case.fault, site)
        check_leftovers(ended, case, before, site)
    if case.driver == "upload":
        check_thrift(case.fault, site)
    return ended


def variables_of(site: CaseEnv) -> dict[str, str]:
    """What the command sees of the world."""
    own = {"HOME": str(site.folder), "S3AM_CLOUD_STATE_HOME": str(site.folder / "state"), "TEST_HURRIED_DICE": "1"}
    kept = {name: os.environ[name] for name in ("PATH", "no_proxy", "NO_PROXY") if name in os.environ}
    return {**kept, **own, **site.s3.environment(endpoint_url=site.endpoint), **site.environment}


def command(site: CaseEnv, *arguments: str) -> Result:
    """A run of the command in the site's folder."""
    return site.forked.run([*arguments, "--json"], site.folder, variables_of(site))


def _upload(fault: Fault, source: str, site: CaseEnv) -> Ended:
    options = ["--part-size", "5MB", "--download-slots", str(fault.slots)]
    options += ["--stall-timeout", str(fault.patience)]
    options += ["--exists", "overwrite"] if fault.overwrite else []
    options += ["--resume"] if fault.resume else []
    options += ["--expect", fault.expect] if fault.expect else []
    return _ended(site, "upload", source, site.destination, *options)


def _download(fault: Fault, site: CaseEnv) -> Ended:
    options = ["--part-size", "5MB", "--download-slots", str(fault.slots)]
    options += ["--stall-timeout", str(fault.patience)]
    options += ["--file-exists", "overwrite"] if fault.overwrite else []
    options += ["--download-exists", "resume"] if fault.resume else []
    return _ended(site, "download", site.destination, KEY, *options)


def _ended(site: CaseEnv, *arguments: str) -> Ended:
    done = command(site, *arguments)
    error = done.document.get("error")
    records = [str(path) for path in (site.folder / "state").rglob("*") if path.is_file()]
    if error is None:
        found = done.ended(0).document
        return Ended(OBJECT, done.stderr, "", found["proof"], found["retries"], records)
    assert done.error_line in done.stderr
    assert done.returncode == error["code"] == type(by_name(error["name"], "")).code, done
    return Ended(error["name"], done.stderr, error["message"], records=records)


def _cloud(fault: Fault, source: str, site: CaseEnv) -> Ended:
    access = S3Access(S3Settings(endpoint_url=site.endpoint, region=site.s3.region))
    documents = Folder(site.folder / "work")
    window = float(site.environment.get(RATE_WINDOW, LEAST_RATE_SECONDS))
    known_hosts = site.environment.get("S3AM_CLOUD_SSH_KNOWN_HOSTS")
    ports = cloud_ports(access, documents, fault.patience, known_hosts, window)
    report = run_job(request_of(fault, source, site), documents, ports)
    told = msgspec.json.encode(report).decode()
    if report.error is None:
        return Ended(OBJECT, told, "", report.proof)
    return Ended(report.error.name, told, report.error.message)


def request_of(fault: Fault, source: str, site: CaseEnv) -> TransferRequest:
    """What a client of the state machine asks for."""
    return TransferRequest(
        source=source,
        destination=site.destination,
        part_size=PART,
        download_slots=fault.slots,
        exists="overwrite" if fault.overwrite else None,
        resume=fault.resume,
        expect=fault.expect,
    )


def check_object(ended: Ended, fault: Fault, site: CaseEnv) -> None:
    """The right object where it is said to be done; else none, or the one that somebody else had put there."""
    if ended.outcome == OBJECT:
        site.stored.assert_holds(KEY, fault.becomes or fault.content)
        assert ended.proof == "full-object"
    elif site.before is not None:
        site.stored.assert_is(KEY, site.before)
    else:
        assert site.stored.keys() in ([], ["source.bin"])


def check_leftovers(ended: Ended, case: Case, before: list[tuple[str, str]], site: CaseEnv) -> None:
    """What is left in S3 is told, and what is told is there."""
    left = [upload for upload in site.stored.unfinished() if upload not in before]
    if ended.outcome == OBJECT:
        assert left == []
        assert ended.records == []
        assert case.driver == "cloud" or ended.told == ""
        return
    if case.driver == "cloud":
        assert all(upload_id in ended.told for _, upload_id in left), (left, ended.told)
        assert ("unfinished_upload" in msgspec.json.decode(ended.told, type=dict)) >= bool(left)
    else:
        assert (f"unfinished upload of {site.destination}" in ended.told) == bool(left), (left, ended.told)
    assert len(left) <= 1
    assert not (case.fault.at_once and left), left


def check_thrift(fault: Fault, site: CaseEnv) -> None:
    """Nothing is asked for again that came, and nothing is tried again that fails for good."""
    assert fault.most_sent is None or site.http.bytes_sent("/x.bin") <= fault.most_sent
    assert fault.most_asked is None or len(site.http.requests) <= fault.most_asked


def check_file(ended: Ended, fault: Fault, site: CaseEnv) -> None:
    """The whole right file and nothing beside it, or no file; what is left of a partial one is told."""
    if ended.outcome == OBJECT:
        assert_file_holds(site.file, fault.becomes or fault.content)
    else:
        assert (site.file.read_bytes() if site.file.is_file() else None) == site.file_before
    left = sorted(path.name for path in site.folder.glob(f".{KEY}.*"))
    assert (ended.outcome != OBJECT) or left == [], left
    # What is not ours to resume is named, and nothing is said of removing another download's.
    foreign = ended.outcome in {"DownloadBusy", "JobFailed", "BadDestination"}
    assert not left or "--download-exists" in ended.told or (foreign and left[0] in ended.told), (left, ended.told)
