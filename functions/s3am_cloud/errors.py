"""Every error a user can meet, by name: its exit code, whether trying again may help, and what to do about it.

The class name is part of the contract: a Lambda function's error reaches the state machine under the name of its
exception class, and the machine's `Retry` lists such names. Codes 2 to 14 are S3AM's.
"""

from __future__ import annotations

from s3am_cloud.error_base import ErrorReport, TransferError

# All of them are to be imported from here, these two as well.
__all__ = ("ErrorReport", "TransferError")

DONE = 0


class Unexpected(TransferError):
    """Something that nobody foresaw."""


class Usage(TransferError):
    code = 2
    meaning = "wrong usage"
    hint = "see s3am-cloud --help"


class MissingExtra(Usage):
    """A command needs packages that the base install leaves out."""


class NoStack(Usage):
    """The stack that a command addresses is not there."""

    hint = "deploy it with s3am-cloud deploy, name it with --stack, or use --local after s3am-cloud local up"


class BadRequest(Usage):
    """A transfer request that can't be read, or that says what it must not."""

    hint = "a request has a source, a destination, and options by their names"


class KeyReused(BadRequest):
    """The request's idempotency_key is that of another request."""

    hint = "give every request an idempotency_key of its own; the same key is for sending the same request again"


class NoSuchSecret(BadRequest):
    """A request names a secret that is not in Secrets Manager."""

    hint = "check its name; secrets for jobs have names that begin with s3am-cloud/"


class BadSecret(BadRequest):
    """The value of a named secret can't be read, or says what makes no sense."""

    hint = "correct its value in Secrets Manager; SECURITY.md lists the fields"


class BadIngest(Usage):
    """The file with the stack's routes and schedules says what can't be, or what must not be."""

    hint = "the README shows one under Ingest"


class BadManifest(Usage):
    """The list of items, in a manifest or in arguments, can't be read, or two of its items exclude each other."""

    hint = "correct the list and run the command again: nothing has been transferred"


class NoSuchJob(Usage):
    hint = "s3am-cloud jobs lists the jobs of this stack"


class NoSuchEvent(Usage):
    hint = "s3am-cloud events failed lists those that can be sent again"


class ObjectExists(TransferError):
    code = 3
    meaning = "object exists"
    hint = "replace it with --exists overwrite, or leave it with --exists skip"


class ObjectReplaced(ObjectExists):
    """This transfer wrote its object, and another one replaced it before it was checked."""

    hint = "compare the two sources; to replace the object again, use --exists overwrite"


class UploadExists(TransferError):
    code = 4
    meaning = "unfinished upload exists"
    hint = "if no other transfer is at work there, continue it with --resume"


class DestinationBusy(UploadExists):
    """Another transfer, or a job in the cloud, writes to the destination at this moment."""

    hint = "wait until it has ended; s3am-cloud watch JOB follows a job"


class BadSource(TransferError):
    code = 5
    meaning = "bad source URL"
    hint = "a source is a local path or a URL with http, https, ftp, ftpes, ftps, sftp or s3 that can be read"


class SourceNotFound(BadSource):
    hint = "check the address; a signed URL may have expired"


class ObjectArchived(BadSource):
    """The object is in an archive of S3's (GLACIER, DEEP_ARCHIVE, the archive tiers of INTELLIGENT_TIERING)."""

    hint = "restore it first (aws s3api restore-object), and try again when it is restored, which may take hours"


class BadDestination(TransferError):
    code = 6
    meaning = "bad destination URL"
    hint = "a destination is s3://BUCKET/KEY, or s3://BUCKET/PREFIX/ to keep the source's file name"


class InvalidStorageClass(BadDestination):
    """The bucket takes no objects of the requested storage class."""

    hint = "give one of S3's storage classes with --storage-class, such as STANDARD_IA or GLACIER_IR, or leave it out"


class FileTooLarge(BadDestination):
    """The file system, or a limit of the process, allows no file of this size."""

    hint = "choose a file system that takes files of this size, or raise the limit (ulimit -f)"


class UnsupportedByStore(BadDestination):
    """The store lacks an operation of S3's, or refuses a header that a transfer can't do without."""

    hint = "use a store that supports this request"


