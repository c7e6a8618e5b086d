"""What random histories are told about: one destination, one source, and a reference model of a few lines."""

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from integrity.case_env import MIB, PART
from integrity.crashing_port import CrashSchedule, Died
from s3am_cloud.adapters.records.jobs import Folder, Jobs
from s3am_cloud.adapters.s3.access import S3Access, S3Settings
from s3am_cloud.errors import TransferError
from s3am_cloud.model import Exists, TransferRequest
from s3am_cloud.ports.transfer import Ports
from s3am_cloud.transfer.download import DownloadRequest
from s3am_cloud.urls import parse_s3
from s3am_cloud_cli.console.output import Console
from s3am_cloud_client.inprocess.discarding import cancel_uploads
from s3am_cloud_client.inprocess.downloads import run_download
from s3am_cloud_client.inprocess.driver import run_upload
from s3am_cloud_client.inprocess.ports import local_ports
from servers.content import Pattern, crc64nvme, write_file
from servers.strict_s3 import StrictS3
from support.stored import Stored

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DONE, SKIPPED, KILLED = "done", "skipped", "killed"
KEY = "x.bin"
SIZES = (MIB, PART + MIB, PART + MIB + 1)


class RealTransfers:
    """The real thing: the driver of `upload` and `download`, in this process, and the strict S3 server."""

    def __init__(self, s3: StrictS3, client: "S3Client", folder: Path) -> None:
        self.folder, self.stored = folder, Stored(client, s3.bucket())
        os.environ["S3AM_CLOUD_STATE_HOME"] = str(folder / "state")
        access = S3Access(S3Settings(endpoint_url=s3.endpoint_url, region=s3.region))
        self.ports: Ports = local_ports(access, jobs=Jobs(Folder(folder / "state"), with_sources=False))
        self.told = ""
        self.checksum: str | None = None
        self.source, self.file = folder / "source.bin", folder / "back.bin"

    def write(self, content: Pattern) -> None:
        """Another version of the source."""
        write_file(content, self.folder / "fresh").replace(self.source)

    def upload(self, exists: Exists | None, way: str | None, life: CrashSchedule) -> str:
        """How it ended: done, skipped, killed, or the error's name."""
        request = TransferRequest(
            source=str(self.source),
            destination=self.stored.url(KEY),
            exists=exists,
            resume=way == "resume",
            force=way == "force",
            part_size=PART,
        )

        def run(console: Console) -> str:
            receipt = run_upload(request, life.ports(self.ports), console)
            self.checksum = receipt.checksum
            return SKIPPED if receipt.state == "skipped" else DONE

        return self._outcome(run)

    def download(self, way: str, life: CrashSchedule) -> str:
        request = DownloadRequest(
            source=parse_s3(self.stored.url(KEY)),
            connections=2,
            overwrite=True,
            resume=way == "resume",
            discard=way == "discard",
            part_size=PART,
        )

        def run(console: Console) -> str:
            run_download(request, self.file, life.ports(self.ports), console)
            return DONE

        return self._outcome(run)

    def cancel(self) -> int:
        return cancel_uploads(parse_s3(self.stored.url(KEY)), False, self.ports)

    def unfinished(self) -> set[str]:
        return {upload_id for _, upload_id in self.stored.unfinished()}

    def object(self) -> bytes | None:
        if not self.stored.keys():
            return None
        answer = self.stored.client.get_object(Bucket=self.stored.bucket, Key=KEY, ChecksumMode="ENABLED")
        data = answer["Body"].read()
        assert answer["ChecksumCRC64NVME"] == crc64nvme(data), "S3 holds another checksum than that of the bytes"
        return data

    def _outcome(self, run: Callable[[Console], str]) -> str:
        out = io.StringIO()
        self.checksum = None
        try:
            return run(Console(out=out, err=out))
        except Died:
            return KILLED
        except TransferError as error:
            return type(error).__name__
        finally:
            self.told = out.getvalue()


class Model:
    """What has to be so. Versions are numbers; `data` is what each of them holds."""

    def __init__(self) -> None:
        self.data: list[bytes] = []
        self.source = -1
        self.object: bytes | None = None
        self.unfinished: dict[str, int] = {}

    def version(self, data: bytes) -> int:
        self.data.append(data)
        return len(self.data) - 1

    def upload(self, exists: str | None, way: str | None) -> set[str]:
        """How an upload that nobody disturbs may end."""
        if self.object is not None and exists != "overwrite":
            return {SKIPPED if exists == "skip" else "ObjectExists"}
        if way == "force" or not self.unfinished:
            return {DONE}
        if len(self.unfinished) > 1:
            return {"SeveralUploads"}
        if way is None:
            return {"UploadExists"}
        # One that was opened by a run that died before it wrote its record has no part of any version.
        same = set(self.unfinished.values()) == {self.source}
        return {DONE} if same else {DONE, "SourceChanged"}
