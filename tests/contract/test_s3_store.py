"""What only the real ObjectStore can be asked: pages, buckets, regions' answers, and what its answers lack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from contract.stores import S3Case, listed
from s3am_cloud.adapters.s3.access import S3Access, S3Settings
from s3am_cloud.adapters.s3.store import S3Store
from s3am_cloud.checksums.crc64nvme import update
from s3am_cloud.errors import (
    AccessDenied,
    BadDestination,
    BadEncryptionKey,
    NoCredentials,
    ObjectExists,
    StoreBusy,
    StoreUnavailable,
    UploadGone,
)
from s3am_cloud.limits import MIN_PART
from s3am_cloud.model import Attributes, MovedPart, Plan, Upload
from s3am_cloud.transfer.steps.complete import complete
from s3am_cloud.urls import S3Url
from servers.content import pattern
from servers.proxy import FaultyProxy
from servers.proxy_rules import (
    ABORT_UPLOAD,
    COMPLETE_UPLOAD,
    ERROR_IN_200,
    HEAD,
    LIST_PARTS,
    Action,
    LoseReply,
    Match,
    Respond,
)
from servers.strict_s3 import StrictS3
from support.fakes import FakeClock

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DATA = pattern(1000)


@pytest.fixture
def case(s3_access: S3Access, s3_client: S3Client, bucket: str) -> S3Case:
    return S3Case(s3_access, s3_client, bucket)


@pytest.fixture
def behind_proxy(s3_proxy: FaultyProxy, s3_environment: None, strict_s3: StrictS3) -> S3Store:
    """The store, its requests passing through the proxy; boto3 tries each twice at least."""
    return S3Store(S3Access(S3Settings(endpoint_url=s3_proxy.endpoint_url, region=strict_s3.region)), FakeClock())


def begun(case: S3Case, count: int = 1) -> tuple[Plan, Upload, list[MovedPart]]:
    """An upload of the object `key` with all its parts there."""
    data = [pattern(MIN_PART, seed) for seed in range(count - 1)] + [DATA]
    upload = case.store.create(S3Url(case.bucket, "key"), Attributes())
    for number, part in enumerate(data, 1):
        case.put_part(upload, number, part)
    moved = [MovedPart(number, len(part), update(0, part)) for number, part in enumerate(data, 1)]
    return Plan(size=sum(map(len, data)), part_size=MIN_PART), upload, moved


def test_parts_are_listed_over_all_pages(case: S3Case, s3_access: S3Access, monkeypatch: pytest.MonkeyPatch) -> None:
    _, upload, _ = begun(case)
    for number in range(2, 6):
        case.put_part(upload, number, b"x")
    client: Any = s3_access.client_for(case.bucket)
    whole, asked = client.list_parts, []

    def two_a_page(**arguments: Any) -> Any:
        asked.append(arguments)
        return whole(**arguments, MaxParts=2)

    monkeypatch.setattr(client, "list_parts", two_a_page)
    assert [part.number for part in listed(case.store, upload)] == [1, 2, 3, 4, 5]
    assert len(asked) == 3


def test_unfinished_uploads_are_listed_over_all_pages(
    case: S3Case, s3_access: S3Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads = {case.store.create(S3Url(case.bucket, "key"), Attributes()).upload_id for _ in range(3)}
    client: Any = s3_access.client_for(case.bucket)
    paginator = client.get_paginator

    class OneAPage:
        def __init__(self, name: str) -> None:
            self._name = name

        def paginate(self, **arguments: Any) -> Any:
            return paginator(self._name).paginate(**arguments, PaginationConfig={"PageSize": 1})

    monkeypatch.setattr(client, "get_paginator", OneAPage)
    assert set(case.store.unfinished(S3Url(case.bucket, "key"))) == uploads


def test_the_crc_of_a_part_is_told_where_the_store_lists_it(
    case: S3Case, s3_access: S3Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    client: Any = s3_access.client_for(case.bucket)
    part = {"PartNumber": 1, "Size": 9, "ETag": '"e"', "ChecksumCRC64NVME": "rosUhgp5mIg="}
    monkeypatch.setattr(client, "list_parts", lambda **_: {"Parts": [part], "IsTruncated": False})
    upload = Upload(target=S3Url(case.bucket, "key"), upload_id="u", full_object=True)
    assert [part.crc for part in case.store.parts(upload)] == [0xAE8B14860A799888]


def test_a_store_that_grants_no_full_object_checksum_is_noticed(
    case: S3Case, s3_access: S3Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    client: Any = s3_access.client_for(case.bucket)
    for answer in ({}, {"ChecksumAlgorithm": "CRC64NVME", "ChecksumType": "COMPOSITE"}):
        monkeypatch.setattr(client, "create_multipart_upload", lambda a=answer, **_: {"UploadId": "u", **a})
        assert not case.store.create(S3Url(case.bucket, "key"), Attributes()).full_object


def test_the_content_type_is_kept(case: S3Case) -> None:
    target = S3Url(case.bucket, "key")
    upload = case.store.create(target, Attributes(content_type="text/csv"))
    case.put_part(upload, 1, DATA)
    parts = case.sent(upload)
    case.store.complete(upload, parts, update(0, DATA), len(DATA), False)
    info = case.store.head(target)
    assert info is not None
    assert info.attributes.content_type == "text/csv"


def test_a_bucket_that_does_not_exist_is_a_bad_destination(case: S3Case) -> None:
    for call in (case.store.head, case.store.unfinished, lambda target: case.store.create(target, Attributes())):
        with pytest.raises(BadDestination, match="no-such-bucket"):
            call(S3Url("no-such-bucket", "key"))


def test_credentials_without_the_right_are_denied(strict_s3: StrictS3, bucket: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in strict_s3.environment(identity=strict_s3.reader).items():
            patch.setenv(name, value)
        store = S3Store(S3Access(S3Settings(endpoint_url=strict_s3.endpoint_url)), FakeClock())
        with pytest.raises(AccessDenied):
            store.create(S3Url(bucket, "key"), Attributes())


def test_no_credentials_are_named(strict_s3: StrictS3, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    access = S3Access(S3Settings(endpoint_url=strict_s3.endpoint_url))
    with pytest.raises(NoCredentials):
        S3Store(access, FakeClock()).head(S3Url(bucket, "key"))
    with pytest.raises(NoCredentials):
        _ = access.signer


@pytest.mark.parametrize("action", [LoseReply(), ERROR_IN_200], ids=["lost", "error in 200"])
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_completion_whose_answer_is_lost_is_found_done(
    case: S3Case, behind_proxy: S3Store, s3_proxy: FaultyProxy, action: Action, overwrite: bool
) -> None:
    plan, upload, moved = begun(case, 2)
    s3_proxy.add(COMPLETE_UPLOAD, action)
    crc = complete(plan, upload, moved, overwrite, behind_proxy)
    info = case.store.head(upload.target)
    assert info is not None
    assert (info.size, info.crc) == (plan.size, crc)
    assert case.store.unfinished(upload.target) == []


def test_a_completion_without_its_answer_takes_no_other_object_for_its_own(
    case: S3Case, behind_proxy: S3Store, s3_proxy: FaultyProxy
) -> None:
    """A completion that lost its answer does not take another's object for its own."""
    plan, upload, moved = begun(case)
    case.put_object(upload.target, b"theirs")
    s3_proxy.add(COMPLETE_UPLOAD, LoseReply())
    with pytest.raises((ObjectExists, UploadGone)):
        complete(plan, upload, moved, False, behind_proxy)
    assert case.content(upload.target) == b"theirs"


