"""An object that is read again, and a stream that is read once: what is compared with what was said of them."""

from __future__ import annotations

import base64
import hashlib

import msgspec
import pytest

from s3am_cloud.errors import ChecksumMismatch, NotAsStated, SourceNotFound
from s3am_cloud.integrity.before_commit import passing
from s3am_cloud.integrity.provenance import JOB, SOURCE_DIGEST
from s3am_cloud.model import Attributes, ObjectInfo, Receipt, SourceInfo
from s3am_cloud.transfer.verification import ReceiptVerified, verify_receipt
from s3am_cloud.urls import S3Url
from servers.content import crc64nvme
from support.fakes import SOURCE, TARGET, World, request

DATA = b"content"
SHA = hashlib.sha256(DATA).hexdigest()
OTHER = base64.b64encode(bytes(8)).decode()


class Stored(World):
    """A world with an object that carries metadata, and perhaps a report of its job."""

    def __init__(self, said: str = "", report: str | None = None, held: str | None = None) -> None:
        super().__init__()
        self.store.put_object(TARGET, DATA, True)
        self.report = report
        head = self.store.head
        metadata = {JOB: "job-1", SOURCE_DIGEST: said} if said or report else {}

        def described(target: S3Url) -> ObjectInfo | None:
            info = head(target)
            if info is None:
                return None
            checksums = info.checksums if held is None else {"crc64nvme": held} if held else {}
            return msgspec.structs.replace(info, checksums=checksums, attributes=Attributes(metadata=metadata))

        self.store.head = described  # type: ignore[method-assign]

    def receipt(self, job_id: str) -> Receipt | None:
        info = self.store.head(TARGET)
        assert info is not None
        done = Receipt(state="succeeded", source=SOURCE, destination=str(TARGET), etag=info.etag)
        return msgspec.structs.replace(done, checksum=self.report) if self.report else None

    def verified(self, target: S3Url = TARGET) -> ReceiptVerified:
        return verify_receipt(target, 1, self.receipt, self.ports, lambda count: None, lambda size: None)


def test_all_that_was_said_is_compared_and_told() -> None:
    found = Stored(f"sha256:{SHA}", crc64nvme(DATA)).verified()
    assert found.compared_with == ("stored", "receipt", "source")
    assert found.checksums == {"crc64nvme": base64.b64decode(crc64nvme(DATA)).hex(), "sha256": SHA}
    assert (found.job, found.size) == ("job-1", len(DATA))


def test_what_nobody_said_is_not_told_as_compared() -> None:
    assert Stored(held="").verified().compared_with == ()
    assert Stored().verified().compared_with == ("stored",)


@pytest.mark.parametrize(
    ("world", "error"),
    [
        (lambda: Stored(f"sha256:{'0' * 64}"), NotAsStated),
        (lambda: Stored(f"sha256:{SHA}", OTHER), ChecksumMismatch),
        (lambda: Stored(held="0" * 16), ChecksumMismatch),
    ],
    ids=["its source said otherwise", "its receipt says otherwise", "S3 holds another checksum"],
)
def test_a_difference_is_told(world: type[Stored], error: type[Exception]) -> None:
    with pytest.raises(error):
        world().verified()


def test_an_object_that_is_not_there_is_told() -> None:
    with pytest.raises(SourceNotFound):
        Stored().verified(S3Url("bucket", "missing"))


@pytest.mark.parametrize(
    ("state", "keep", "refused"), [("stream", False, True), ("stream", True, False), ("transfer", False, False)]
)
def test_a_stream_is_held_to_what_its_source_says_as_it_passes(state: str, keep: bool, refused: bool) -> None:
    info = SourceInfo(size=None, ranges=False, claims={"sha256": "0" * 64})
    asked = msgspec.structs.replace(request(), keep_mismatch=keep)
    job = msgspec.structs.replace(World().job(asked), info=info, state=state)
    chunks = passing(job, iter([memoryview(DATA)]))
    assert bytes(next(chunks)) == DATA
    if refused:
        with pytest.raises(NotAsStated):
            next(chunks)
    else:
        assert next(chunks, None) is None
    right = msgspec.structs.replace(info, claims={"sha256": SHA})
    assert len(list(passing(msgspec.structs.replace(job, info=right), iter([memoryview(DATA)])))) == 1