class SpoiledByStore(UnsupportedByStore):
    """The store keeps the framing of bodies with trailing checksums as if it were content: no part of it is of use."""

    hint = "use a store that supports trailing checksums, or a newer version of it"


class BadS3Url(TransferError):
    code = 7
    meaning = "bad S3 URL"
    hint = "an S3 URL is s3://BUCKET/KEY"


class BadPartSize(TransferError):
    code = 8
    meaning = "incompatible part size"
    hint = "leave --part-size out to have it chosen"


class UnknownChecksum(TransferError):
    code = 9
    meaning = "unknown checksum"
    hint = "use md5, sha256, crc64nvme or another of Python's hashlib"


class BadEncryptionKey(TransferError):
    code = 10
    meaning = "bad encryption key"
    hint = "give the key that the object was written with; a master key needs --sse-key-is-master"


class LocalFileExists(TransferError):
    code = 11
    meaning = "file exists"
    hint = "replace it with --file-exists overwrite, or leave it with --file-exists skip"


class PartialDownloadExists(TransferError):
    code = 12
    meaning = "partial download exists"
    hint = "continue it with --download-exists resume, or drop it with --download-exists discard"


class DownloadBusy(PartialDownloadExists):
    """Another process is downloading to the same name at this moment."""

    hint = "wait until that download has ended, or choose another name"


class SeveralUploads(TransferError):
    code = 13
    meaning = "several unfinished uploads"
    hint = "if no other transfer is at work there, discard them with s3am-cloud cancel"


class AccessDenied(TransferError):
    code = 14
    meaning = "permission denied"
    hint = "check the credentials, and what they may do"


class KmsKeyUnusable(AccessDenied):
    """The KMS key of the bucket or the object is disabled, is to be deleted, or does not exist."""

    hint = "check that the KMS key exists in the bucket's region and is enabled"


class NoCredentials(AccessDenied):
    hint = "set AWS_PROFILE, use --profile, or run aws configure"


class SecretRefused(AccessDenied):
    """A named secret may not be used for what is requested."""

    hint = "whoever keeps the secret says in its value what it may be used for; SECURITY.md shows how"


class SecretUnrestricted(SecretRefused):
    """An event requests a secret that does not say what it may be used for."""

    hint = 'add "sources" and "destinations" to the value of the secret: lists of URLs, below which it may be used'


class SecretElsewhere(SecretRefused):
    """The source or the destination is none for which the secret may be used."""

    hint = 'request what is below the "sources" and the "destinations" of the secret, without .. or encoded slashes'


class SecretInClear(SecretRefused):
    """The login of a named secret would go over a connection that is not encrypted."""

    hint = 'use https, ftps, ftpes or sftp; if the server has none of them, add "cleartext": true to the secret'


class SecretNotGranted(SecretRefused):
    """The sender of an event names a secret that the ingest file does not grant to it."""

    hint = "grant it in the ingest file, under [[secret]], and run s3am-cloud deploy --ingest FILE"


class SourceChanged(TransferError):
    code = 20
    meaning = "source changed"
    hint = "start again with --force: parts of two versions are never mixed"


class ChecksumMismatch(TransferError):
    code = 21
    meaning = "checksum mismatch"
    hint = "do not use the content; transfer it again"


class NotAsExpected(ChecksumMismatch):
    """The content has another checksum than the user holds it to."""

    hint = "the source is not what it should be, or the expected value is wrong"


class NotAsStated(NotAsExpected):
    """The content has another checksum than its source says."""

    hint = "transfer it again; if what the source states is wrong, ignore it with --source-digest none"


class PartReplaced(ChecksumMismatch):
    """A part in the store is not what this transfer sent or compared: another transfer fills the same upload."""

    hint = "when no other transfer is at work there, continue with --resume: such parts are transferred again"


class SourceTooLarge(TransferError):
    code = 22
    meaning = "source serves no ranges and is too large to stream"
    hint = "use a server that answers byte ranges"


class SourceBusy(TransferError):
    code = 23
    meaning = "source busy or throttled"
    retryable = True
    hint = "try again later, or with fewer --download-slots"


