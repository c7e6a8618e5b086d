"""What a small transfer imports: more than half of its time goes into that."""

from pathlib import Path

from support.command import Command
from support.stored import Stored

# Only the tests have them; urllib3 takes pyOpenSSL where it is installed.
OF_THE_TESTS = ("cryptography", "OpenSSL", "_cffi_backend", "_openssl", "urllib3.contrib", "coverage")
MOST_OF_OURS = 215
MOST = 590
UNUSED = (
    *("multiprocessing", "tomllib", "boto3", "s3transfer", "tqdm"),
    *("s3am_cloud.ingest", "s3am_cloud.adapters.curl.source.probe", "s3am_cloud.adapters.s3.source"),
    *("s3am_cloud_client.remote.client", "s3am_cloud_client.planning", "s3am_cloud_client.objects"),
)


def test_an_upload_of_a_few_bytes_imports_only_what_it_needs(installed: Command, home: Path, stored: Stored) -> None:
    (home / "small.bin").write_bytes(b"few")
    done = installed.run("upload", "small.bin", stored.url("x.bin"), PYTHONPROFILEIMPORTTIME="1").ended(0)
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    imported = {line.rpartition("|")[2].strip() for line in lines}
    imported = {name for name in imported if not name.startswith(OF_THE_TESTS)}
    assert len(imported) > 400, "the interpreter reports its imports"
    assert [name for name in imported if name.startswith(UNUSED)] == []
    assert len(imported) <= MOST
    assert len([name for name in imported if name.startswith("s3am_cloud")]) <= MOST_OF_OURS
