"""A job's secrets: sealed before its record is written, opened in the worker alone, and never recorded in clear.

The keys of SSE-C, what a source URL has beyond its displayable form (logins, queries), and the headers and cookies of a
source's server reach a job on two ways:

* `submit` seals them with the stack's KMS key (`seal`); the ciphertext is in the job's record, and KMS opens it only to
  who names the same job, destination and source host as encryption context (`_binding`);
* a request names a secret of Secrets Manager (`TransferRequest.secret`, named_secrets.py). That is the way for events
  and for clients that start executions by themselves.

Who may write records may move a piece of ciphertext into another one, or change the record around it. So the worker
names what the record itself says, and a piece that was sealed for anything else opens nothing.

A job that continues another one takes its pieces along as they are (`carry_over`), because whoever resumes may not open
them, and nobody may seal them again: a piece opens for the job that it was sealed for and for `JOB-r2`, `JOB-r3` and so
on, all with the same destination and source host. A resumer can seal another URL of the source, and nothing else.

Only the worker's role may open: it prepares and completes jobs that have secrets, and the control function refers them
to it. In there `opened` gives the job as it was meant, and `opened_jobs` records of it only what may be shown.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import msgspec

from s3am_cloud.decoders import Decoder
from s3am_cloud.errors import BadRequest, SealedForAnother
from s3am_cloud.jobs.named_secrets import host_logins, named_secrets, with_login
from s3am_cloud.jobs.secrets import NO_SECRETS, Secrets
from s3am_cloud.jobs.successors import continues
from s3am_cloud.limits import KMS_PLAINTEXT
from s3am_cloud.logins import HostLogins
from s3am_cloud.model import Job, Sealed, TransferRequest, has_secrets
from s3am_cloud.names import SECRETS_PREFIX
from s3am_cloud.ports.vault import Vault
from s3am_cloud.sse import KeyRing
from s3am_cloud.urls import SourceUrl, place_of

if TYPE_CHECKING:
    from s3am_cloud.ports.records import JobStore


_decode_secrets: Decoder[Secrets] = Decoder(Secrets)


class Opened(msgspec.Struct, frozen=True):
    """A job as it was meant, and the keys of both sides. Its login may be sent to what is below `login_within` only, to
    the whole server where that is empty."""

    job: Job
    keys: KeyRing
    source_keys: KeyRing
    login_within: tuple[str, ...] = ()
    logins: HostLogins = ()

    def __repr__(self) -> str:
        return f"Opened({self.job.id})"


def withheld(
    request: TransferRequest,
    keys: KeyRing | None = None,
    source_keys: KeyRing | None = None,
    logins: HostLogins = (),
) -> tuple[TransferRequest, Secrets]:
    """The request with its source in displayable form, and what has to be sealed beside it."""
    source = request.source_url
    hidden = source.url if source.display != source.url else None
    return (
        msgspec.structs.replace(request, source=source.display if hidden else request.source),
        Secrets(
            source=hidden,
            sse_key=_text(keys),
            sse_key_is_master=bool(keys and keys.is_master),
            src_sse_key=_text(source_keys),
            src_sse_key_is_master=bool(source_keys and source_keys.is_master),
            logins=logins,
        ),
    )


def seal(job: Job, secrets: Secrets, vault: Vault) -> Job:
    """The job with these secrets beside those that it has. Raises BadRequest where KMS takes no more."""
    if not secrets:
        return job
    plain = msgspec.json.encode(secrets)
    if len(plain) > KMS_PLAINTEXT:
        raise BadRequest(
            f"the keys, the logins and the source URL make {len(plain):,} bytes; KMS seals {KMS_PLAINTEXT:,} at most",
            f"put them into a secret of Secrets Manager called {SECRETS_PREFIX}NAME, and name it with --secret",
        )
    data = vault.seal(plain, _binding(job, job.id))
    return msgspec.structs.replace(job, sealed=(*job.sealed, Sealed(job=job.id, data=data)))


def carry_over(old: Job, job: Job, vault: Vault, source: str | None = None) -> Job:
    """`job`, a new one with `old`'s request, with all that was sealed for `old`.

    A new URL of the same source, as where a signed one has expired, takes the old one's place; it is sealed as well
    where it is more than its displayable form, or where another one is that it has to outdo. Raises BadSource, and
    BadRequest for a URL at another host than the one that the secrets are bound to.
    """
    carried = msgspec.structs.replace(job, sealed=old.sealed)
    if source is None:
        return carried
    bound_to, whole = place_of(old.source), msgspec.structs.replace(job.request, source=source)
    if old.sealed and place_of(whole.source_url) != bound_to:
        raise BadRequest(
            f"the keys and logins of job {old.id} are bound to {bound_to}, and the new source is elsewhere",
            "give the keys and logins again, with s3am-cloud submit --resume: it continues the upload",
        )
    request, secrets = withheld(whole)
    if has_secrets(old):
        secrets = Secrets(source=whole.source_url.url)
    return seal(msgspec.structs.replace(carried, request=request), secrets, vault)


def opened(job: Job, vault: Vault) -> Opened:
    """The job with its whole source URL, and its keys: for the worker's memory, and never to be recorded.

    Raises SealedForAnother where what is sealed is not for this job as it is recorded, BadRequest and SecretRefused
    where a named secret can't or may not be used for it, BadEncryptionKey, AccessDenied.
    """
    _check_upload(job)
    named = named_secrets(job, vault)
    secrets = named.under(_unsealed(job, vault))
    request = msgspec.structs.replace(job.request, source=with_login(secrets.source or job.request.source, named))
    if _place(request.source_url) != _place(job.source):
        raise BadRequest(
            f"job {job.id}: its secrets are for another source than {job.source.display}",
            "scheme, host and path of the request's source and of its secrets' must be the same",
        )
    place = place_of(job.source)
    return Opened(
        job=msgspec.structs.replace(job, request=request),
        keys=secrets.keys(),
        source_keys=secrets.source_keys(),
        login_within=named.sources,
        logins=(*(login for login in secrets.logins if login.place == place), *host_logins(job.source, named)),
    )


def _unsealed(job: Job, vault: Vault) -> Secrets:
    """What all pieces of the record say together: only the first may have keys and logins, so that nobody can add
    their own."""
    found = NO_SECRETS
    for piece in job.sealed:
        if not continues(job.id, piece.job):
            raise _not_for(job)
        later = _decode_secrets(vault.open(piece.data, _binding(job, piece.job)))
        if found and (later.sse_key or later.src_sse_key or later.logins):
            raise _not_for(job)
        found = found.under(later)
    return found


def _binding(job: Job, sealed_for: str) -> Mapping[str, str]:
    """What a piece is sealed for, as the record says it: the encryption context, which AWS writes into its logs.

    Of the destination it has the digest, since keys in S3 have characters, and names of people, that are not for logs.
    An SFTP server is who has its keys, whatever its name.
    """
    keys = job.request.host_keys
    return {
        "job": sealed_for,
        "destination": _digest(str(job.target)),
        "source": place_of(job.source),
        **({"host_keys": _digest(" ".join(keys))} if keys else {}),
    }


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _check_upload(job: Job) -> None:
    """Raises SealedForAnother for an upload elsewhere than at the destination that the secrets are bound to."""
    if job.upload is not None and job.upload.target != job.target:
        raise _not_for(job)


def _not_for(job: Job) -> SealedForAnother:
    return SealedForAnother(f"the secrets in the record of job {job.id} were not sealed for what the record says")


def opened_jobs(jobs: JobStore, recorded: Job, job: Job) -> JobStore:
    """The records of jobs, with one of them open: it is loaded with its whole source URL, and saved as it was recorded.

    `job` is `recorded` as it was opened. If the record says another source or destination the next time it is loaded,
    it is not given out with these secrets: SealedForAnother.
    """
    return cast("JobStore", _OpenedJobs(jobs, recorded, job))


class _OpenedJobs:
    """All else is the other store's own: `__getattr__` keeps this right when that learns more."""

    def __init__(self, jobs: JobStore, recorded: Job, job: Job) -> None:
        self._jobs, self._id = jobs, job.id
        self._shown, self._whole = recorded.request.source, job.request.source
        self._target = recorded.target

    def __getattr__(self, name: str) -> Any:
        return getattr(self._jobs, name)

    def load(self, job_id: str) -> Job:
        job = self._jobs.load(job_id)
        return self._whole_of(job) if job_id == self._id else job

    def add(self, job: Job) -> bool:
        return self._jobs.add(self._veiled(job))

    def save(self, job: Job) -> None:
        self._jobs.save(self._veiled(job))

    def _whole_of(self, job: Job) -> Job:
        if (job.request.source, job.target) != (self._shown, self._target):
            raise _not_for(job)
        _check_upload(job)
        return _with_source(job, self._whole)

    def _veiled(self, job: Job) -> Job:
        return _with_source(job, self._shown) if job.id == self._id else job


def _with_source(job: Job, source: str) -> Job:
    return msgspec.structs.replace(job, request=msgspec.structs.replace(job.request, source=source))


def _place(source: SourceUrl) -> str:
    """A source without what changes while it stays the same: its login, and the query in which it is signed."""
    return source.display.removesuffix("?...")


def _text(keys: KeyRing | None) -> str | None:
    return base64.b64encode(keys.key.raw).decode() if keys is not None and keys.key is not None else None
