"""What comes in: a request is read, refused by name where it says what it must not, and recorded as a job once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from s3am_cloud.checksums.expectations import expected_of
from s3am_cloud.checksums.published import AUTO, NONE
from s3am_cloud.controls import check_text
from s3am_cloud.decoders import Converter
from s3am_cloud.encryption import check_encryption
from s3am_cloud.errors import BadRequest, DestinationBusy, KeyReused, NoSuchJob, StoreBusy
from s3am_cloud.events import job_of_request, read_event
from s3am_cloud.ingest.dataset_checks import check_dataset, sources_of
from s3am_cloud.ingest.grants import Grants, check_granted, sender
from s3am_cloud.ingest.rules import expanded
from s3am_cloud.jobs.locks import LockContext, acquire, request_fingerprint
from s3am_cloud.jobs.named_secrets import SECRET_FIELDS
from s3am_cloud.model import Job, TransferRequest
from s3am_cloud.names import SECRETS_PREFIX
from s3am_cloud.ports.transfer import Ports
from s3am_cloud.request import VERSION
from s3am_cloud.secret_names import carries_secret
from s3am_cloud.transfer.pipeline import new_job
from s3am_cloud.transfer.reserved import refuse_records_bucket
from s3am_cloud.urls import NETWORK_SCHEMES, SourceUrl, local_error, parse_s3, parse_source

_QUOTED = re.compile("'.*'", re.DOTALL)
_to_request: Converter[TransferRequest] = Converter(TransferRequest)
_SECRET_HINT = (
    "use s3am-cloud submit, which seals it, or keep it in Secrets Manager as "
    f'{SECRETS_PREFIX}NAME and write that name into the field "secret"'
)

_DATASET_HINT = f"keep the login in Secrets Manager as {SECRETS_PREFIX}NAME, and name that secret"


def decode_request(data: object) -> TransferRequest:
    """A request that others may read. Raises BadRequest, which names the field and never its value."""
    request = read_request(data)
    refuse_secrets(request)
    _refuse_stranger(request)
    expected_of(request)
    return request


def read_request(data: object) -> TransferRequest:
    """A request by the published schema. Raises BadRequest, which names the field and never its value."""
    if not isinstance(data, Mapping):
        raise BadRequest("the request is not a JSON object")
    refuse_secret_fields(data)
    if data.get("version", VERSION) != VERSION:
        raise BadRequest(f"the request's version is not {VERSION}, the only known one")
    try:
        request = _to_request(data)
    except msgspec.ValidationError as error:
        # msgspec quotes a value that is none of a field's choices.
        raise BadRequest(f"the request can't be read: {_QUOTED.sub('...', str(error))}") from None
    check_text(request)
    check_encryption(request.attributes)
    check_dataset(request)
    return request


def _refuse_stranger(request: TransferRequest) -> None:
    """Raises BadRequest for an SFTP server that nobody says how to know: its login would go to whoever answers."""
    if any(url.startswith("sftp:") for url, _ in sources_of(request)) and not request.host_keys:
        raise BadRequest(
            "an sftp source needs host_keys, the keys that its server is known by",
            'ssh-keyscan HOST shows them: each as "ssh-ed25519 AAAA..."',
        )


def refuse_secret_fields(data: Mapping[str, object]) -> None:
    """Raises BadRequest for a key or a login that is written into a request."""
    found = sorted(SECRET_FIELDS & data.keys())
    if found:
        raise BadRequest(f"the request has {', '.join(found)} in clear, where others can read it", _SECRET_HINT)


def refuse_secrets(request: TransferRequest) -> None:
    """Raises BadRequest for a URL that carries a login or a signature, and for a secret that jobs must not read;
    BadSource for a local path.

    What reaches an execution's history can be read there for 90 days. `submit` seals these things first.
    """
    for url, what in sources_of(request):
        _refuse_url(url, what, _SECRET_HINT if request.dataset is None else _DATASET_HINT)
    if request.source_digest not in {None, AUTO, NONE}:
        _refuse_url(request.source_digest or "", "the URL in source_digest", "write the digest itself into expect")
    if any("://" in text and carries_secret(text) for text in _texts(request)):
        raise BadRequest(
            "attributes or idempotency_key hold a URL with a login or a signature, which others can read there",
            "leave out what is secret in the URL",
        )
    if request.secret is not None and not named_secret(request.secret):
        raise BadRequest("the field secret names one that is not for jobs", f"their names begin with {SECRETS_PREFIX}")


def _texts(request: TransferRequest) -> Iterator[str]:
    """What a request says besides its own URLs, and will be read elsewhere."""
    found = request.attributes
    yield from (value for value in msgspec.structs.astuple(found) if isinstance(value, str))
    yield from (text for pair in (found.metadata | found.tags).items() for text in pair)
    yield request.idempotency_key or ""


def _refuse_url(url: str, what: str, hint: str) -> None:
    source = parse_s3(url, key_needed=False).as_source if url.startswith("s3://") else parse_source(url)
    if source.scheme == "file":
        raise local_error(SourceUrl("file", what) if carries_secret(url) else source)
    if source.scheme in NETWORK_SCHEMES and carries_secret(url):
        raise BadRequest(f"{what} carries a login or a signature, which a job's record must not hold in clear", hint)


def named_secret(name: object) -> bool:
    """Whether this is the name of a secret that jobs may read."""
    return isinstance(name, str) and name.startswith(SECRETS_PREFIX)


def accept(
    data: object,
    execution: str,
    ports: Ports,
    locks: LockContext | None = None,
    event: object = None,
    granted: Grants | None = None,
) -> tuple[str, bool]:
    """Records a request as its event's job, or as the job that has the execution's name where no event asks for it.

    True with the job's id where another execution has that job, or one that does the same at this moment. `execution`
    is the ARN, `granted` are the secrets that the ingest file grants. Raises BadRequest, BadSource, BadDestination;
    SecretNotGranted for another secret; DestinationBusy where a job for something else writes to the destination, and
    StoreBusy instead for what a route or a schedule asks for; KeyReused where the request's idempotency_key is that of
    another request.
    """
    came = read_event(event)
    whole, ingested = expanded(data, came)
    request = decode_request(whole)
    if came is not None:
        check_granted(request.secret, sender(came, ingested), granted or {})
    job = new_job(request, job_of_request(data, event, execution), ports.clock)
    digest = request_fingerprint(request, ingested.asked if ingested else "")
    job = msgspec.structs.replace(job, execution=execution, asked=digest, event=came, ingested=ingested, requested=True)
    refuse_records_bucket(request, ports.jobs)
    # Before the claim: a second delivery must not take it away from the first, which runs under another ARN.
    # A repeated task finds its own record.
    if not ports.jobs.add(job):
        recorded = _recorded(job.id, ports)
        if recorded.execution != execution:
            check_key(job, recorded)
            return job.id, True
    holder = job.id if locks is None else _holder(job, locks, ports)
    return holder, holder != job.id


def check_key(job: Job, recorded: Job) -> None:
    """Raises KeyReused where a request has the idempotency_key of another one, which has that record, or has an event
    whose id is that key."""
    keys = {job.request.idempotency_key, recorded.request.idempotency_key}
    if keys == {None} or recorded.asked in {None, job.asked}:
        return
    raise KeyReused(f"the idempotency_key is that of job {job.id}, which was requested with other fields")


def _recorded(job_id: str, ports: Ports) -> Job:
    """The record of the job. Raises StoreBusy where it has been given up at this moment."""
    try:
        return ports.jobs.load(job_id)
    except NoSuchJob as error:
        raise StoreBusy(f"the record of job {job_id} was there a moment ago") from error


def _holder(job: Job, locks: LockContext, ports: Ports) -> str:
    """The job that has the destination, after this one has claimed it; what `accept` raises for a busy one."""
    try:
        holder = acquire(job, job.execution or "", locks)
    except DestinationBusy as error:
        ports.jobs.forget(job)  # who asks for it again is no duplicate
        if job.ingested is not None:
            raise StoreBusy(error.message, error.hint) from error  # nobody asks again: it waits for its turn
        raise
    if holder != job.id and job.event is None:
        ports.jobs.forget(job)  # an event may be delivered again, when the other job has ended
    return holder
