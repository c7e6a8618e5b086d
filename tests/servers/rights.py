"""A user of S3 with some rights and no others: what each request takes, and how Amazon S3 denies it.

Actions and what they are for: Service Authorization Reference, "Actions, resources, and condition keys for Amazon S3",
and the Amazon S3 user guide, "Required permissions for Amazon S3 API operations".
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from servers.proxy_rules import ProxiedRequest, Respond

USER = "arn:aws:iam::111122223333:user/tests"
# PUT with an upload id is UploadPart, POST CompleteMultipartUpload: both take PutObject.
_OF_UPLOADS = {"GET": "s3:ListMultipartUploadParts", "DELETE": "s3:AbortMultipartUpload"}
_REGION = (("x-amz-bucket-region", "us-east-1"),)


@dataclass(frozen=True)
class Need:
    """An action on a bucket, or on an object in it."""

    action: str
    bucket: str
    key: str = ""

    @property
    def arn(self) -> str:
        return f"arn:aws:s3:::{self.bucket}/{self.key}" if self.key else f"arn:aws:s3:::{self.bucket}"


def needs_of(
    method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], tagged: Collection[str] | None = None
) -> Iterator[Need]:
    """What a request takes. `tagged` are the ARNs of objects that have tags; without it any object may have some."""
    bucket, _, key = path.removeprefix("/").partition("/")
    for action in _bucket_actions(method, query) if not key else _object_actions(method, query, headers):
        yield Need(action, bucket, key)
    if "x-amz-copy-source" in headers:
        yield from _of_copy(headers, query, Need("s3:PutObjectTagging", bucket, key), tagged)


def _bucket_actions(method: str, query: Mapping[str, str]) -> Iterator[str]:
    """HEAD asks for the bucket's region only, which S3 answers with a 403 as well."""
    if method != "HEAD":
        yield "s3:ListBucketMultipartUploads" if "uploads" in query else "s3:ListBucket"


def _object_actions(method: str, query: Mapping[str, str], headers: Mapping[str, str]) -> Iterator[str]:
    version = "Version" if "versionId" in query else ""
    if "uploadId" in query and method in _OF_UPLOADS:
        yield _OF_UPLOADS[method]
    elif method in {"GET", "HEAD"}:
        yield f"s3:GetObject{version}{'Tagging' if 'tagging' in query else ''}"
    elif method == "DELETE":
        yield f"s3:DeleteObject{version}"
    else:
        yield "s3:PutObject"
        if "x-amz-acl" in headers:
            yield "s3:PutObjectAcl"
        if headers.get("x-amz-tagging"):
            yield "s3:PutObjectTagging"


def _of_copy(
    headers: Mapping[str, str], query: Mapping[str, str], to_tag: Need, tagged: Collection[str] | None
) -> Iterator[Need]:
    """CopyObject and UploadPartCopy read their source; CopyObject takes its tags along unless it is given others."""
    path, _, version = unquote(headers["x-amz-copy-source"]).lstrip("/").partition("?versionId=")
    bucket, _, key = path.partition("/")
    of = "Version" if version else ""
    source = Need(f"s3:GetObject{of}", bucket, key)
    yield source
    has_tags = tagged is None or source.arn in tagged
    if has_tags and "uploadId" not in query and headers.get("x-amz-tagging-directive", "COPY") == "COPY":
        yield Need(f"s3:GetObject{of}Tagging", bucket, key)
        yield to_tag


@dataclass
class Rights:
    """A user who may do these actions, by bucket, and nothing else. `used` are those that a request has needed.

    With `terse` denials don't say what is missing, as S3's do to users of other accounts.
    """

    granted: Mapping[str, Collection[str]]
    tagged: Collection[str] = ()
    terse: bool = False
    used: set[tuple[str, str]] = field(default_factory=set)

    def before(self, request: ProxiedRequest) -> Respond | None:
        """The denial of a request, None where the store may do it."""
        path = unquote(request.path)
        for need in needs_of(request.method, path, request.query, request.headers, self.tagged):
            if need.action not in self.granted.get(need.bucket, ()):
                return self._denial(need)
            self.used.add((need.bucket, need.action))
        bucket = path.strip("/")
        if request.method == "HEAD" and "/" not in bucket and not self._lists(bucket):
            return Respond(403, "AccessDenied", headers=_REGION)
        return None

    def after(self, request: ProxiedRequest, status: int) -> Respond | None:
        """What the user hears in place of the store's answer: who may not list a bucket hears of nothing that there is
        no such object."""
        bucket, _, key = unquote(request.path).removeprefix("/").partition("/")
        if status != 404 or request.method not in {"GET", "HEAD"} or not key or "uploadId" in request.query:
            return None
        if not self._lists(bucket):
            return self._denial(Need("s3:ListBucket", bucket))
        self.used.add((bucket, "s3:ListBucket"))
        return None

    def _lists(self, bucket: str) -> bool:
        return "s3:ListBucket" in self.granted.get(bucket, ())

    def _denial(self, need: Need) -> Respond:
        why = f'resource: "{need.arn}" because no identity-based policy allows the {need.action} action'
        named = f"User: {USER} is not authorized to perform: {need.action} on {why}"
        return Respond(403, "AccessDenied", message="Access Denied" if self.terse else named)