@pytest.mark.parametrize(
    ("match", "status", "code", "error"),
    [
        (HEAD, 503, "SlowDown", StoreBusy),
        (LIST_PARTS, 503, "SlowDown", StoreBusy),
        (LIST_PARTS, 500, "InternalError", StoreUnavailable),
        (LIST_PARTS, 403, "AccessDenied", AccessDenied),
    ],
)
def test_a_store_that_goes_on_failing_is_named(
    case: S3Case,
    behind_proxy: S3Store,
    s3_proxy: FaultyProxy,
    monkeypatch: pytest.MonkeyPatch,
    match: Match,
    status: int,
    code: str,
    error: type[Exception],
) -> None:
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda self, context: 0.0)
    _, upload, _ = begun(case)
    behind_proxy.head(upload.target)
    s3_proxy.add(match, Respond(status, code), times=None)
    with pytest.raises(error):
        listed(behind_proxy, upload) if match is LIST_PARTS else behind_proxy.head(upload.target)


def test_parts_that_need_a_key_are_reported_and_the_upload_is_aborted(
    case: S3Case, behind_proxy: S3Store, s3_proxy: FaultyProxy
) -> None:
    """The janitor has no keys, nor has who watches a job from elsewhere."""
    _, upload, _ = begun(case)
    s3_proxy.add(LIST_PARTS, Respond(400, "InvalidRequest"), times=2)
    with pytest.raises(BadEncryptionKey):
        listed(behind_proxy, upload)
    behind_proxy.abort(upload)
    assert case.store.unfinished(upload.target) == []


def test_abort_is_repeated_until_the_store_no_longer_knows_the_upload(
    case: S3Case, behind_proxy: S3Store, s3_proxy: FaultyProxy
) -> None:
    """A part in flight may land after the first abort: what is listed still, is aborted again."""
    _, upload, _ = begun(case)
    s3_proxy.add(ABORT_UPLOAD, Respond(204, ""), times=2)
    behind_proxy.abort(upload)
    assert case.store.unfinished(upload.target) == []
    assert len(s3_proxy.matching(ABORT_UPLOAD)) > 2
