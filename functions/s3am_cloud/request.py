"""What somebody asks for, as a file, an event, an execution's input and a job's record have it.

`transfer_request.schema.json` beside this is made of it (`python -m s3am_cloud.schemas`).
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Final, Literal

import msgspec

from s3am_cloud.limits import MAX_KEEP_DAYS
from s3am_cloud.urls import S3Url, SourceUrl, parse_destination, parse_prefix, parse_s3, parse_source

VERSION: Final = 1
"""Of the schema: what is added to it leaves it as it is, what means something else than before makes another."""

Exists = Literal["overwrite", "skip"]
OnExisting = Literal["fail", "skip", "overwrite", "update"]
"""What becomes of an item whose destination exists; `update` skips what is the same and replaces what differs."""
Ranges = Literal["auto", "never", "always"]
Sse = Literal["AES256", "aws:kms", "aws:kms:dsse"]
"""Who keeps the key of an object at AWS: S3, KMS, or KMS with two layers (S3 API reference, PutObject)."""


class Value(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of the values that are written as JSON."""


class Attributes(Value, frozen=True, kw_only=True):
    """What an object carries besides its bytes, by the names of S3's headers. None leaves it to S3."""

    content_type: str | None = None
    cache_control: str | None = None
    content_disposition: str | None = None
    content_encoding: str | None = None
    content_language: str | None = None
    expires: str | None = None
    storage_class: str | None = None
    # Of the object itself, whatever the source's is. A key without `sse` is KMS's.
    sse: Sse | None = None
    sse_kms_key_id: str | None = None
    bucket_key: bool = False
    metadata: dict[str, str] = {}
    tags: dict[str, str] = {}

    def over(self, other: Attributes) -> Attributes:
        """These, and those of `other` where these say nothing; metadata and tags are taken whole from one of them."""
        if other == _NOTHING:
            return self
        return Attributes(**{name: getattr(self, name) or getattr(other, name) for name in self.__struct_fields__})


_NOTHING = Attributes()


SHARE = r"^\d{1,3}(\.\d{1,6})?%$"


class Dataset(Value, frozen=True, kw_only=True):
    """Many objects in one job: where they are listed, which of them are wanted, and what they are called.

    The names and meanings are those of the command's options. A source is a URL, or a prefix in S3, which ends in `/`.
    """

    sources: tuple[str, ...] = ()
    # The URL of a list of items; or the SHA-256 of one that `submit` has put beside the records, and what it is called.
    manifest: str | None = None
    manifest_digest: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")] | None = None
    manifest_name: str | None = None
    manifest_format: str = "auto"
    base: str | None = None
    name: str | None = None
    filters: tuple[tuple[Literal["include", "exclude"], str], ...] = ()
    # Seconds.
    min_age: Annotated[float, msgspec.Meta(ge=0)] | None = None
    # A number of items, or a share of them such as 5%.
    max_failures: Annotated[int, msgspec.Meta(ge=0)] | Annotated[str, msgspec.Meta(pattern=SHARE)] | None = None


class TransferRequest(Value, frozen=True, kw_only=True, dict=True):
    """What somebody asks for: the options of `upload` and `submit` by their names.

    With a `dataset` all else is for each of its items. Its `source` is then what jobs are listed with: the first of the
    sources, or the list; and its `destination` ends in `/`.
    """

    version: Literal[1] = 1
    source: str
    destination: str
    attributes: Attributes = Attributes()
    exists: OnExisting | None = None
    dataset: Dataset | None = None
    resume: bool = False
    force: bool = False
    part_size: int | None = None
    download_slots: int | None = None
    upload_slots: int | None = None
    # The bytes that the content must have; else nothing is made of it.
    size: Annotated[int, msgspec.Meta(ge=0)] | None = None
    # ALGORITHM:VALUE that the content is held to, and whether an object that differs is left where it is.
    expect: str | None = None
    keep_mismatch: bool = False
    # Of what the source says of its own content: "auto" looks beside it too, "none" does not listen, else the URL of a
    # file with digests. Left out, what its answers state anyway is compared where that costs nothing.
    source_digest: str | None = None
    # Whether the source is read in ranges: "auto" where its version is pinned, "always" with a digest as second proof
    # where it is not, "never" in one request.
    ranges: Ranges = "auto"
    # Whether the object's metadata say where it came from.
    provenance: bool = True
    # Both sides; of the source's, whether it is read without credentials.
    requester_pays: bool = False
    no_sign_request: bool = False
    # Name of the secret in Secrets Manager that has this job's keys and login.
    secret: str | None = None
    # What the server of an sftp source is known by, each key as known_hosts has it: its kind, its base64.
    host_keys: tuple[str, ...] = ()
    # For how long a job that failed can be resumed.
    keep_hours: Annotated[int, msgspec.Meta(ge=1, le=24 * MAX_KEEP_DAYS)] | None = None
    # Dollars: what the job may cost in the cloud, by its forecast, or else it is not begun.
    max_cost: Annotated[float, msgspec.Meta(gt=0)] | None = None
    # Requests from one source of events that have the same one are for one job.
    idempotency_key: Annotated[str, msgspec.Meta(min_length=1, max_length=256)] | None = None

    # These two are parsed once for each request. They are not fields: nothing of them is encoded, compared or pickled.
    @cached_property
    def source_url(self) -> SourceUrl:
        """Where the bytes come from. Raises BadSource."""
        if self.dataset is not None and self.source.startswith("s3://"):
            return parse_s3(self.source, key_needed=False).as_source
        return parse_source(self.source)

    @property
    def source_urls(self) -> list[SourceUrl]:
        """All that it names itself: its source, or those of its dataset and the list of that. Raises BadSource."""
        if self.dataset is None:
            return [self.source_url]
        texts = [*self.dataset.sources, *filter(None, [self.dataset.manifest])]
        return [msgspec.structs.replace(self, source=text).source_url for text in texts]

    @cached_property
    def target(self) -> S3Url:
        """The object that is to be made, or the prefix of several. Raises BadSource, BadDestination."""
        if self.dataset is not None:
            return parse_prefix(self.destination)
        return parse_destination(self.destination, self.source_url)

    @property
    def slots(self) -> int | None:
        """The connections that were asked for, None where their number is tuned automatically."""
        return min((n for n in (self.download_slots, self.upload_slots) if n is not None), default=None)
