"""The servers, the bucket and the folder of one case, each begun when it is first needed."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from integrity.forked_runs import ForkedRuns
from servers.content import Content, Pattern, write_file
from servers.faulty_http import FaultyHttp
from servers.ftp import FtpServer
from servers.proxy import FaultyProxy
from servers.sftp import SftpServer
from servers.strict_s3 import StrictS3
from support.stored import Stored

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MIB = 1 << 20
PART = 5 * MIB
CONTENT = Pattern(11 * MIB, seed=21)
"""Three parts."""
OTHER = Pattern(CONTENT.size, seed=22)
LONGER = Pattern(CONTENT.size + 1000, seed=23)
SMALL = Pattern(MIB, seed=24)
KEY = "x.bin"


class CaseEnv:
    """`content` is what the source has; the destination is `KEY` in a bucket of the case's own."""

    def __init__(
        self, s3: StrictS3, client: "S3Client", forked: ForkedRuns, folder: Path, stack: ExitStack, content: Content
    ) -> None:
        self.s3, self.forked, self.folder, self.content = s3, forked, folder, content
        self.stored = Stored(client, s3.bucket())
        self.before: Content | None = None
        self.file_before: bytes | None = None
        self.environment: dict[str, str] = {}
        self._stack = stack

    @cached_property
    def http(self) -> FaultyHttp:
        return self._stack.enter_context(FaultyHttp())

    @cached_property
    def ftp(self) -> FtpServer:
        return self._stack.enter_context(FtpServer(self.folder / "ftp"))

    @cached_property
    def sftp(self) -> SftpServer:
        server = self._stack.enter_context(SftpServer(self.folder / "sftp", self.folder))
        self.environment["S3AM_CLOUD_SSH_KNOWN_HOSTS"] = str(server.known_hosts)
        return server

    @cached_property
    def proxy(self) -> FaultyProxy:
        """On the way to S3, if a case asked for it before its transfer begins."""
        return self._stack.enter_context(FaultyProxy(self.s3.endpoint_url))

    @property
    def endpoint(self) -> str:
        return self.proxy.endpoint_url if "proxy" in self.__dict__ else self.s3.endpoint_url

    @property
    def destination(self) -> str:
        return self.stored.url(KEY)

    @property
    def file(self) -> Path:
        return self.folder / KEY

    def at_end(self, what: Callable[[], object]) -> None:
        """To be done when the case has ended."""
        self._stack.callback(what)

    def on_http(self) -> str:
        return self.http.add("/x.bin", self.content)

    def on_ftp(self) -> str:
        return self.ftp.add(KEY, self.content)

    def on_sftp(self) -> str:
        return self.sftp.add(KEY, self.content)

    def on_disk(self) -> str:
        return str(write_file(self.content, self.folder / "source.bin"))

    def in_s3(self) -> str:
        """An object that is copied."""
        self.stored.put("source.bin", bytes(self.content.read(0, self.content.size)))
        return self.stored.url("source.bin")

    def put(self, content: Content, key: str = KEY) -> None:
        """Somebody else's object."""
        self.stored.put(key, bytes(content.read(0, content.size)))

    def abort_all(self) -> None:
        """What somebody else may do to uploads that are not finished."""
        for key, upload in self.stored.unfinished():
            self.stored.client.abort_multipart_upload(Bucket=self.stored.bucket, Key=key, UploadId=upload)


@contextmanager
def case_env_of(
    s3: StrictS3, client: "S3Client", forked: ForkedRuns, folder: Path, content: Content = CONTENT
) -> Iterator[CaseEnv]:
    with ExitStack() as stack:
        yield CaseEnv(s3, client, forked, folder, stack, content)
