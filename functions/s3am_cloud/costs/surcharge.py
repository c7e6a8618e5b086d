"""What AWS charges for a transfer by the gigabyte and by storage class, beside its requests at S3 Standard's prices.

Data into AWS and within a region is free. A copy inside S3 goes from the source's region into the destination's; any
other transfer in the cloud goes from the internet to the functions, and from their region into the destination's.
"""

from __future__ import annotations

import msgspec

from s3am_cloud.checksums.expectations import read_again
from s3am_cloud.costs.prices import PRICES, cross_region_gb, egress_gb
from s3am_cloud.limits import DEFAULT_SLOTS, READ_AHEAD
from s3am_cloud.model import Job, Plan

_GB = 10**9
# What one request reads, over the connections that are usual (adapters/curl/reading).
_READ_PIECE = READ_AHEAD // (2 * DEFAULT_SLOTS)


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """Where a transfer's bytes come from and go to, and the storage classes there. None is unknown, or outside AWS.

    `sent_from` is the region that sends the bytes to the destination's. Of the object, `read_again` bytes are read once
    it is made, from the region `read_from`; with `leaves_aws` on a machine outside AWS.
    """

    sent_from: str | None = None
    destination: str | None = None
    source_class: str | None = None
    storage_class: str | None = None
    read_again: int = 0
    read_from: str | None = None
    leaves_aws: bool = False

    @property
    def crosses(self) -> bool:
        return None not in {self.sent_from, self.destination} and self.sent_from != self.destination


class Surcharge(msgspec.Struct, frozen=True, kw_only=True):
    """Dollars. `requests` is what requests at another storage class cost beyond those at S3 Standard. `read_again` is
    what it costs to read the whole object once it is made: the way, the retrieval, and requests as in `requests`."""

    cross_region: float = 0.0
    retrieval: float = 0.0
    egress: float = 0.0
    requests: float = 0.0
    read_again: float = 0.0

    @property
    def total(self) -> float:
        return self.cross_region + self.retrieval + self.egress + self.requests + self.read_again


NOTHING = Surcharge()


def terms_in_cloud(job: Job) -> Terms:
    """Those of a job that the functions run."""
    return _terms(job, job.regions.mover)


def terms_here(job: Job, in_aws: bool = False) -> Terms:
    """Those of the same job on somebody's machine: what it sends to S3 comes from outside AWS. One that is `in_aws` is
    taken to be in the destination's region."""
    return msgspec.structs.replace(_terms(job, None), leaves_aws=not in_aws)


def surcharge(plan: Plan, terms: Terms) -> Surcharge:
    """What moving all parts of `plan` into S3 costs beyond its requests.

    Left out: what objects cost that are deleted before their class's minimum duration.
    """
    at, standard = PRICES.of_class(terms.storage_class), PRICES.of_class(None)
    # One PutObject; or the completion alone; or the new upload, its parts and its completion.
    writes = 1 if plan.small or at.staged else plan.count + 2
    gigabytes = plan.size / _GB
    crossing = cross_region_gb(terms.sent_from or "", terms.destination or "") if terms.crosses else 0.0
    return Surcharge(
        cross_region=gigabytes * crossing,
        retrieval=gigabytes * PRICES.of_class(terms.source_class).retrieved_gb,
        requests=writes * (at.write - standard.write),
        read_again=_read_again(terms),
    )


def reads_again(terms: Terms) -> int:
    """Requests that it takes to read the object once it is made, the look at it among them."""
    return -(-terms.read_again // _READ_PIECE) + 1 if terms.read_again else 0


def _read_again(terms: Terms) -> float:
    at, standard = PRICES.of_class(terms.storage_class), PRICES.of_class(None)
    near = None in {terms.read_from, terms.destination}
    way = 0.0 if near else cross_region_gb(terms.destination or "", terms.read_from or "")
    by_gigabyte = at.retrieved_gb + (egress_gb(terms.destination) if terms.leaves_aws else way)
    return terms.read_again / _GB * by_gigabyte + reads_again(terms) * (at.read - standard.read)


def download_surcharge(size: int, gets: int, region: str | None, storage_class: str | None, in_aws: bool) -> Surcharge:
    """What a download of `size` bytes in `gets` requests costs beyond those. To a machine `in_aws` the way is free
    within the region; which region it is in is unknown, so that another one's price is left out."""
    at, standard = PRICES.of_class(storage_class), PRICES.of_class(None)
    gigabytes = size / _GB
    return Surcharge(
        retrieval=gigabytes * at.retrieved_gb,
        egress=0.0 if in_aws else gigabytes * egress_gb(region),
        requests=gets * (at.read - standard.read),
    )


def for_bytes(charges: Surcharge, moved: int, size: int) -> Surcharge:
    """The charges of `size` bytes for those that were moved: fewer of a resumed transfer, more where some were moved
    again."""
    share = moved / size if size else 1.0
    return msgspec.structs.replace(
        charges,
        cross_region=charges.cross_region * share,
        retrieval=charges.retrieval * share,
        egress=charges.egress * share,
    )


def covered(charges: Surcharge) -> str:
    """What of these is in a sum, for the text that says what the sum is of."""
    named = (
        (charges.cross_region, "data between regions"),
        (charges.egress, "data out to the internet"),
        (charges.retrieval, "retrieval"),
        (charges.read_again, "reading the object again"),
    )
    return "".join(f", {name}" for dollars, name in named if dollars)


def _terms(job: Job, mover: str | None) -> Terms:
    info, copies = job.info, job.source.scheme == "s3"
    return Terms(
        sent_from=info.region if copies and info else mover,
        destination=job.regions.destination,
        source_class=info.storage_class if info else None,
        storage_class=job.request.attributes.storage_class,
        read_again=read_again(job),
        read_from=mover,
    )