class SourceUnavailable(SourceBusy):
    """The source can't be reached, broke the connection, or failed (5xx) more often than is accepted."""

    hint = "check the address and the network, then try again"


class StoreBusy(SourceBusy):
    """S3 asks to slow down (503 SlowDown)."""

    hint = "try again later, or with fewer --upload-slots"


class StoreUnavailable(SourceBusy):
    """S3 can't be reached, broke the connection, or failed (5xx) more often than is accepted."""

    hint = "check the network, the region and the endpoint, then try again"


class JobFailed(TransferError):
    code = 24
    meaning = "job failed, can be resumed"
    retryable = True
    hint = "continue with --resume"


class SettingMissing(JobFailed):
    """A function lacks an environment variable that the stack sets."""

    hint = "run s3am-cloud deploy again, then resume the job"


class PartTooSlow(JobFailed):
    """A part can't be moved in the time that a Lambda function has, and will not be the next time either."""

    retryable = False
    hint = "start again with --force and a smaller --part-size, or use s3am-cloud upload, which has no deadline"


class DiskFull(JobFailed):
    hint = "make room, then run the command again with --download-exists resume"


class DiskFailed(JobFailed):
    hint = "check the disk and the system's log, then try again"


class TooManyFiles(JobFailed):
    """The process, or the system, has as many files open as it may."""

    hint = "raise the limit of open files (ulimit -n), or use fewer connections"


class ItemsNotReached(JobFailed):
    """A run over many items ended early, as too many failed or all of them would."""

    hint = "fix the cause and run the same command again: it copies what is missing"


class JobFailedForGood(TransferError):
    code = 25
    meaning = "job failed for good"
    hint = "start the transfer again"


class OutputClosed(JobFailedForGood):
    """Whoever read what a download writes has left before the end."""

    hint = "let the reader read to the end, or download to a file"


class SealedForAnother(JobFailedForGood):
    """The secrets in a job's record were sealed for another job, destination or source host, or were altered."""

    hint = "submit the transfer again, with its keys and logins"


class ObjectGone(JobFailedForGood):
    """The object of a job that had succeeded is not there any more."""

    hint = "submit the transfer again if the object is still needed"


class UploadGone(JobFailedForGood):
    """The multipart upload was completed or aborted by somebody else."""


class CompletionConflict(JobFailedForGood):
    """S3 refused to complete the upload, as another request on the object was at work at that moment."""

    hint = "see what is there now, then start the transfer again; the parts of this upload can't become an object"


class JobCancelled(JobFailedForGood):
    """Somebody has cancelled the job; its upload is discarded."""

    hint = "submit the transfer again if it is still needed"


class ProblemsFound(JobFailedForGood):
    """`doctor` found what makes transfers fail."""

    hint = "fix what is listed as a problem, from the first to the last, then check again"


class TooExpensive(JobFailedForGood):
    hint = "allow more with --max-cost, or use s3am-cloud upload, which takes no functions"


class ItemsFailed(TransferError):
    """Of many items, some were not copied; the others were."""

    code = 26
    meaning = "done in part: some items failed"
    hint = "fix the causes and run the same command again: it copies what is missing"


class Interrupted(TransferError):
    code = 130
    meaning = "interrupted"
    retryable = True
    hint = "continue with --resume"


def _descendants(family: type[TransferError]) -> list[type[TransferError]]:
    children = sorted(family.__subclasses__(), key=lambda error: error.code)
    return [family, *(error for child in children for error in _descendants(child))]


def exit_codes() -> dict[int, str]:
    """The table of exit codes with what each means: `--help`, the README and the tests all read it here."""
    table = {DONE: "done"}
    for error in _descendants(TransferError):
        table.setdefault(error.code, error.meaning)
    return dict(sorted(table.items()))


def by_name(name: str, message: str) -> TransferError:
    """The error of that class name, as a state machine reports it; JobFailed, which can be resumed, for any other.

    What a Lambda function dies of without raising, such as its time or its memory, has no name of ours.
    """
    kinds = {error.__name__: error for error in _descendants(TransferError)}
    kind = kinds.get(name)
    return kind(message) if kind else JobFailed(f"{name}: {message}" if message else name)
